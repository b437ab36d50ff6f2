"""The limits of the GPU: the driver's copy of the same bytes, and signs flipped in place."""

from ...cases import LAYOUTS
from .. import Contestant, Prepared
from . import replayed


class Limit(Contestant):
    peer = ""
    layouts = LAYOUTS
    norms = True  # as many bytes

    def __init__(self, name: str, inplace: bool):
        self.name, self.inplace = name, inplace

    def prepare(self, case, buffers) -> Prepared:
        # Whatever the layout: as many bytes one after the other.
        x, out = (part.new_empty(case.shape) for part in (buffers.x, buffers.out))
        x.zero_()
        run = out.neg_ if self.inplace else lambda: out.copy_(x)
        return replayed(run, lambda: None)


def contestants():
    return [Limit("device copy", False), Limit("signs flipped in place", True)]
