"""Runs of one machine, device and commit as one: a machine that is lent is measured in parts."""

from __future__ import annotations

import json
import re

from .results import device
from .studies import STUDIES

OF_A_RUN = ("command", "date")  # of the machine's fields, what two parts may differ in
OUT = re.compile(r" --out[= ]\S+")  # where the files went says nothing of the figures


def groups(runs: list[dict]) -> list[list[dict]]:
    """Those that are one, in order. A run of no known commit, or of a changed tree, is alone."""
    found: dict[object, list[dict]] = {}
    for number, results in enumerate(runs):
        about = {key: text for key, text in results["machine"].items() if key not in OF_A_RUN}
        commit = about.get("Ropewalk", "").partition(" ")[2]
        versions = [(peer["key"], peer["versions"]) for peer in results["peers"]]
        known = commit and not commit.endswith("-dirty")
        found.setdefault(json.dumps([about, versions]) if known else number, []).append(results)
    return list(found.values())


def of_case(row: dict) -> tuple[str, str]:
    return row["case"]["study"], row["case"]["name"]


def studies_of(rows: list[dict]) -> list[str]:
    return list(dict.fromkeys(row["case"]["study"] for row in rows))


def cut_off(results: dict) -> list[str]:
    """Studies in which a run was interrupted: cases are measured in order, so the last one."""
    last = [] if results["complete"] else studies_of(results["rows"])[-1:]
    return results.get("cut_off", last)


def not_reached(machine: dict, there: list[str]) -> list[str]:
    """Studies that the commands asked for and that have no case."""
    asked: set[str] = set()
    for command in machine["command"].split("; "):
        named = re.search(r" --studies[= ](\S+)", command)
        asked |= set(named[1].split(",") if named else STUDIES)
    if device({"machine": machine}) == "cuda":
        asked -= {"threads"}
    return [study for study in STUDIES if study in asked and study not in there]


def joined(runs: list[dict]) -> dict:
    """Of a case that several have, the rows of the first complete one."""
    rows: list[dict] = []
    complete = [results for results in runs if results["complete"]]
    parts = [results for results in runs if not results["complete"]]
    for results in complete + parts:
        taken = {of_case(row) for row in rows}
        rows += [row for row in results["rows"] if of_case(row) not in taken]
    order = {study: place for place, study in enumerate(STUDIES)}
    rows.sort(key=lambda row: order.get(row["case"]["study"], len(order)))
    whole = {study for results in complete for study in studies_of(results["rows"])}
    cut = [study for results in parts for study in cut_off(results) if study not in whole]
    machines = [results["machine"] for results in runs]
    commands = dict.fromkeys(OUT.sub("", about["command"]) for about in machines)
    about = {
        **machines[0],
        "command": "; ".join(commands),
        "date": ", ".join(dict.fromkeys(about["date"] for about in machines)),
    }
    missing = parts and not_reached(about, studies_of(rows))
    peers = zip(*(results["peers"] for results in runs))
    return {
        **runs[0],
        "machine": about,
        "peers": [min(of_one, key=lambda peer: bool(peer["missing"])) for of_one in peers],
        "notes": list(dict.fromkeys(note for one in runs for note in one.get("notes", []))),
        "complete": not (cut or missing),
        "cut_off": cut,
        "rows": rows,
    }


def interrupted(results: dict) -> str:
    """What is there of a run that was not ended; empty where nothing is missing."""
    if results["complete"]:
        return ""
    there = [of_case(row) for row in results["rows"]]
    said = [
        f"of {study} {len({name for one, name in there if one == study})} cases are there"
        for study in cut_off(results)
    ]
    missing = not_reached(results["machine"], studies_of(results["rows"]))
    said += [f"of {' and '.join(missing)} none"] if missing else []
    return "the run was interrupted: " + (", ".join(said) or "parts are missing")
