"""Installs the peers into the virtual environment that runs this, each by itself.

What does not install is no error: not_installed.txt beside the environment says why, and the report
shows it. Only the standard library is used here.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

from .options import parse
from .peers import NEEDED, PEERS

SECONDS = 1800
REASONS = Path(sys.prefix).parent / "not_installed.txt"


def is_there(package: str) -> bool:
    try:
        importlib.metadata.version(package.partition("[")[0])
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def install(package: str) -> str:
    """Why it could not be installed, "" where it was. Never built from source: that takes hours."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", package]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"pip took more than {SECONDS} s"
    if done.returncode == 0:
        return ""
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ") if errors else f"pip exited with {done.returncode}"


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    needed = NEEDED[options.device]
    packages = [*needed]
    for peer in PEERS[options.device]:
        if peer.key in options.peers:
            packages += peer.packages
    missing = [package for package in dict.fromkeys(packages) if not is_there(package)]
    failed: dict[str, str] = {}
    for package in missing:
        print(f"Installing {package}", flush=True)
        why = install(package)
        if why:
            failed[package] = why
            print(f"  not installed: {why}")
    REASONS.write_text("".join(f"{package}\t{why}\n" for package, why in failed.items()))
    lacking = [package for package in needed if package in failed]
    if lacking:
        print(
            f"bench/run: the report needs {' and '.join(lacking)}, which pip could not install;"
            " bench/run without --report needs no Python",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
