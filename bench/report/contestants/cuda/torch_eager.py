"""PyTorch eager on the GPU, in the two forms that model code has. The strided one is the definition."""

import torch

from ..torch_eager import Eager, stack_flatten, strided
from ..torch_norms import before
from . import replayed


class OnGpu(Eager):
    def prepare(self, case, buffers):
        x, cos, sin = buffers.x, buffers.cos, buffers.sin
        normed = before(case, buffers.weight)
        last = [buffers.out]

        @torch.inference_mode()
        def run():
            if self.stacked:
                last[0] = stack_flatten(normed(x), cos, sin, case.pairing)
            else:
                strided(normed(x), cos, sin, buffers.out, case.pairing)

        return replayed(run, lambda: last[0])


def contestants():
    return [OnGpu("PyTorch eager, strided", False), OnGpu("PyTorch eager, stack + flatten", True)]
