"""Two runs, row by row: ratios with intervals, and what has become slower beyond the noise."""

from __future__ import annotations

import sys
from pathlib import Path

from .intervals import mann_whitney, ratio
from .results import Unreadable, key, load, measured
from .series import LIMITS, limit_seconds

FALSE_SHARE = 0.05  # of the differences that are called real, by Benjamini and Hochberg 1995
SAME = ("cpu", "cores", "compiler")


def real_differences(p_values: list[float]) -> list[bool]:
    """Which hypotheses of no difference fall, with so many tried at once."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    last = -1
    for rank, index in enumerate(order):
        if p_values[index] <= FALSE_SHARE * (rank + 1) / len(order):
            last = rank
    real = [False] * len(order)
    for index in order[: last + 1]:
        real[index] = True
    return real


def drift(row: dict, now: dict, before: dict) -> float:
    """How many times as long the limits of the row's case take: that is the machine's doing."""
    if row["contestant"] in LIMITS:
        return 1.0
    case = key(row)[:2]
    limits = [limit_seconds(rows.get(case, []), row["inplace"]) for rows in (now, before)]
    return limits[0] / limits[1] if all(limits) else 1.0


def by_case(rows: list[dict]) -> dict:
    cases: dict = {}
    for row in rows:
        cases.setdefault(key(row)[:2], []).append(row)
    return cases


def compare(old: dict, new: dict, slower: float) -> list[dict]:
    """A dict for each row that both have: name, ratio, low, high, p, drift, verdict, ours.

    A row is slower, or faster, where the difference is real and more than the limits' own.
    """
    cases = by_case(measured(new["rows"])), by_case(measured(old["rows"]))
    before = {key(row): row for row in measured(old["rows"])}
    pairs = [(row, before[key(row)]) for row in measured(new["rows"]) if key(row) in before]
    p_values = [mann_whitney(row["samples"], then["samples"]) for row, then in pairs]
    found = []
    for (row, then), p, real in zip(pairs, p_values, real_differences(p_values)):
        times, low, high = ratio(row["samples"], then["samples"])
        moved = drift(row, *cases)
        verdict = ""
        if real and min(times, times / moved) >= slower and low > 1:
            verdict = "slower"
        if real and max(times, times / moved) <= 1 / slower and high < 1:
            verdict = "faster"
        found.append(
            {
                "name": " ".join((row["contestant"], row["case"]["name"])),
                "ratio": times,
                "low": low,
                "high": high,
                "p": p,
                "drift": moved,
                "verdict": verdict,
                "ours": not row["peer"] and row.get("exactness") is not None,
            }
        )
    return found


def lost(old: dict, new: dict) -> list[str]:
    """Rows of ours that had figures and have none, or are missing: no reason to be content."""
    now = {key(row) for row in measured(new["rows"])}
    return [
        " ".join((row["contestant"], row["case"]["name"]))
        for row in measured(old["rows"])
        if key(row) not in now and not row["peer"]
    ]


def line(row: dict) -> str:
    return (
        f"{row['ratio']:7.3f}  {row['low']:.3f} to {row['high']:.3f}  {row['drift']:6.3f}  "
        f"{row['p']:6.4f}  "
        f"{row['verdict']:7}{row['name']}"
    )


def main(old_path: Path, new_path: Path, slower: float) -> int:
    try:
        old, new = load(old_path), load(new_path)
    except Unreadable as error:
        print(f"bench/run --compare: {error}", file=sys.stderr)
        return 2
    rows = compare(old, new, slower)
    if not rows:
        print("bench/run --compare: the two runs have no row in common", file=sys.stderr)
        return 2
    for name in SAME:
        before, now = old["machine"].get(name), new["machine"].get(name)
        if before != now:
            print(f"note: another {name}: {before}, now {now}")
    print("new/old  95 % interval   limits  Mann-Whitney")
    for row in sorted(rows, key=lambda row: -row["ratio"]):
        print(line(row))
    for name in lost(old, new):
        print("no figure any more:", name)
    ours = [row for row in rows if row["ours"] and row["verdict"] == "slower"]
    others = [row for row in rows if not row["ours"] and row["verdict"] == "slower"]
    print(
        f"{len(rows)} rows: of Ropewalk's {len(ours)} are slower beyond the noise, of the limits'"
        f" and the peers' {len(others)}"
    )
    return 1 if ours else 0
