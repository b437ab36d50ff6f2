"""The memory that all contestants of a case share: x, out and the table."""

from __future__ import annotations

import numpy as np

from .cases import Case
from .floats import STORED, bits, narrow, widen
from .presets import cos_and_sin
from .workloads import WORKLOADS

THETA = 10_000.0
FIRST_POSITION = 100  # at 0 nothing turns, and every kernel is exact
PAGE = 4096


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Memory that begins a page, so that no contestant meets another alignment than its rivals."""
    kind = np.dtype(STORED[dtype])
    size = int(np.prod(shape)) * kind.itemsize
    memory = np.empty(size + PAGE, np.uint8)
    memory.fill(0)  # touched: the first write to a page costs more than a rotation
    begin = -memory.ctypes.data % PAGE
    return memory[begin : begin + size].view(kind).reshape(shape)


def positions(case: Case) -> np.ndarray:
    return FIRST_POSITION + np.arange(case.seq)


def angles(case: Case) -> np.ndarray:
    """[seq, heads | 1, pairs] in double: position times frequency."""
    pairs = case.head_dim // 2
    frequencies = THETA ** (-np.arange(pairs) / pairs)
    rows = positions(case)[:, None, None] * frequencies
    if case.table_per_head:
        rows = rows * np.linspace(0.5, 1, case.heads)[:, None]
    return rows


def table_of(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin [seq, heads | 1, pairs]: the model's own, or of plain frequencies."""
    if case.model:
        workload = WORKLOADS[case.model]
        return cos_and_sin(workload.preset, case.dtype, workload.grid)
    rows = angles(case)
    return narrow(np.cos(rows), case.table_dtype), narrow(np.sin(rows), case.table_dtype)


def laid_out(case: Case, layout: str) -> np.ndarray:
    """[batch, seq, heads, head_dim] of the strides of a layout."""
    batch, seq, heads, head_dim = case.shape
    if layout == "bhsd":
        return aligned((batch, heads, seq, head_dim), case.dtype).transpose(0, 2, 1, 3)
    if layout == "qkv":
        return aligned((batch, seq, 3 * heads, head_dim), case.dtype)[:, :, :heads]
    return aligned(case.shape, case.dtype)


class Buffers:
    """x [batch, seq, heads, head_dim], out like it, cos and sin [seq, heads | 1, pairs].

    weight, of x's type, where there is a norm; else None.
    """

    def __init__(self, case: Case, seed: int = 18):
        random = np.random.default_rng(seed)
        self.x = laid_out(case, case.layout)
        for sample in self.x:
            for begin in range(0, case.seq, 4096):
                part = sample[begin : begin + 4096]
                part[...] = narrow(random.standard_normal(part.shape, np.float32), case.dtype)
        self.out = laid_out(case, "bshd" if case.layout == "qkv" else case.layout)
        self.inplace = laid_out(case, case.layout)
        cos, sin = table_of(case)
        self.cos = aligned(cos.shape, case.table_dtype)
        self.sin = aligned(sin.shape, case.table_dtype)
        self.cos[...], self.sin[...] = cos, sin
        self.dtype, self.weight = case.dtype, None
        if case.norm:
            self.weight = aligned((case.normed_together,), case.dtype)
            drawn = random.standard_normal(self.weight.shape, np.float32)
            self.weight[...] = narrow(1 + 0.5 * drawn, case.dtype)

    def settle_weight(self) -> None:
        """To 1 or -1: what is normalised in place, again and again, keeps its size."""
        signs = np.copysign(1, widen(self.weight, self.dtype))
        self.weight[...] = narrow(signs, self.dtype)

    def spoil(self) -> None:
        """What a contestant does not write is no output of the one before it."""
        bits(self.out)[...] = 0x5A5A

