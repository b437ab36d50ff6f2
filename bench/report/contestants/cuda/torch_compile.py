"""torch.compile of both forms on the GPU, for one shape each, into memory that is given."""

import torch

from ..torch_compile import Compiled, form_of
from ..torch_norms import before
from . import replayed


class OnGpu(Compiled):
    def prepare(self, case, buffers):
        normed = before(case, buffers.weight)
        compiled = form_of(self.stacked, normed, case.pairing)

        @torch.inference_mode()
        def run():
            compiled(buffers.x, buffers.cos, buffers.sin, buffers.out)

        return replayed(run, lambda: buffers.out)


def contestants():
    return [
        OnGpu("torch.compile, strided", False),
        OnGpu("torch.compile, stack + flatten", True),
    ]
