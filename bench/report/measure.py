"""Times contestants in random order, round by round, so that what the machine does hits all."""

from __future__ import annotations

import math
import random
import time
from typing import Callable

LEAST_SECONDS = 0.002  # of a sample, so that the clock and the loop are nothing
SETTLE_SECONDS = 0.005  # the last contestant's threads still spin, waiting for more to do
WARM_BELOW = 0.05  # seconds: longer calls bring their own memory into the caches

Timer = Callable[[int], float]  # seconds a call, of so many one after the other


def timed(run: Callable[[], object], calls: int) -> float:
    repeats = range(calls)
    start = time.perf_counter()
    for _ in repeats:
        run()
    return (time.perf_counter() - start) / calls


def calls_per_sample(seconds: Timer) -> int:
    seconds(1)
    once = max(seconds(1), 1e-9)
    if once < LEAST_SECONDS:
        once = max(seconds(min(1000, math.ceil(LEAST_SECONDS / once))), 1e-9)
    return max(1, math.ceil(LEAST_SECONDS / once))


def measure(
    timers: dict[str, Timer],
    rounds: int,
    seconds: float,
    starts: Callable[[str], object],
    fewest: int = 5,
) -> dict[str, list[float]]:
    """Seconds a call of everyone, one sample a round.

    Who has used up its share of `seconds` stops once it has `fewest` samples. `starts` is told of
    each before it is called.
    """
    order = random.Random(18)
    calls, samples, spent = {}, {name: [] for name in timers}, dict.fromkeys(timers, 0.0)
    for name, timer in timers.items():
        starts(name)
        calls[name] = calls_per_sample(timer)
    for _ in range(rounds):
        names = list(timers)
        order.shuffle(names)
        for name in names:
            if spent[name] > seconds / len(timers) and len(samples[name]) >= fewest:
                continue
            starts(name)
            time.sleep(SETTLE_SECONDS)
            begin = time.perf_counter()
            if not samples[name] or samples[name][-1] < WARM_BELOW:
                timers[name](1)  # its data, where the last contestant left its own
            samples[name].append(timers[name](calls[name]))
            spent[name] += time.perf_counter() - begin
    return samples
