"""Runs the worker, starts it anew where a peer has ended it, and keeps what is done."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, TextIO

from .cases import Case
from .progress import Progress
from .results import row_of

# Freed memory stays with the process, as in an engine: fresh pages cost more than a rotation.
ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1),
    "MALLOC_TOP_PAD_": str(2**26),
}
SILENT_SECONDS = 600  # a contestant that says nothing for so long is taken for hung


class Reader:
    """The whole lines of a file that still grows."""

    def __init__(self, file: TextIO):
        self.file, self.cut = file, ""

    def read(self) -> list[dict]:
        *whole, self.cut = (self.cut + self.file.read()).split("\n")
        return [json.loads(line) for line in whole]


@dataclasses.dataclass
class Outcome:
    rows: list[dict]
    unloadable: dict[str, str]
    complete: bool


class Supervisor:
    def __init__(
        self,
        cases: list[Case],
        peers: list[str],
        rounds: int,
        seconds: tuple[float, float],
        device: str = "cpu",
        worker: str = "report.worker",
        keep: Callable[[Outcome], None] = lambda outcome: None,
    ):
        """`keep` is given what there is after each case."""
        self.device, self.worker, self.keep = device, worker, keep
        self.cases, self.peers, self.rounds, self.seconds = cases, list(peers), rounds, seconds
        self.rows: list[dict] = []
        self.unloadable: dict[str, str] = {}
        self.lost: set[tuple[str, str]] = set()
        self.done: set[tuple[str, str]] = set()
        self.last: dict = {}  # who was called last
        self.pending: list[dict] = []  # rows of the case under way
        self.progress = Progress(len(cases))

    def run(self) -> Outcome:
        complete = False
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        with tempfile.TemporaryDirectory(prefix="ropewalk-report-") as folder:
            try:
                while not complete:
                    complete = self.attempt(Path(folder))
            except KeyboardInterrupt:
                print("\nInterrupted: what is done is kept.", file=sys.stderr)
        return Outcome(self.rows, self.unloadable, complete)

    def left(self) -> list[Case]:
        return [case for case in self.cases if (case.study, case.name) not in self.done]

    def attempt(self, folder: Path) -> bool:
        """One process; whether it came to its end."""
        plan, journal = folder / "plan.json", folder / "journal"
        plan.write_text(
            json.dumps(
                {
                    "cases": [dataclasses.asdict(case) for case in self.left()],
                    "device": self.device,
                    "peers": self.peers,
                    "lost": sorted(self.lost),
                    "rounds": self.rounds,
                    "seconds": self.seconds,
                }
            )
        )
        journal.write_text("")
        self.last = {}
        with (folder / "output").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", self.worker, str(plan), str(journal)],
                env={**os.environ, **ALLOCATOR},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            with journal.open() as lines:
                reader = Reader(lines)
                try:
                    self.follow(process, reader)
                finally:
                    process.terminate()
                    process.wait()
                    self.hear(reader)  # what came last, an interrupted run's too
        if process.returncode == 0:
            return True
        self.blame(self.last, process.returncode, (folder / "output").read_text())
        return False

    def follow(self, process: subprocess.Popen, reader: Reader) -> None:
        """Until the process ends, by itself or because it has been silent for too long."""
        heard = time.monotonic()
        while process.poll() is None:
            if self.hear(reader):
                heard = time.monotonic()
            if time.monotonic() - heard > SILENT_SECONDS:
                process.kill()
            time.sleep(0.05)

    def hear(self, reader: Reader) -> bool:
        """Takes in all events that there are; whether there was any."""
        events = reader.read()
        for event in events:
            kind = event["event"]
            if kind == "begin":
                self.last = event
                self.progress.shows(event["case"], event["contestant"])
            elif kind == "unloadable":
                self.unloadable[event["peer"]] = event["reason"]
            elif kind == "case":
                self.pending = []
            elif kind == "row":
                self.pending.append(event["row"])
            elif kind == "done":
                self.rows += self.pending
                self.done.add((event["study"], event["case"]))
                self.progress.steps()
                self.keep(Outcome(self.rows, self.unloadable, False))
        return bool(events)

    def blame(self, last: dict, status: int, output: str) -> None:
        """Whoever was called when the process ended has no row, or is not called any more."""
        text = output.strip().splitlines()
        if not last:
            raise RuntimeError("the measuring process does not start:\n" + "\n".join(text[-20:]))
        why = f"crashed ({signal.Signals(-status).name})" if status < 0 else f"exited with {status}"
        if status == -signal.SIGKILL:
            why = "killed (SIGKILL): the memory did not suffice, or it was silent for too long"
        if not last["case"]:
            self.unloadable[last["peer"]] = why
            self.peers.remove(last["peer"])
            return
        self.lost.add((last["case"], last["contestant"]))
        for case in self.left():
            if case.name == last["case"]:
                self.rows.append(
                    row_of(case, last["contestant"], last["peer"], missing=why, failed=True)
                )
