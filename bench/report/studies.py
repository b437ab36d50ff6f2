"""The parts of the report, as lists of cases."""

from __future__ import annotations

import dataclasses
import math
from typing import Callable

from . import blocks
from .cases import DTYPES, LAYOUTS, Case
from .cores import cores
from .norms import NORMS
from .wanted import Wanted
from .workloads import chosen

# As the C++ benchmark and the anchors of other machines have them.
LARGE = {"seq": 8192, "heads": 40, "head_dim": 128}
LARGE_QUICK = {**LARGE, "seq": 1024}
IN_CACHE = {"seq": 512, "heads": 32, "head_dim": 128}
QUICK_TOKENS = 12_000  # of the models of --quick
ONE_TOKEN = {"seq": 1, "heads": 32, "head_dim": 128}
ON_GPU = 16  # times as many elements, so that they are beyond its larger cache, too


def large(wanted: Wanted) -> dict[str, int]:
    return LARGE_QUICK if wanted.quick else LARGE


def elements(wanted: Wanted, count: int) -> int:
    return count * ON_GPU if wanted.device == "cuda" else count


def peers(wanted: Wanted) -> list[Case]:
    """Everyone at three sizes: beyond the caches, in them, and a decode step."""
    threads = wanted.threads
    cases = [
        Case("peers", **large(wanted), dtype=dtype, threads=count)
        for dtype in DTYPES
        for count in threads
    ]
    cases += [Case("peers", **IN_CACHE, dtype=dtype, threads=threads[0]) for dtype in DTYPES]
    cases += [Case("peers", **ONE_TOKEN, dtype=dtype, threads=threads[0]) for dtype in DTYPES]
    halves = ("f32",) if wanted.device == "cpu" else ("f32", "bf16")
    return cases + [
        Case("peers", **large(wanted), dtype=dtype, threads=threads[-1], pairing="half")
        for dtype in halves
    ]


def tokens(wanted: Wanted) -> list[Case]:
    """Up to HunyuanVideo's 720p, 129 frames."""
    sizes = (
        (1, 16, 256, 1024, 4096)
        if wanted.quick
        else (1, 4, 16, 64, 256, 1024, 4096, 8192, 16384, 32760, 75600, 118_800)
    )
    return [
        Case("tokens", seq=seq, heads=40, head_dim=128, dtype=dtype, threads=wanted.threads[-1])
        for dtype in ("f32", "bf16")
        for seq in sizes
    ]


def heads(wanted: Wanted) -> list[Case]:
    sizes = (1, 8, 40) if wanted.quick else (1, 2, 4, 8, 16, 24, 32, 40, 64, 128)
    all_heads = elements(wanted, 40_960)
    return [
        Case(
            "heads",
            seq=max(1, all_heads // count),
            heads=count,
            head_dim=128,
            threads=wanted.threads[-1],
        )
        for count in sizes
    ]


def head_dim(wanted: Wanted) -> list[Case]:
    """As many elements each; those that are no power of two, too."""
    sizes = (
        (64, 80, 128, 192)
        if wanted.quick
        else (32, 48, 64, 80, 96, 112, 128, 160, 192, 256, 320, 512)
    )
    features = elements(wanted, 131_072)
    return [
        Case(
            "head_dim",
            seq=features // size,
            heads=32,
            head_dim=size,
            dtype=dtype,
            threads=wanted.threads[-1],
        )
        for dtype in ("f32", "bf16")
        for size in sizes
    ]


def batch(wanted: Wanted) -> list[Case]:
    sizes = (1, 4) if wanted.quick else (1, 2, 4, 8, 16, 64)
    rows = elements(wanted, 1024)
    return [
        Case(
            "batch",
            batch=count,
            seq=rows // count,
            heads=32,
            head_dim=128,
            threads=wanted.threads[-1],
        )
        for count in sizes
    ]


def tables(wanted: Wanted) -> list[Case]:
    size = {**large(wanted), "threads": wanted.threads[-1]}
    cases = [
        Case("tables", **size, dtype=dtype, table_dtype=table)
        for dtype in DTYPES
        for table in dict.fromkeys(("f32", dtype, "f64"))
    ]
    return cases + [
        Case("tables", **size, dtype=dtype, table_per_head=True) for dtype in ("f32", "bf16")
    ]


def layouts(wanted: Wanted) -> list[Case]:
    size = {**large(wanted), "threads": wanted.threads[-1]}
    return [
        Case("layouts", **size, dtype=dtype, layout=layout)
        for dtype in ("f32", "bf16")
        for layout in LAYOUTS
    ]


def norms(wanted: Wanted) -> list[Case]:
    """A norm before the rotation, in one pass or two: beyond the caches, and a decode step."""
    found = []
    for dtype in ("f32", "bf16"):
        for norm in NORMS:
            # As Qwen3 does it: half pairs, by a table of x's type.
            kind = {"pairing": "half", "table_dtype": dtype} if norm == "head-hf" else {}
            kind |= {"dtype": dtype, "norm": norm}
            found += [
                Case("norms", **large(wanted), **kind, threads=count) for count in wanted.threads
            ]
            found.append(Case("norms", **ONE_TOKEN, **kind, threads=wanted.threads[0]))
    return found


def threads(wanted: Wanted) -> list[Case]:
    """1, 2, 4, .. and all cores, whatever --threads says of the others."""
    counts = sorted({2**power for power in range(int(math.log2(cores())) + 1)} | {cores()})
    return [
        Case("threads", **large(wanted), dtype=dtype, threads=count)
        for dtype in ("f32", "bf16")
        for count in counts
    ]


def models(wanted: Wanted) -> list[Case]:
    """Queries and keys of a model as one tensor of bfloat16, on all threads."""
    from .presets import preset  # the C boundary is built after the options are read

    found = []
    for workload in chosen(wanted.prefixes):
        if wanted.quick and workload.tokens > QUICK_TOKENS:
            continue
        rule = preset(workload.preset, "bf16")
        found.append(
            Case(
                "models",
                seq=workload.tokens,
                heads=rule.heads,
                head_dim=rule.head_dim,
                dtype="bf16",
                threads=wanted.threads[-1],
                pairing=rule.pairing,
                table_dtype=rule.table_dtype,
                model=workload.name,
            )
        )
    return found


STUDIES: dict[str, Callable[[Wanted], list[Case]]] = {
    "peers": peers,
    "tokens": tokens,
    "heads": heads,
    "head_dim": head_dim,
    "batch": batch,
    "tables": tables,
    "layouts": layouts,
    "threads": threads,
    "norms": norms,
    "models": models,
    "blocks": blocks.cases,
}
SCALING = tuple(name for name in STUDIES if name not in ("peers", "norms", "models", "blocks"))


def cases(studies: list[str], wanted: Wanted) -> list[Case]:
    return [
        dataclasses.replace(case, device=wanted.device)
        for name in studies
        if name != "threads" or wanted.device == "cpu"
        for case in STUDIES[name](wanted)
    ]
