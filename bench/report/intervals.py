"""Statistics of samples: medians with their intervals, and whether two sets differ."""

from __future__ import annotations

import math

import numpy as np

RESAMPLES = 2000


def _medians(samples: np.ndarray, random: np.random.Generator) -> np.ndarray:
    drawn = random.integers(0, len(samples), (RESAMPLES, len(samples)))
    return np.median(samples[drawn], axis=1)


def median(samples: list[float], seed: int = 0) -> tuple[float, float, float]:
    """The median, and the ends of its 95 % bootstrap interval."""
    values = np.asarray(samples, float)
    low, high = np.percentile(_medians(values, np.random.default_rng(seed)), (2.5, 97.5))
    return float(np.median(values)), float(low), float(high)


def ratio(new: list[float], old: list[float], seed: int = 0) -> tuple[float, float, float]:
    """The ratio of two medians, and the ends of its 95 % bootstrap interval."""
    random = np.random.default_rng(seed)
    new_values, old_values = np.asarray(new, float), np.asarray(old, float)
    ratios = _medians(new_values, random) / _medians(old_values, random)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(np.median(new_values) / np.median(old_values)), float(low), float(high)


def mann_whitney(new: list[float], old: list[float]) -> float:
    """The two-sided p value of the hypothesis that both come from one distribution.

    Mann and Whitney 1947, by the normal approximation with corrections for ties and continuity,
    which is good from about 8 samples each.
    """
    values = np.concatenate([np.asarray(new, float), np.asarray(old, float)])
    unique, index, ties = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(ties) - (ties - 1) / 2
    count_new, count_old, count = len(new), len(old), len(values)
    u = mean_ranks[index[:count_new]].sum() - count_new * (count_new + 1) / 2
    tied = (ties**3 - ties).sum() / (count * (count - 1)) if count > 1 else 0
    variance = count_new * count_old / 12 * (count + 1 - tied)
    if variance <= 0:
        return 1.0
    distance = max(0.0, abs(u - count_new * count_old / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))
