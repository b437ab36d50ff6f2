"""The limits of the machine: the same bytes moved by the best copies, and scaled in place."""

from .. import boundary
from ..cases import LAYOUTS
from . import Contestant, Prepared


class Limit(Contestant):
    peer = ""
    layouts = LAYOUTS
    norms = True  # as many bytes

    def __init__(self, name: str, move: str):
        self.name, self.move = name, move
        self.inplace = move == "scale_inplace"

    def prepare(self, case, buffers):
        out = buffers.inplace if self.inplace else buffers.out
        run = boundary.moves(self.move, out, buffers.x, case.threads)
        return Prepared(run, lambda: None)


def contestants():
    return [
        Limit("memcpy", "memcpy"),
        Limit("nontemporal copy", "stream_copy"),
        Limit("scale in place", "scale_inplace"),
    ]
