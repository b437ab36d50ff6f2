"""PyTorch eager on the GPU, in the two forms that model code has. The strided one is the definition."""

import torch

from ...cases import LAYOUTS
from .. import Contestant
from ..torch_eager import stack_flatten, strided
from . import replayed


class Eager(Contestant):
    peer = "torch"
    layouts = LAYOUTS

    def __init__(self, name: str, stacked: bool):
        self.name, self.stacked = name, stacked

    def prepare(self, case, buffers):
        x, cos, sin = buffers.x, buffers.cos, buffers.sin
        last = [buffers.out]

        @torch.inference_mode()
        def run():
            if self.stacked:
                last[0] = stack_flatten(x, cos, sin, case.pairing)
            else:
                strided(x, cos, sin, buffers.out, case.pairing)

        return replayed(run, lambda: last[0])


def contestants():
    return [Eager("PyTorch eager, strided", False), Eager("PyTorch eager, stack + flatten", True)]
