"""Liger's Triton kernel, of half pairs: queries and keys in place, in one call."""

from liger_kernel.ops.rope import rope_forward

from .. import Contestant, Skip
from . import Split, replayed


class Liger(Contestant):
    name = "Liger, in place"
    peer = "liger"
    inplace = True

    def prepare(self, case, buffers):
        if case.pairing != "half":
            raise Skip("half pairs alone")
        if case.table_per_head or case.table_dtype == "f64":
            raise Skip("one table of 16 or 32 bits for all heads")
        split = Split(case, buffers)
        q, k = (part.transpose(1, 2) for part in (split.q, split.k))  # seen as models see them
        # Rows of the whole width, [1, seq, head_dim], of which it reads the first half.
        cos, sin = (
            part.repeat(1, 1, 2).transpose(0, 1).contiguous() for part in (buffers.cos, buffers.sin)
        )
        return replayed(lambda: rope_forward(q, k, cos, sin), split.output, start=split.start)


def contestants():
    return [Liger()]
