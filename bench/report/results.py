"""The results of a run, as they are kept: JSON from which every figure of the report is worked out.

    {"schema": 1, "machine": {..}, "peers": [..], "complete": bool, "rows": [..]}

A row has a case (its fields and name), a contestant, its peer, and either samples (seconds a call),
bytes and exactness, or `missing`: why there are none; `failed` where that is a fault.
What is published may have `cut_off`, too: the studies in which a part of it was interrupted.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .cases import Case
from .intervals import median

SCHEMA = 1
GAINED = {"device": "cpu", "norm": ""}  # fields of a case that older files lack


class Unreadable(Exception):
    """A file that holds no results; the text names it."""


def row_of(case: Case, contestant: str, peer: str, **rest) -> dict:
    fields = {**dataclasses.asdict(case), "name": case.name}
    return {"case": fields, "contestant": contestant, "peer": peer, **rest}


def key(row: dict) -> tuple[str, str, str]:
    return row["case"]["study"], row["case"]["name"], row["contestant"]


def device(results: dict) -> str:
    return "cuda" if "GPU" in results["machine"] else "cpu"


def measured(rows: list[dict], study: str | None = None) -> list[dict]:
    return [
        row for row in rows if "samples" in row and (study is None or row["case"]["study"] == study)
    ]


def rate(row: dict) -> float:
    """Bytes a second, by the median."""
    return row["bytes"] / median_of(row)


def median_of(row: dict) -> float:
    return median(row["samples"])[0]


def load(path: Path) -> dict:
    try:
        results = json.loads(path.read_text())
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise Unreadable(f"{path}: no JSON ({error})") from error
    if not isinstance(results, dict) or results.get("schema") != SCHEMA:
        raise Unreadable(f"{path}: no results of bench/run --report of schema {SCHEMA}")
    try:
        whole = isinstance(results["machine"], dict)
        whole &= all(key(row) and row.get("samples", [1]) for row in results["rows"])
    except (KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise Unreadable(f"{path}: no whole results of bench/run --report: machine and rows")
    for row in results["rows"]:
        row["case"] = GAINED | row["case"]
    return results


def save(path: Path, results: dict) -> None:
    """All or nothing, so that an interrupted run leaves no half of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1) + "\n")
    part.replace(path)
