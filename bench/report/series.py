"""What the pictures and the tables of the report are made of: numbers out of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from .intervals import median
from .results import measured
from .workloads import WORKLOADS

COPIES = ("memcpy", "nontemporal copy", "device copy")
IN_PLACE = ("scale in place", "signs flipped in place")
LIMITS = (*COPIES, *IN_PLACE)
FORMS = ("apply_strided", "apply_stack_flatten")
OURS = ("apply", "apply_inplace", *FORMS)
FLAT = 1.3  # cost per element within a study, largest to smallest, that is called flat


@dataclasses.dataclass
class Bar:
    """A contestant in one case: its rate as a share of the limit's, with the ends of its interval."""

    contestant: str
    share: float
    low: float
    high: float
    seconds: float
    differs: float | None
    ulps: float | None
    note: str


def by_case(rows: Iterable[dict]) -> dict[str, list[dict]]:
    cases: dict[str, list[dict]] = {}
    for row in rows:
        cases.setdefault(row["case"]["name"], []).append(row)
    return cases


def limit_seconds(rows: list[dict], inplace: bool) -> float | None:
    """The faster copy of the case out of place; in place one operation on each element."""
    names = IN_PLACE if inplace else COPIES
    times = [median(row["samples"])[0] for row in rows if row["contestant"] in names]
    return min(times, default=None)


def bars(rows: list[dict]) -> list[Bar]:
    """Those of one case, nearest to their limit first, without the limits."""
    found = []
    for row in rows:
        limit = limit_seconds(rows, row["inplace"])
        if row["contestant"] in LIMITS or limit is None:
            continue
        middle, low, high = median(row["samples"])
        exact = row["exactness"] or {}
        found.append(
            Bar(
                row["contestant"],
                limit / middle,
                limit / high,
                limit / low,
                middle,
                exact.get("differs"),
                exact.get("ulps"),
                row["note"],
            )
        )
    return sorted(found, key=lambda bar: -bar.share)


def nanoseconds(row: dict) -> tuple[float, float, float]:
    """An element, with the ends of the interval."""
    case = row["case"]
    elements = case["batch"] * case["seq"] * case["heads"] * case["head_dim"]
    return tuple(1e9 * seconds / elements for seconds in median(row["samples"]))


def lines(results: dict, study: str, field: str, dtype: str) -> dict[str, list[tuple]]:
    """Of each contestant: (the field's value, ns per element, low, high), in order."""
    found: dict[str, list[tuple]] = {}
    for row in measured(results["rows"], study):
        if row["case"]["dtype"] == dtype:
            found.setdefault(row["contestant"], []).append((row["case"][field], *nanoseconds(row)))
    return {name: sorted(points) for name, points in found.items()}


def model_seconds(results: dict) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Of each workload and contestant: seconds in RoPE, with the ends of the interval."""
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for row in measured(results["rows"], "models"):
        name = row["case"]["model"]
        if row["contestant"] not in LIMITS and name in WORKLOADS:
            seconds = tuple(WORKLOADS[name].calls * one for one in median(row["samples"]))
            found.setdefault(name, {})[row["contestant"]] = seconds
    return found


@dataclasses.dataclass
class Share:
    """Of RoPE in a block: seconds of both, and the share with the ends of its interval."""

    block_seconds: float
    rope_seconds: float
    share: float
    low: float
    high: float


def shares(results: dict) -> dict[str, dict[str, Share]]:
    """By case and contestant."""
    found: dict[str, dict[str, Share]] = {}
    for row in measured(results["rows"], "blocks"):
        whole = median(row["samples"])
        inside = median(row["inside"]) if row.get("inside") else (0.0, 0.0, 0.0)
        found.setdefault(row["case"]["name"], {})[row["contestant"]] = Share(
            whole[0], inside[0], inside[0] / whole[0], inside[1] / whole[2], inside[2] / whole[1]
        )
    return found


def ahead(results: dict) -> list[tuple[str, str, str, float]]:
    """Where a peer is faster than ours beyond the intervals: case, peer, ours, times.

    A case that several studies have is named once, by the first in which the peer is ahead.
    """
    found = {}
    for study in dict.fromkeys(row["case"]["study"] for row in results["rows"]):
        for case, rows in by_case(measured(results["rows"], study)).items():
            for line in ahead_in(case, rows):
                found.setdefault(line[:3], line)
    return list(found.values())


def ahead_in(case: str, rows: list[dict]) -> list[tuple[str, str, str, float]]:
    found = []
    for ours in rows:
        if ours["contestant"] not in OURS[:2]:
            continue
        middle, low, _ = median(ours["samples"])
        for row in rows:
            theirs, _, high = median(row["samples"])
            if row["peer"] and row["inplace"] == ours["inplace"] and high < low:
                found.append((case, row["contestant"], ours["contestant"], middle / theirs))
    return found


def uneven(results: dict, study: str, field: str) -> list[str]:
    """Sentences for lines of ours that are not flat."""
    said = []
    for dtype in ("f32", "f16", "bf16"):
        for name, points in lines(results, study, field, dtype).items():
            if name not in OURS[:2] or len(points) < 2:
                continue
            cheap, dear = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
            if dear[1] > FLAT * cheap[1] and dear[2] > cheap[3]:
                said.append(
                    f"{name}, {dtype}: an element takes {dear[1] / cheap[1]:.1f} times as long"
                    f" at {field} {dear[0]} as at {cheap[0]}"
                )
    return said
