"""Norms of queries and keys right before they turn: data. Each is the rule of models."""

from __future__ import annotations

import dataclasses

EPS = 1e-6


@dataclasses.dataclass(frozen=True)
class Norm:
    finish: str  # of boundary.FINISHES
    over_token: bool  # the features of all heads of a token together; else those of a head
    title: str


NORMS = {
    # Of Flux; of Wan, Helios and LTX; of Qwen3 and Qwen-Image.
    "head": Norm("one_rounding", False, "a norm per head"),
    "token": Norm("one_rounding", True, "a norm over the token"),
    "head-hf": Norm("round_then_weight", False, "a norm per head, rounded before its weight"),
}
