"""On a GPU: buffers are PyTorch's tensors, and calls are captured in a graph and replayed."""

from __future__ import annotations

from typing import Callable

import torch

from ...gpu import Replay
from .. import Prepared, Skip


def replayed(run: Callable[[], object], output: Callable[[], object], **rest) -> Prepared:
    with torch.inference_mode():
        timer = Replay(run)
    return Prepared(run, output, timer=timer, **rest)


class Split:
    """x's heads in two tensors, for who rotates queries and keys in one call, in place."""

    def __init__(self, case, buffers):
        if case.heads < 2:
            raise Skip("queries and keys: two heads at least")
        self.x, self.queries = buffers.x, (case.heads + 1) // 2
        self.q, self.k = (part.clone(memory_format=torch.contiguous_format) for part in self.parts())

    def parts(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[:, :, : self.queries], self.x[:, :, self.queries :]

    def start(self) -> None:
        for to, part in zip((self.q, self.k), self.parts()):
            to.copy_(part)

    def output(self) -> torch.Tensor:
        return torch.cat([self.q, self.k], dim=2)
