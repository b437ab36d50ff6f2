"""Times contestants in random order, round by round, so that what the machine does hits all."""

from __future__ import annotations

import math
import random
import time
from typing import Callable

LEAST_SECONDS = 0.002  # of a sample, so that the clock and the loop are nothing
SETTLE_SECONDS = 0.005  # the last contestant's threads still spin, waiting for more to do
WARM_BELOW = 0.05  # seconds: longer calls bring their own memory into the caches


def timed(run: Callable[[], object], calls: int) -> float:
    repeats = range(calls)
    start = time.perf_counter()
    for _ in repeats:
        run()
    return (time.perf_counter() - start) / calls


def calls_per_sample(run: Callable[[], object]) -> int:
    run()
    once = max(timed(run, 1), 1e-9)
    if once < LEAST_SECONDS:
        once = max(timed(run, min(1000, math.ceil(LEAST_SECONDS / once))), 1e-9)
    return max(1, math.ceil(LEAST_SECONDS / once))


def measure(
    runs: dict[str, Callable[[], object]],
    rounds: int,
    seconds: float,
    starts: Callable[[str], object],
    fewest: int = 5,
) -> dict[str, list[float]]:
    """Seconds a call of every run, one sample a round.

    A run that has used up its share of `seconds` stops once it has `fewest` samples. `starts` is
    told of each run before it is called.
    """
    order = random.Random(18)
    calls, samples, spent = {}, {name: [] for name in runs}, dict.fromkeys(runs, 0.0)
    for name, run in runs.items():
        starts(name)
        calls[name] = calls_per_sample(run)
    for _ in range(rounds):
        names = list(runs)
        order.shuffle(names)
        for name in names:
            if spent[name] > seconds / len(runs) and len(samples[name]) >= fewest:
                continue
            starts(name)
            time.sleep(SETTLE_SECONDS)
            begin = time.perf_counter()
            if not samples[name] or samples[name][-1] < WARM_BELOW:
                runs[name]()  # its data, where the last contestant left its own
            samples[name].append(timed(runs[name], calls[name]))
            spent[name] += time.perf_counter() - begin
    return samples
