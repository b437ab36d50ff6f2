"""The parts of the report, as lists of cases."""

from __future__ import annotations

import math
from typing import Callable

from . import blocks
from .cases import DTYPES, LAYOUTS, Case
from .cores import cores
from .workloads import chosen

# As the C++ benchmark and the anchors of other machines have them.
LARGE = {"seq": 8192, "heads": 40, "head_dim": 128}
LARGE_QUICK = {**LARGE, "seq": 1024}
IN_CACHE = {"seq": 512, "heads": 32, "head_dim": 128}
QUICK_TOKENS = 12_000  # of the models of --quick
ONE_TOKEN = {"seq": 1, "heads": 32, "head_dim": 128}


def peers(threads: list[int], quick: bool) -> list[Case]:
    """Everyone at three sizes: beyond the caches, in them, and a decode step."""
    large = LARGE_QUICK if quick else LARGE
    cases = [
        Case("peers", **large, dtype=dtype, threads=count) for dtype in DTYPES for count in threads
    ]
    cases += [Case("peers", **IN_CACHE, dtype=dtype, threads=threads[0]) for dtype in DTYPES]
    cases += [Case("peers", **ONE_TOKEN, dtype=dtype, threads=threads[0]) for dtype in DTYPES]
    cases.append(Case("peers", **large, threads=threads[-1], pairing="half"))
    return cases


def tokens(threads: list[int], quick: bool) -> list[Case]:
    """Up to HunyuanVideo's 720p, 129 frames."""
    sizes = (
        (1, 16, 256, 1024, 4096)
        if quick
        else (1, 4, 16, 64, 256, 1024, 4096, 8192, 16384, 32760, 75600, 118_800)
    )
    return [
        Case("tokens", seq=seq, heads=40, head_dim=128, dtype=dtype, threads=threads[-1])
        for dtype in ("f32", "bf16")
        for seq in sizes
    ]


def heads(threads: list[int], quick: bool) -> list[Case]:
    sizes = (1, 8, 40) if quick else (1, 2, 4, 8, 16, 24, 32, 40, 64, 128)
    return [
        Case("heads", seq=max(1, 40_960 // count), heads=count, head_dim=128, threads=threads[-1])
        for count in sizes
    ]


def head_dim(threads: list[int], quick: bool) -> list[Case]:
    """As many elements each; those that are no power of two, too."""
    sizes = (64, 80, 128, 192) if quick else (32, 48, 64, 80, 96, 112, 128, 160, 192, 256, 320, 512)
    return [
        Case(
            "head_dim",
            seq=131_072 // size,
            heads=32,
            head_dim=size,
            dtype=dtype,
            threads=threads[-1],
        )
        for dtype in ("f32", "bf16")
        for size in sizes
    ]


def batch(threads: list[int], quick: bool) -> list[Case]:
    sizes = (1, 4) if quick else (1, 2, 4, 8, 16, 64)
    return [
        Case("batch", batch=count, seq=1024 // count, heads=32, head_dim=128, threads=threads[-1])
        for count in sizes
    ]


def tables(threads: list[int], quick: bool) -> list[Case]:
    size = {**(LARGE_QUICK if quick else LARGE), "threads": threads[-1]}
    cases = [
        Case("tables", **size, dtype=dtype, table_dtype=table)
        for dtype in DTYPES
        for table in dict.fromkeys(("f32", dtype, "f64"))
    ]
    return cases + [
        Case("tables", **size, dtype=dtype, table_per_head=True) for dtype in ("f32", "bf16")
    ]


def layouts(threads: list[int], quick: bool) -> list[Case]:
    size = {**(LARGE_QUICK if quick else LARGE), "threads": threads[-1]}
    return [
        Case("layouts", **size, dtype=dtype, layout=layout)
        for dtype in ("f32", "bf16")
        for layout in LAYOUTS
    ]


def threads(threads: list[int], quick: bool) -> list[Case]:
    """1, 2, 4, .. and all cores, whatever --threads says of the others."""
    size = LARGE_QUICK if quick else LARGE
    counts = sorted({2**power for power in range(int(math.log2(cores())) + 1)} | {cores()})
    return [
        Case("threads", **size, dtype=dtype, threads=count)
        for dtype in ("f32", "bf16")
        for count in counts
    ]


def models(threads: list[int], quick: bool, prefixes: list[str] | None = None) -> list[Case]:
    """Queries and keys of a model as one tensor of bfloat16, on all threads."""
    from .presets import preset  # the C boundary is built after the options are read

    found = []
    for workload in chosen(prefixes or []):
        if quick and workload.tokens > QUICK_TOKENS:
            continue
        rule = preset(workload.preset, "bf16")
        found.append(
            Case(
                "models",
                seq=workload.tokens,
                heads=rule.heads,
                head_dim=rule.head_dim,
                dtype="bf16",
                threads=threads[-1],
                pairing=rule.pairing,
                table_dtype=rule.table_dtype,
                model=workload.name,
            )
        )
    return found


STUDIES: dict[str, Callable[[list[int], bool], list[Case]]] = {
    "peers": peers,
    "tokens": tokens,
    "heads": heads,
    "head_dim": head_dim,
    "batch": batch,
    "tables": tables,
    "layouts": layouts,
    "threads": threads,
    "models": models,
    "blocks": blocks.cases,
}
SCALING = tuple(name for name in STUDIES if name not in ("peers", "models", "blocks"))


def cases(studies: list[str], threads: list[int], quick: bool, prefixes: list[str]) -> list[Case]:
    found = []
    for name in studies:
        found += (
            models(threads, quick, prefixes) if name == "models" else STUDIES[name](threads, quick)
        )
    return found
