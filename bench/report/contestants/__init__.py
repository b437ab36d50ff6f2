"""Who is measured: Ropewalk, the limits of the machine, and the peers that are installed."""

from __future__ import annotations

import dataclasses
import importlib
from typing import Callable

from ..cases import Case
from ..measure import Timer, timed
from ..peers import Peer


class Skip(Exception):
    """A case that a contestant has no kernel for; the text says why."""


@dataclasses.dataclass
class Prepared:
    """A call that is ready to be timed."""

    run: Callable[[], object]
    output: Callable[[], object]  # what the last run wrote, stored as the buffers are; None: a copy
    start: Callable[[], object] = lambda: None  # before a run whose output is compared
    inside: list[float] | None = None  # grows with every run: seconds in RoPE, where that is a part
    note: str = ""  # what a reader of the figure must know
    timer: Timer | None = None  # where the host's clock is not the one

    def seconds(self, calls: int) -> float:
        """A call, of so many one after the other."""
        return self.timer(calls) if self.timer else timed(self.run, calls)


class Contestant:
    """`prepare` works out all that a caller would do once, and raises Skip for what it lacks."""

    name: str  # stands in the results
    peer: str  # its key; "" for what needs none
    inplace = False
    layouts: tuple[str, ...] = ("bshd",)  # of cases.LAYOUTS, that it reads as they lie
    norms = False  # normalises, too, where a case says so
    studies: tuple[str, ...] = ()  # where it is called alone; else wherever a tensor is rotated
    compiles = False  # seconds for every shape: left out where shapes are many

    def prepare(self, case: Case, buffers) -> Prepared:
        raise NotImplementedError


OURS = {"cpu": ("limits", "ours"), "cuda": ("cuda.limits", "cuda.ours")}


def _made(module: str) -> list[Contestant]:
    return importlib.import_module(f".{module}", __name__).contestants()


def ours(device: str) -> list[Contestant]:
    return [contestant for module in OURS[device] for contestant in _made(module)]


def of_peer(peer: Peer) -> list[Contestant]:
    """Raises ImportError, or whatever the peer raises, where it does not load."""
    for name in peer.imports:
        importlib.import_module(name)
    return [contestant for module in peer.modules for contestant in _made(module)]
