"""One run: plan, measure, keep the results, draw the page."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from . import machine, results
from .cases import Case
from .peers import PEERS
from .series import OURS
from .studies import QUICK_TOKENS, cases
from .supervisor import Outcome, Supervisor
from .wanted import Wanted

# Of a case: rounds, and seconds of one with all peers and of one of many shapes. Slow contestants
# get fewer rounds.
FULL = 25, (20.0, 8.0)
QUICK = 9, (4.0, 1.5)
SHARE = {"cpu": 0.5, "cuda": 0.9}  # of the memory, that a run may take
NORMS_OF = "2.11."  # how the versions of torch begin whose norms the library has the bits of
NOT_INSTALLED = Path("not_installed.txt")  # beside the virtual environment: written by install.py


def plan(options) -> tuple[list[Case], list[str]]:
    """The cases that fit into memory, and what to say about the others."""
    wanted = cases(
        options.studies,
        Wanted(options.threads, options.quick, options.device, tuple(options.models)),
    )
    room = machine.memory_bytes(options.device) * SHARE[options.device]
    fitting = [case for case in wanted if case.needed <= room]
    notes = [
        f"{case.name} is left out: it takes {case.needed / 2**30:.1f} GiB"
        for case in wanted
        if case not in fitting
    ]
    if options.quick and "models" in options.studies:
        notes.append(f"--quick leaves out models with more than {QUICK_TOKENS:,} tokens")
    return fitting, notes


def not_installed() -> dict[str, str]:
    """Why pip did not install a package, by package."""
    path = Path(sys.prefix).parent / NOT_INSTALLED
    if not path.exists():
        return {}
    return dict(line.split("\t", 1) for line in path.read_text().splitlines() if "\t" in line)


def peer_list(device: str, chosen: list[str], unloadable: dict[str, str]) -> list[dict]:
    failed = not_installed()
    rows = []
    for peer in PEERS[device]:
        lacking = [package for package in peer.packages if not machine.version(package)]
        why = unloadable.get(peer.key, "")
        if lacking:
            why = "; ".join(
                f"{package}: {failed.get(package, 'not installed')}" for package in lacking
            )
        if peer.key not in chosen:
            why = "not asked for"
        versions = {package: machine.version(package) for package in peer.packages}
        rows.append({"key": peer.key, "title": peer.title, "versions": versions, "missing": why})
    return rows


def show(found: dict, folder: Path) -> None:
    from .page import page  # loads what draws
    from .pictures import draw
    from .publish import file_of
    from .style import on_white

    for old in folder.glob("pictures/*.svg"):
        old.unlink()
    (folder / "pictures").mkdir(exist_ok=True)
    for name, picture in draw(found).items():
        (folder / "pictures" / file_of(name)).write_text(on_white(picture))
    (folder / "report.html").write_text(page(found))
    print(f"The report: {folder / 'report.html'}")


def publish_runs(paths: list[Path], folder: Path) -> int:
    """Earlier runs' results as a page of the repository."""
    from .publish import NotOurs, publish

    try:
        publish([results.load(path) for path in paths], folder)
    except (results.Unreadable, NotOurs) as error:
        print(f"bench/run --publish: {error}", file=sys.stderr)
        return 2
    print(f"Written: {folder / 'README.md'} and {folder / 'measured'}")
    return 0


def torch_version(found: dict) -> str:
    """Of the PyTorch whose bits others are compared with; none: with our own."""
    return next(
        (
            peer["versions"]["torch"]
            for peer in found["peers"]
            if peer["key"] == "torch" and not peer["missing"]
        ),
        "",
    )


def is_promised(case: dict, torch: str) -> bool:
    """Whether ours must have the bits: of norms those of one PyTorch, on a CPU of x86-64."""
    if not case["norm"] or not torch:
        return True
    return torch.startswith(NORMS_OF) and (case["device"] == "cuda" or platform.machine() == "x86_64")


def wrong(rows: list[dict], torch: str = "", promised: bool = True) -> list[str]:
    """Rows of ours that have other bits than the definition, or failed: faults of this library; or
    those whose bits are not promised."""
    return [
        f"{row['contestant']} {row['case']['name']}: {row.get('missing', 'other bits than eager')}"
        for row in rows
        if row["contestant"] in OURS
        and (row.get("failed") or (row.get("exactness") or {}).get("differs"))
        and (row.get("failed", False) or is_promised(row["case"], torch)) == promised
    ]


def results_of(options, about: dict, notes: list[str], outcome: Outcome) -> dict:
    said = list(notes)
    if "torch" not in options.peers or "torch" in outcome.unloadable:
        own = {"cpu": "apply_strided", "cuda": "apply"}[options.device]
        said.append(f"bits are compared with {own}'s: PyTorch was not among the peers")
    return {
        "schema": results.SCHEMA,
        "machine": about,
        "peers": peer_list(options.device, options.peers, outcome.unloadable),
        "notes": said,
        "complete": outcome.complete,
        "rows": outcome.rows,
    }


def measure(options, about: dict, planned: list[Case], notes: list[str]) -> dict:
    """The results of a run, which are kept after each case: a machine may be taken away."""
    unfinished = options.out / "unfinished.json"
    rounds, seconds = QUICK if options.quick else FULL
    outcome = Supervisor(
        planned,
        options.peers,
        rounds,
        seconds,
        options.device,
        keep=lambda sofar: results.save(unfinished, results_of(options, about, notes, sofar)),
    ).run()
    found = results_of(options, about, notes, outcome)
    results.save(options.out / "report.json", found)
    unfinished.unlink(missing_ok=True)
    return found


def make(options, command: list[str]) -> int:
    try:
        planned, notes = plan(options)
        about = machine.fingerprint(command, options.device)
    except machine.NoDevice as error:
        print(f"bench/run: {error}", file=sys.stderr)
        return 2
    for note in notes:
        print("note:", note)
    if not planned:
        print("bench/run: nothing is left to measure", file=sys.stderr)
        return 2
    found = measure(options, about, planned, notes)
    for peer in found["peers"]:
        if peer["missing"]:
            print(f"{peer['title']}: {peer['missing']}")
    print(f"{len(results.measured(found['rows']))} figures in {options.out / 'report.json'}")
    if found["rows"]:
        show(found, options.out)
    torch = torch_version(found)
    for other in wrong(found["rows"], torch, promised=False):
        print(f"note: {other}, which is torch {torch}: norms have the bits of {NORMS_OF}x")
    faults = wrong(found["rows"], torch)
    for fault in faults:
        print("WRONG:", fault, file=sys.stderr)
    if not found["complete"]:
        return 130
    return 1 if faults else 0
