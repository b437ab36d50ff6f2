"""torch.compile of both forms, for one shape each, into memory that is given."""

from __future__ import annotations

import torch

from . import Contestant, Prepared
from .torch_eager import normalises, stack_flatten, strided, tensors


def form_of(stacked: bool, normed, pairing: str):
    """A compiled form(x, cos, sin, out) of normed(x), which forgets all shapes that came before."""
    torch._dynamo.reset()  # else more shapes than its cache holds fall back to eager in silence

    def by_stack(x, cos, sin, out):
        out.copy_(stack_flatten(normed(x), cos, sin, pairing))

    def by_strides(x, cos, sin, out):
        strided(normed(x), cos, sin, out, pairing)

    return torch.compile(by_stack if stacked else by_strides, dynamic=False, fullgraph=True)


class Compiled(Contestant):
    peer = "torch.compile"
    norms = True
    compiles = True

    def __init__(self, name: str, stacked: bool):
        self.name, self.stacked = name, stacked

    @torch.inference_mode()
    def prepare(self, case, buffers):
        torch.set_num_threads(case.threads)
        x, cos, sin, out = tensors(case, buffers)
        compiled = form_of(self.stacked, normalises(case, buffers), case.pairing)

        @torch.inference_mode()
        def run():
            compiled(x, cos, sin, out)

        run()
        return Prepared(run, lambda: buffers.out)


def contestants():
    return [
        Compiled("torch.compile, strided", False),
        Compiled("torch.compile, stack + flatten", True),
    ]
