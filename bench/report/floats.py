"""The types of memory in NumPy: bfloat16 is held by uint16, as in the tests of the C boundary."""

from __future__ import annotations

import numpy as np

STORED = {
    "f32": np.float32,
    "f64": np.float64,
    "f16": np.float16,
    "bf16": np.uint16,
    "i32": np.int32,
}
FRACTION_BITS = {"f32": 23, "f16": 10, "bf16": 7}
LEAST_EXPONENT = {"f32": -126, "f16": -14, "bf16": -126}


def narrow(values: np.ndarray, dtype: str) -> np.ndarray:
    """Rounds to a type; from double to 16 bits by way of float, as PyTorch does."""
    if dtype == "f64":
        return values.astype(np.float64)
    values = values.astype(np.float32)
    if dtype == "bf16":
        bits = values.view(np.uint32)
        return ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return values.astype(STORED[dtype])


def widen(values: np.ndarray, dtype: str) -> np.ndarray:
    """The values in double; exact."""
    if dtype == "bf16":
        return (values.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return values.astype(np.float64)


def bits(values: np.ndarray) -> np.ndarray:
    return values.view({2: np.uint16, 4: np.uint32, 8: np.uint64}[values.itemsize])


def spacing(length: np.ndarray, dtype: str) -> np.ndarray:
    """An ulp of the type at each length."""
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log2(length))
    return np.exp2(np.maximum(exponent, LEAST_EXPONENT[dtype]) - FRACTION_BITS[dtype])
