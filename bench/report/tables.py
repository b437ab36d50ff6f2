"""The tables of the page."""

from __future__ import annotations

from .intervals import median
from .markup import table
from .series import model_seconds, nanoseconds, shares
from .words import duration, percent
from .workloads import WORKLOADS


def rows_of(results: dict, study: str) -> str:
    """Every row of a study, those without figures too, folded away."""
    lines = []
    for row in results["rows"]:
        if row["case"]["study"] != study:
            continue
        if "samples" not in row:
            lines.append([row["case"]["name"], row["contestant"], row["missing"], *[""] * 6])
            continue
        middle, low, high = median(row["samples"])
        exact = row["exactness"] or {}
        lines.append(
            [
                row["case"]["name"],
                row["contestant"],
                duration(middle),
                f"{duration(low)} to {duration(high)}",
                f"{row['bytes'] / middle / 1e9:.2f}",
                f"{nanoseconds(row)[0]:.3g}",
                percent(exact["differs"]) if exact else "",
                f"{exact['ulps']:.3g}" if exact else "",
                row["note"],
            ]
        )
    if not lines:
        return ""
    heads = [
        "case",
        "contestant",
        "median",
        "95 % interval",
        "GB/s",
        "ns per element",
        "bits that differ",
        "ulps",
        "note",
    ]
    return (
        f"<details><summary>All {len(lines)} rows</summary>"
        f"{table(heads, lines, (2, 4, 5, 6, 7))}</details>"
    )


def model_table(results: dict) -> str:
    """Seconds by model, a column a contestant."""
    spent = model_seconds(results)
    columns = list(dict.fromkeys(name for found in spent.values() for name in found))
    if not columns:
        return ""
    rows = [
        [
            name,
            f"{WORKLOADS[name].tokens:,}",
            f"{WORKLOADS[name].calls:,}",
            *(duration(found[column][0]) if column in found else "" for column in columns),
        ]
        for name, found in spent.items()
    ]
    return table(["", "tokens", "calls", *columns], rows, tuple(range(1, len(columns) + 3)))


def share_table(results: dict) -> str:
    rows = [
        [
            case,
            contestant,
            duration(one.block_seconds),
            duration(one.rope_seconds),
            percent(one.share),
            f"{percent(one.low)} to {percent(one.high)}",
        ]
        for case, found in shares(results).items()
        for contestant, one in found.items()
    ]
    heads = ["block", "RoPE by", "block", "RoPE", "share", "95 % interval"]
    return table(heads, rows, (2, 3, 4, 5)) if rows else ""


def peer_table(results: dict) -> str:
    return table(
        ["peer", "version", "not measured because"],
        [
            [
                peer["title"],
                " ".join(
                    f"{name} {version}" for name, version in peer["versions"].items() if version
                ),
                peer["missing"],
            ]
            for peer in results["peers"]
        ],
    )
