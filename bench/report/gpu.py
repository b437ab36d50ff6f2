"""What the worker needs of a GPU, by PyTorch: memory, a comparison there, and its clock."""

from __future__ import annotations

import gc
import math
from typing import Callable

import torch

from .buffers import table_of
from .cases import Case
from .contestants.torch_eager import STORED, as_tensor
from .floats import FRACTION_BITS, LEAST_EXPONENT

BITS = {2: torch.int16, 4: torch.int32, 8: torch.int64}
CHUNK = 4096  # tokens that are made or compared at once
GRAPH_SECONDS = 0.0005  # of calls in one graph, so that launching it is nothing
MOST_CALLS = 200


def settle(case: Case) -> None:
    """What the last case held is free; a GPU is used whole."""
    gc.collect()
    torch.cuda.empty_cache()


def laid_out(case: Case, layout: str) -> torch.Tensor:
    """[batch, seq, heads, head_dim] of the strides of a layout."""
    batch, seq, heads, head_dim = case.shape
    kind = {"dtype": STORED[case.dtype], "device": "cuda"}
    if layout == "bhsd":
        return torch.empty((batch, heads, seq, head_dim), **kind).transpose(1, 2)
    if layout == "qkv":
        return torch.empty((batch, seq, 3 * heads, head_dim), **kind)[:, :, :heads]
    return torch.empty(case.shape, **kind)


class Buffers:
    """x [batch, seq, heads, head_dim], out like it, cos and sin [seq, heads | 1, pairs].

    weight, of x's type, where there is a norm; else None.
    """

    def __init__(self, case: Case, seed: int = 18):
        random = torch.Generator("cuda").manual_seed(seed)
        self.x = laid_out(case, case.layout)
        for begin in range(0, case.seq, CHUNK):
            part = self.x[:, begin : begin + CHUNK]
            part.copy_(torch.randn(part.shape, generator=random, device="cuda"))
        self.out = laid_out(case, "bshd" if case.layout == "qkv" else case.layout)
        self.inplace = laid_out(case, case.layout)
        self.cos, self.sin = (
            as_tensor(part, case.table_dtype).cuda() for part in table_of(case)
        )
        self.weight = None
        if case.norm:
            drawn = torch.randn(case.normed_together, generator=random, device="cuda")
            self.weight = (1 + 0.5 * drawn).to(STORED[case.dtype])

    def settle_weight(self) -> None:
        """To 1 or -1: what is normalised in place, again and again, keeps its size."""
        self.weight.copy_(torch.copysign(torch.ones_like(self.weight), self.weight))

    def spoil(self) -> None:
        """What a contestant does not write is no output of the one before it."""
        self.out.fill_(math.nan)


def must_still_work() -> None:
    """After a fault the device refuses all work of the process: it ends, and who was called is blamed."""
    try:
        torch.cuda.synchronize()
    except RuntimeError as error:
        raise SystemExit(f"the device is lost: {error}") from error


def kept(out: torch.Tensor) -> torch.Tensor:
    """What the next contestant does not overwrite."""
    return out.clone()


def ulps_at(length: torch.Tensor, dtype: str) -> torch.Tensor:
    exponent = torch.floor(torch.log2(length)).clamp(min=LEAST_EXPONENT[dtype])
    return torch.exp2(exponent - FRACTION_BITS[dtype])


def lengths(values: torch.Tensor, pairing: str) -> torch.Tensor:
    """The length of each feature's pair."""
    if pairing == "half":
        return torch.hypot(*values.chunk(2, dim=-1)).repeat(1, 1, 1, 2)
    return torch.hypot(values[..., ::2], values[..., 1::2]).repeat_interleave(2, dim=-1)


def compare(out: torch.Tensor, wanted: torch.Tensor, dtype: str, pairing: str) -> dict[str, float]:
    """As exactness.compare, on the device."""
    differing, largest = 0, 0.0
    kind = BITS[out.element_size()]
    for begin in range(0, out.shape[1], CHUNK):
        part, reference = (x[:, begin : begin + CHUNK].contiguous() for x in (out, wanted))
        differs = part.view(kind) != reference.view(kind)
        count = int(differs.sum())
        if count == 0:
            continue
        differing += count
        exact = reference.double()
        ulps = (part.double() - exact).abs() / ulps_at(lengths(exact, pairing), dtype)
        worst = float(ulps[differs].max())
        largest = max(largest, worst) if math.isfinite(worst) else math.inf
    return {"differs": differing / out.numel(), "ulps": largest}


def elapsed(run: Callable[[], object], calls: int) -> float:
    """Seconds of so many calls, by the device's clock."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    for _ in range(calls):
        run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3


class Replay:
    """Calls captured once and replayed: what the host does to launch their kernels is not timed."""

    def __init__(self, run: Callable[[], object]):
        for _ in range(2):
            run()  # compiles, chooses, allocates
        once = elapsed(run, 3) / 3
        self.calls = max(1, min(MOST_CALLS, math.ceil(GRAPH_SECONDS / once)))
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for _ in range(self.calls):
                run()

    def __call__(self, calls: int) -> float:
        replays = math.ceil(calls / self.calls)
        return elapsed(self.graph.replay, replays) / (replays * self.calls)
