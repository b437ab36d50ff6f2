"""Of which machine and which sizes the cases of a run are."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Wanted:
    threads: list[int]  # of the CPU; in order
    quick: bool = False
    device: str = "cpu"  # of cases.DEVICES
    prefixes: tuple[str, ...] = ()  # of models' names; none: all models
