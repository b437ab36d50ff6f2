"""The fingerprint of a run: the machine, the compiler, and the versions of all that was called."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from . import boundary
from .cores import cores


def _first(path: str, key: str) -> str:
    try:
        for line in Path(path).read_text().splitlines():
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return ""


def _caches() -> str:
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind, level, size = (
            (index / name).read_text().strip() for name in ("type", "level", "size")
        )
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found)


def _instruction_sets() -> str:
    flags = set((_first("/proc/cpuinfo", "flags") or _first("/proc/cpuinfo", "Features")).split())
    known = (
        "avx2",
        "fma",
        "f16c",
        "avx512f",
        "avx512_bf16",
        "avx512_fp16",
        "amx_tile",
        "asimd",
        "bf16",
        "sve",
    )
    return " ".join(name for name in known if name in flags)


def _system() -> str:
    """The distribution and the kernel's version, without what names one machine."""
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = platform.system()
    return f"{name}, {platform.system()} {platform.release().partition('-')[0]}"


class NoDevice(Exception):
    """There is no CUDA device; the text says how it was looked for."""


def gpu() -> tuple[str, int, str]:
    """Name, bytes that can be had now, and the driver's version."""
    asked = "nvidia-smi", "--query-gpu=name,memory.free,driver_version", "--format=csv,noheader"
    card = os.environ.get("CUDA_VISIBLE_DEVICES", "").partition(",")[0] or "0"
    try:
        done = subprocess.run([*asked, f"--id={card}"], capture_output=True, text=True, check=True)
        name, free, driver = done.stdout.strip().split(", ")
        return name, int(free.split()[0]) * 2**20, driver
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise NoDevice(f"no CUDA device: {asked[0]}: {error}") from error


def _commit() -> str:
    """Of the working tree; empty where it is none."""
    asked = "git", "describe", "--always", "--dirty", "--exclude=*"
    try:
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def memory_bytes(device: str) -> int:
    """That can be had now."""
    if device == "cuda":
        return gpu()[1]
    text = _first("/proc/meminfo", "MemAvailable")
    return int(text.split()[0]) * 1024 if text else 2**33


def version(package: str) -> str:
    """Empty where it is not installed."""
    try:
        return importlib.metadata.version(package.partition("[")[0])
    except importlib.metadata.PackageNotFoundError:
        return ""


def fingerprint(command: list[str], device: str) -> dict[str, str]:
    found = {}
    if device == "cuda":
        name, _, driver = gpu()
        found = {"GPU": name, "driver": driver, "CUDA compiler": boundary.cuda_compiler()}
    return found | {
        "cpu": _first("/proc/cpuinfo", "model name") or platform.machine(),
        "cores": str(cores()),
        "data caches of a core": _caches(),
        "instruction sets": _instruction_sets(),
        "limits use": boundary.helper().ropewalk_report_limit_isa().decode(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": _system(),
        "compiler": "g++ " + boundary.helper().ropewalk_report_compiler().decode(),
        "Ropewalk": f"{boundary.library().ropewalk_version().decode()} {_commit()}".strip(),
        "Python": platform.python_version(),
        "NumPy": version("numpy"),
        "command": " ".join(command),
        "date": datetime.datetime.now().isoformat(" ", "minutes"),
    }
