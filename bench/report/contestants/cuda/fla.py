"""flash-linear-attention's Triton kernel, which began as flash-attention's."""

import torch
from fla.modules.rotary import rotary_embedding

from .. import Contestant, Skip
from . import replayed


class Rotary(Contestant):
    peer = "fla"

    def __init__(self, name: str, inplace: bool):
        self.name, self.inplace = name, inplace

    def prepare(self, case, buffers):
        if case.table_per_head:
            raise Skip("one table for all heads")
        x = buffers.inplace if self.inplace else buffers.x
        cos, sin = (part[:, 0].to(x.dtype) for part in (buffers.cos, buffers.sin))
        last = [x]

        @torch.inference_mode()
        def run():
            last[0] = rotary_embedding(
                x, cos, sin, interleaved=case.pairing == "interleaved", inplace=self.inplace
            )

        note = "" if case.table_dtype == case.dtype else "its tables have x's type"
        prepared = replayed(run, lambda: last[0], note=note)
        if self.inplace:
            prepared.start = lambda: x.copy_(buffers.x)
        return prepared


def contestants():
    return [
        Rotary("flash-linear-attention", False),
        Rotary("flash-linear-attention, in place", True),
    ]
