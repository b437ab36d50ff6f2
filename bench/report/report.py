"""One run: plan, measure, keep the results, draw the page."""

from __future__ import annotations

import sys
from pathlib import Path

from . import machine, results
from .buffers import Buffers
from .cases import Case, main_cases
from .contestants import PEERS
from .supervisor import Supervisor

ROUNDS, SECONDS = 25, 20.0  # a case; slow contestants get fewer rounds
QUICK_ROUNDS, QUICK_SECONDS = 9, 4.0
NOT_INSTALLED = Path("not_installed.txt")  # beside the virtual environment: written by install.py


def plan(options) -> tuple[list[Case], list[str]]:
    """The cases that fit into memory, and what to say about the others."""
    wanted = main_cases(options.threads, options.quick)
    room = machine.memory_bytes() // 2
    fitting = [case for case in wanted if Buffers.needed(case) <= room]
    notes = [f"{case.name} is left out: it takes {Buffers.needed(case) / 2**30:.1f} GiB"
             for case in wanted if case not in fitting]
    return fitting, notes


def not_installed() -> dict[str, str]:
    """Why pip did not install a package, by package."""
    path = Path(sys.prefix).parent / NOT_INSTALLED
    if not path.exists():
        return {}
    return dict(line.split("\t", 1) for line in path.read_text().splitlines() if "\t" in line)


def peer_list(chosen: list[str], unloadable: dict[str, str]) -> list[dict]:
    failed = not_installed()
    rows = []
    for peer in PEERS:
        lacking = [package for package in peer.packages if not machine.version(package)]
        why = unloadable.get(peer.key, "")
        if lacking:
            why = "; ".join(f"{package}: {failed.get(package, 'not installed')}"
                            for package in lacking)
        if peer.key not in chosen:
            why = "not asked for"
        versions = {package: machine.version(package) for package in peer.packages}
        rows.append({"key": peer.key, "title": peer.title, "versions": versions, "missing": why})
    return rows


def make(options, command: list[str]) -> int:
    cases, notes = plan(options)
    for note in notes:
        print("note:", note)
    if not cases:
        print("bench/run: nothing is left to measure", file=sys.stderr)
        return 2
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if options.quick else (ROUNDS, SECONDS)
    outcome = Supervisor(cases, options.peers, rounds, seconds).run()
    found = {"schema": results.SCHEMA, "machine": machine.fingerprint(command),
             "peers": peer_list(options.peers, outcome.unloadable), "notes": notes,
             "complete": outcome.complete, "rows": outcome.rows}
    path = options.out / "report.json"
    results.save(path, found)
    for peer in found["peers"]:
        if peer["missing"]:
            print(f"{peer['title']}: {peer['missing']}")
    print(f"{len(results.measured(found['rows']))} figures in {path}")
    return 0 if outcome.complete else 130
