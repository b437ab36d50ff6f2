"""The options of --report and --compare; what is wrong with them is one clear line."""

from __future__ import annotations

import argparse
from pathlib import Path

from .cases import DEVICES
from .cores import cores
from .peers import KEYS, PEERS
from .studies import STUDIES
from .workloads import WORKLOADS, chosen


OUT = {"cpu": Path("bench/out"), "cuda": Path("bench/out/cuda")}


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"bench/run: {message}\n")


def names(text: str, known: list[str], what: str, none: bool = False) -> list[str]:
    """Names between commas, each of which must be known; "none" only where that makes sense."""
    if none and text == "none":
        return []
    chosen = [name for name in text.split(",") if name]
    if not chosen:
        raise argparse.ArgumentTypeError(f"no {what} named; known are {', '.join(known)}")
    for name in chosen:
        if name not in known:
            raise argparse.ArgumentTypeError(
                f"no {what} is called {name!r}; known are {', '.join(known)}"
            )
    return list(dict.fromkeys(chosen))


def peers(text: str) -> list[str]:
    return names(text, list(KEYS), "peer", none=True)


def studies(text: str) -> list[str]:
    return names(text, list(STUDIES), "study")


def models(text: str) -> list[str]:
    """Beginnings of names, each of which some model must have."""
    prefixes = [name.strip() for name in text.split(",") if name.strip()]
    known = ", ".join(dict.fromkeys(workload.preset for workload in WORKLOADS.values()))
    if not prefixes:
        raise argparse.ArgumentTypeError(f"no model named; known are {known}")
    for prefix in prefixes:
        if not chosen([prefix]):
            raise argparse.ArgumentTypeError(
                f"no model's name begins with {prefix!r}; known are {known}"
            )
    return prefixes


def threads(text: str) -> list[int]:
    try:
        counts = [int(count) for count in text.split(",") if count]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are no numbers of threads") from None
    if not counts:
        raise argparse.ArgumentTypeError("no number of threads given")
    for count in counts:
        if not 1 <= count <= cores():
            raise argparse.ArgumentTypeError(
                f"{count} threads: this machine has {cores()} cores for them"
            )
    return sorted(set(counts))


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(
        prog="bench/run",
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,  # bench/run reads some of them
        epilog="ROPEWALK_PYTHON=python3 bench/run --report takes the peers that this Python has,\n"
        "and installs nothing.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--report",
        action="store_true",
        help="measure RoPE beside its peers: bench/out/report.html and report.json",
    )
    what.add_argument(
        "--compare",
        metavar="OLD.json",
        type=Path,
        help="compare bench/out/report.json, or --with, to an older run;\n"
        "exits with 1 where something has become slower beyond the noise",
    )
    what.add_argument(
        "--publish",
        metavar="FOLDER",
        type=Path,
        help="write README.md, pictures and the rows of the last runs, or --with, for a repository",
    )
    parser.add_argument(
        "--with",
        dest="new",
        metavar="NEW.json",
        type=Path,
        action="append",
        help="the newer run of --compare (default: bench/out/report.json); a run of --publish,\n"
        "once for each (default: those of bench/out)",
    )
    parser.add_argument(
        "--slower",
        type=float,
        default=1.05,
        metavar="RATIO",
        help="what --compare takes for slower, where the difference is no noise",
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument(
        "--peers",
        type=peers,
        help="none, or some of " + ",".join(KEYS),
    )
    parser.add_argument(
        "--studies", type=studies, default=list(STUDIES), help="some of " + ",".join(STUDIES)
    )
    parser.add_argument(
        "--models",
        type=models,
        default=[],
        help="models whose names begin so, for example helios,wan2.2",
    )
    parser.add_argument(
        "--threads",
        type=threads,
        help="numbers of threads, between commas; default: 1 and all cores",
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="cpu", help="where; cuda asks for PyTorch and nvcc"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="default: bench/out, of a CUDA device bench/out/cuda",
    )
    found = parser.parse_args(arguments)
    if found.models and "models" not in found.studies:
        parser.error("--models chooses those of the study models, which --studies leaves out")
    return completed(parser, found)


def completed(parser: Parser, found: argparse.Namespace) -> argparse.Namespace:
    """What depends on the device."""
    known = [peer.key for peer in PEERS[found.device]]
    for key in found.peers or ():
        if key not in known:
            parser.error(f"{key} is no peer on {found.device}; there are {', '.join(known)}")
    if found.peers is None:
        found.peers = known
    if found.device == "cuda" and found.threads:
        parser.error("--threads is for --device=cpu")
    if found.device == "cuda" and found.studies == ["threads"]:
        parser.error("the study threads is for --device=cpu")
    if found.threads is None:
        found.threads = sorted({1, cores()}) if found.device == "cpu" else [1]
    if found.out is None:
        found.out = OUT[found.device]
    if found.new is None:
        runs = [folder / "report.json" for folder in OUT.values()]
        found.new = [path for path in runs if found.publish and path.exists()] or runs[:1]
    if found.compare and len(found.new) > 1:
        parser.error("--compare takes one --with")
    return found
