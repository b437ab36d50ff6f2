"""What the comparisons of adapters with engines share: the bridge to the adapters, and counts."""

from __future__ import annotations

import ctypes as c
import pathlib
import platform

import numpy as np


def address(array):
    return c.c_void_p(array.ctypes.data)


class Bridge:
    """The library that run.sh is given: bridge.cpp."""

    def __init__(self, path):
        self.library = c.CDLL(path)

    def fused(self, a, b, addend):
        """a * b + addend in float, rounded once."""
        arrays = np.broadcast_arrays(a, b, addend)
        arrays = [np.ascontiguousarray(each) for each in arrays]
        assert all(each.dtype == np.float32 for each in arrays)
        out = np.empty_like(arrays[0])
        self.library.bridge_fused(*map(address, (out, *arrays)), c.c_size_t(out.size))
        return out

    def first_fused(self, a, b, cos, sin):
        """Both of a rotated pair, with the product of the first feature fused into the sum."""
        return self.fused(a, cos, -(b * sin)), self.fused(a, sin, b * cos)


def by_definition(a, b, cos, sin):
    """Both of a rotated pair, each product rounded."""
    return a * cos - b * sin, a * sin + b * cos


def pairs_of(features, interleaved):
    """Where the first and the second of each pair are, of so many features that turn."""
    if interleaved:
        return slice(0, features, 2), slice(1, features, 2)
    return slice(0, features // 2), slice(features // 2, features)


def differing(a, b):
    """How many values have other bits; NaN equals NaN."""
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    stored = {2: np.uint16, 4: np.uint32}[a.dtype.itemsize]
    both_nan = np.isnan(a) & np.isnan(b)
    other = np.ascontiguousarray(a).view(stored) != np.ascontiguousarray(b).view(stored)
    return int((other & ~both_nan).sum())


class Count:
    """Values compared and differing, by what is compared."""

    def __init__(self):
        self.of = {}

    def add(self, what, a, b):
        cases, values, found = self.of.get(what, (0, 0, 0))
        self.of[what] = cases + 1, values + a.size, found + differing(a, b)

    def found(self):
        return sum(found for _, _, found in self.of.values())

    def print(self):
        for what, (cases, values, found) in self.of.items():
            print(f"  {what}: {cases} cases, {found} of {values} values differ")


def has_fused_kernels():
    """Whether engines take here their kernels for AVX2, which fuse."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return "avx2" in flags and "fma" in flags
