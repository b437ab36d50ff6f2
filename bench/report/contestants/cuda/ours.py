"""Ropewalk's kernels, by the report's own library."""

import torch

from ... import boundary
from ..ours import Fused
from ..torch_eager import tensor
from . import replayed


def table(buffers, dtype: str) -> tuple[boundary.Tensor, boundary.Tensor]:
    return tensor(buffers.cos[None], dtype), tensor(buffers.sin[None], dtype)


class OnGpu(Fused):
    def prepare(self, case, buffers):
        out = buffers.inplace if self.inplace else buffers.out
        x = tensor(out if self.inplace else buffers.x, case.dtype)
        written = None if self.inplace else tensor(out, case.dtype)
        norm = boundary.norm_of(case, buffers.weight.data_ptr()) if case.norm else None
        rows = table(buffers, case.table_dtype)

        def run():
            stream = torch.cuda.current_stream().cuda_stream
            boundary.cuda_apply(stream, written, [x], norm, rows, case.pairing)

        prepared = replayed(run, lambda: out)
        if self.inplace:
            prepared.start = lambda: out.copy_(buffers.x)
        return prepared


def contestants():
    return [OnGpu("apply", False), OnGpu("apply_inplace", True)]
