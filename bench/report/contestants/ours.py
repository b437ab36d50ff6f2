"""Ropewalk through its C boundary: one call of ctypes, a microsecond, is part of the time."""

from .. import boundary
from ..cases import LAYOUTS
from . import Contestant, Prepared, Skip


def norm(case, buffers):
    return boundary.norm_of(case, buffers.weight.ctypes.data) if case.norm else None


class Fused(Contestant):
    peer = ""
    layouts = LAYOUTS
    norms = True

    def __init__(self, name: str, inplace: bool):
        self.name, self.inplace = name, inplace

    def prepare(self, case, buffers):
        out = buffers.inplace if self.inplace else buffers.out
        x = boundary.tensor(out if self.inplace else buffers.x, case.dtype)
        table = boundary.table(buffers.cos, buffers.sin, case.table_dtype)
        written = None if self.inplace else boundary.tensor(out, case.dtype)
        run = boundary.applies(
            written, x, norm(case, buffers), table, case.pairing, case.threads
        )
        prepared = Prepared(run, lambda: out)
        if self.inplace:
            prepared.start = lambda: out.__setitem__(..., buffers.x)
        return prepared


class Definition(Contestant):
    """Not in the C boundary: the same C++ calls, from the report's own library."""

    peer = ""
    layouts = LAYOUTS
    norms = True

    def __init__(self, name: str, form: str):
        self.name, self.form = name, form

    def prepare(self, case, buffers):
        if case.table_dtype != "f32":
            raise Skip("the report compiles the definitions for float tables alone")
        if case.norm and self.form != "strided":
            raise Skip("a norm has one definition, beside apply_strided")
        rows = [boundary.tensor(part[None], "f32") for part in (buffers.cos, buffers.sin)]
        tensors = (
            boundary.tensor(buffers.out, case.dtype),
            boundary.tensor(buffers.x, case.dtype),
            *rows,
        )
        run = boundary.defines(
            self.form, tensors, norm(case, buffers), case.pairing, case.threads
        )
        return Prepared(run, lambda: buffers.out)


def contestants():
    return [
        Fused("apply", False),
        Fused("apply_inplace", True),
        Definition("apply_strided", "strided"),
        Definition("apply_stack_flatten", "stack_flatten"),
    ]
