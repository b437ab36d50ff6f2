"""How far an output is from the definition's: PyTorch eager, strided assignment."""

from __future__ import annotations

import numpy as np

from .floats import bits, spacing, widen

CHUNK = 256  # tokens that are compared at once


def lengths(values: np.ndarray, pairing: str) -> np.ndarray:
    """The length of each feature's pair."""
    if pairing == "half":
        half = values.shape[-1] // 2
        return np.concatenate([np.hypot(values[..., :half], values[..., half:])] * 2, axis=-1)
    return np.repeat(np.hypot(values[..., ::2], values[..., 1::2]), 2, axis=-1)


def compare(out: np.ndarray, wanted: np.ndarray, dtype: str, pairing: str) -> dict[str, float]:
    """The share of elements whose bits differ, and the largest error.

    Errors are in ulps of the type at the length of the pair, since an element itself may be
    anything from 0 to that length. -0 and 0 differ.
    """
    differing, largest = 0, 0.0
    for begin in range(0, out.shape[1], CHUNK):
        part, reference = out[:, begin : begin + CHUNK], wanted[:, begin : begin + CHUNK]
        differs = bits(part) != bits(reference)
        count = int(np.count_nonzero(differs))
        if count == 0:
            continue
        differing += count
        exact = widen(reference, dtype)
        errors = np.abs(widen(part, dtype) - exact)
        ulps = errors / spacing(lengths(exact, pairing), dtype)
        worst = ulps[differs].max()
        largest = max(largest, float(worst)) if np.isfinite(worst) else float("inf")
    return {"differs": differing / out.size, "ulps": largest}
