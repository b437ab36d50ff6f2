"""torch.compile of both forms on the GPU, for one shape each, into memory that is given."""

import torch

from .. import Contestant
from ..torch_compile import form_of
from . import replayed


class Compiled(Contestant):
    peer = "torch.compile"
    compiles = True

    def __init__(self, name: str, stacked: bool):
        self.name, self.stacked = name, stacked

    def prepare(self, case, buffers):
        compiled = form_of(self.stacked, case.pairing)

        @torch.inference_mode()
        def run():
            compiled(buffers.x, buffers.cos, buffers.sin, buffers.out)

        return replayed(run, lambda: buffers.out)


def contestants():
    return [
        Compiled("torch.compile, strided", False),
        Compiled("torch.compile, stack + flatten", True),
    ]
