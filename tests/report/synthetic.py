"""Results that no machine has measured."""

import random

from report.cases import Case
from report.results import SCHEMA, row_of

CASE = Case("peers", seq=512, heads=32, head_dim=128)


def samples(seconds, noise=0.02, count=15, seed=1):
    drawn = random.Random(seed)
    return [seconds * (1 + noise * drawn.random()) for _ in range(count)]


def row(contestant, times, case=CASE, peer="", differs=0.0, inplace=False):
    return row_of(
        case,
        contestant,
        peer,
        samples=times,
        bytes=case.bytes,
        inplace=inplace,
        note="",
        exactness=None if differs is None else {"differs": differs, "ulps": 1.0},
    )


def results(rows, **machine):
    about = {
        "cpu": "a CPU",
        "cores": "2",
        "compiler": "g++",
        "command": "bench/run --report",
        "date": "2026-01-01 00:00",
        **machine,
    }
    peers = [{"key": "torch", "title": "PyTorch", "versions": {"torch": "2"}, "missing": ""}]
    return {
        "schema": SCHEMA,
        "machine": about,
        "peers": peers,
        "notes": [],
        "complete": True,
        "rows": rows,
    }
