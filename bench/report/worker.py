"""The process that measures. What it has done it says line by line, since a peer may end it.

usage: python -m report.worker PLAN JOURNAL; see supervisor.py.
"""

from __future__ import annotations

import importlib
import json
import sys
import traceback
from pathlib import Path

from . import contestants
from .cases import Case
from .contestants import Skip
from .measure import measure
from .peers import PEERS
from .results import row_of
from .studies import SCALING

REFERENCE = "PyTorch eager, strided"
KEPT = 100  # times inside a block
OWN_REFERENCE = "apply_strided"  # its bits, where PyTorch is not there
PLACES = {"cpu": "host", "cuda": "gpu"}  # the modules of DEVICES


class Journal:
    def __init__(self, path: Path):
        self.file = path.open("a", buffering=1)

    def say(self, event: str, **what) -> None:
        self.file.write(json.dumps({"event": event, **what}) + "\n")


def reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"


def calls(case: Case, contestant) -> bool:
    if contestant.studies or case.block:
        return case.study in contestant.studies
    return case.study not in SCALING or not contestant.compiles


class Worker:
    def __init__(self, plan: dict, journal: Journal):
        self.plan, self.journal = plan, journal
        self.lost = {tuple(pair) for pair in plan["lost"]}
        self.place = importlib.import_module(f".{PLACES[plan['device']]}", __package__)
        self.contestants = contestants.ours(plan["device"])
        for peer in PEERS[plan["device"]]:
            if peer.key not in plan["peers"]:
                continue
            journal.say("begin", contestant=peer.title, peer=peer.key, case="")
            try:
                self.contestants += contestants.of_peer(peer)
            except Exception as error:  # whatever a peer raises is a row, not an end
                journal.say("unloadable", peer=peer.key, reason=reason(error))

    def run(self, case: Case) -> None:
        self.journal.say("case", case=case.name, study=case.study)
        called = [one for one in self.contestants if calls(case, one)]
        try:
            self.place.settle(case)
            buffers = self.place.Buffers(case)
        except Exception as error:  # no memory, most likely: the case is lost, and nobody's fault
            for one in called:
                self.missing(case, one, reason(error))
            self.journal.say("done", case=case.name, study=case.study)
            return
        prepared, rows, wanted = {}, {}, None
        order = sorted(called, key=lambda one: one.name != self.reference(called))
        for one in order:
            self.journal.say("begin", case=case.name, contestant=one.name, peer=one.peer)
            if (case.name, one.name) in self.lost:
                continue
            if case.layout not in one.layouts:
                self.missing(case, one, "it reads contiguous tokens alone")
                continue
            if case.norm and not one.norms:
                self.missing(case, one, "a norm, if it has one, is a call of its own, which is not made here")
                continue
            try:
                ready = one.prepare(case, buffers)
                self.place.settle(case)  # the threads that it has started, too
                buffers.spoil()
                ready.start()
                # As it is timed; in place that may be several calls, and one is compared.
                ready.run() if one.inplace else ready.seconds(1)
                out = ready.output()
                exact = None
                if out is not None:
                    if wanted is None:
                        wanted = self.place.kept(out)
                    exact = self.place.compare(out, wanted, case.dtype, case.pairing)
                rows[one.name] = row_of(
                    case,
                    one.name,
                    one.peer,
                    bytes=case.bytes,
                    inplace=one.inplace,
                    exactness=exact,
                    note=ready.note,
                )
                prepared[one.name] = ready
            except Skip as skip:
                self.missing(case, one, str(skip))
            except Exception as error:
                traceback.print_exc()
                self.place.must_still_work()
                self.missing(case, one, reason(error), failed=True)
        if case.norm:
            buffers.settle_weight()
        peers = {one.name: one.peer for one in order}
        samples = measure(
            {name: ready.seconds for name, ready in prepared.items()},
            self.plan["rounds"],
            self.plan["seconds"][case.study in SCALING],
            lambda name: self.journal.say(
                "begin", case=case.name, contestant=name, peer=peers[name]
            ),
        )
        for name, row in rows.items():
            inside = prepared[name].inside
            if inside is not None:
                row["inside"] = inside[-KEPT:]
            self.journal.say("row", row={**row, "samples": samples[name]})
        self.journal.say("done", case=case.name, study=case.study)

    @staticmethod
    def reference(called: list) -> str:
        names = {one.name for one in called}
        return REFERENCE if REFERENCE in names else OWN_REFERENCE

    def missing(self, case: Case, one, why: str, **rest) -> None:
        self.journal.say("row", row=row_of(case, one.name, one.peer, missing=why, **rest))


def main(plan_path: str, journal_path: str) -> None:
    plan = json.loads(Path(plan_path).read_text())
    worker = Worker(plan, Journal(Path(journal_path)))
    for fields in plan["cases"]:
        worker.run(Case(**fields))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
