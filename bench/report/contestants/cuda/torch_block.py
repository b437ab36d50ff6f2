"""The attention block on the GPU, timed by its clock."""

from __future__ import annotations

import torch

from ... import boundary
from ...gpu import elapsed
from ..torch_block import FORMS, InBlock
from ..torch_eager import tensor
from .ours import table


class Clock:
    """Seconds between enter and exit on the device; `read` waits for it."""

    def __init__(self):
        self.inside: list[float] = []
        self.pairs = []

    def __enter__(self):
        self.pairs.append([torch.cuda.Event(enable_timing=True) for _ in range(2)])
        self.pairs[-1][0].record()

    def __exit__(self, *_):
        self.pairs[-1][1].record()

    def read(self) -> None:
        torch.cuda.synchronize()
        self.inside += [begin.elapsed_time(end) / 1e3 for begin, end in self.pairs]
        self.pairs.clear()


class OnGpu(InBlock):
    device = "cuda"

    def clock(self):
        return Clock()

    def timer(self, run, clock):
        def seconds(calls):
            whole = elapsed(run, calls) / calls
            clock.read()
            return whole

        return seconds

    def stored(self, out):
        return out

    def tables(self, case, buffers):
        return buffers.cos, buffers.sin

    def ours(self, case, buffers):
        rows = table(buffers, case.table_dtype)

        def rotate(xs):
            stream = torch.cuda.current_stream().cuda_stream
            boundary.cuda_apply(
                stream, None, [tensor(x, case.dtype) for x in xs], None, rows, case.pairing
            )

        return rotate


def contestants():
    return [OnGpu(name, form) for name, form in FORMS.items()]
