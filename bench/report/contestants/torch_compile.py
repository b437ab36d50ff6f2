"""torch.compile of both forms, for one shape each, into memory that is given."""

from __future__ import annotations

import functools

import torch

from . import Contestant, Prepared
from .torch_eager import stack_flatten, strided, tensors


def form_of(stacked: bool, pairing: str):
    """A compiled form(x, cos, sin, out), which forgets all shapes that came before."""
    torch._dynamo.reset()  # else more shapes than its cache holds fall back to eager in silence

    def by_stack(x, cos, sin, out):
        out.copy_(stack_flatten(x, cos, sin, pairing))

    form = by_stack if stacked else functools.partial(strided, pairing=pairing)
    return torch.compile(form, dynamic=False, fullgraph=True)


class Compiled(Contestant):
    peer = "torch.compile"
    compiles = True

    def __init__(self, name: str, stacked: bool):
        self.name, self.stacked = name, stacked

    @torch.inference_mode()
    def prepare(self, case, buffers):
        torch.set_num_threads(case.threads)
        x, cos, sin, out = tensors(case, buffers)
        compiled = form_of(self.stacked, case.pairing)

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
