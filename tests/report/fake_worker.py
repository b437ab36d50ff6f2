"""In the place of report.worker: one contestant ends the process, another does not load."""

import json
import os
import signal
import sys
from pathlib import Path

from report.cases import Case
from report.results import row_of


def main(plan_path, journal_path):
    plan = json.loads(Path(plan_path).read_text())
    journal = Path(journal_path).open("a", buffering=1)

    def say(event, **what):
        journal.write(json.dumps({"event": event, **what}) + "\n")

    if "unloadable" in plan["peers"]:
        say("begin", contestant="unloadable", peer="unloadable", case="")
        os.kill(os.getpid(), signal.SIGILL)
    for fields in plan["cases"]:
        case = Case(**fields)
        say("case", case=case.name, study=case.study)
        for name in ("steady", "crashing"):
            say("begin", case=case.name, contestant=name, peer=name)
            if [case.name, name] in plan["lost"]:
                continue
            if name == "crashing" and case.seq == 2:
                os.kill(os.getpid(), signal.SIGSEGV)
            if case.seq == 99:
                os.kill(os.getppid(), signal.SIGTERM if case.heads == 2 else signal.SIGINT)
                signal.pause()
            say("row", row=row_of(case, name, name, samples=[1.0]))
        say("done", case=case.name, study=case.study)


main(*sys.argv[1:])
