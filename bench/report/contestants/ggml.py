"""ggml's library by ctypes; its operator works out cos and sin itself, in float."""

from __future__ import annotations

import ctypes as c
import functools
from pathlib import Path

import libggml

from ..buffers import THETA, aligned, positions
from . import Contestant, Prepared, Skip

TYPES = {"f32": 0, "f16": 1, "bf16": 30}
I32 = 26
MODES = {"interleaved": 0, "half": 2}
FREE = c.c_void_p(None)
OWN_ANGLES = "works out its own angles, in float: most of its error is theirs"


class Parameters(c.Structure):
    _fields_ = [("mem_size", c.c_size_t), ("mem_buffer", c.c_void_p), ("no_alloc", c.c_bool)]


@functools.cache
def libraries() -> tuple[c.CDLL, c.CDLL]:
    folder = Path(libggml.__path__[0])
    base, cpu = (
        c.CDLL(str(next(folder.glob(f"lib*/lib{name}.so"))), c.RTLD_GLOBAL)
        for name in ("ggml-base", "ggml-cpu")
    )
    for name in (
        "init",
        "new_tensor_4d",
        "new_tensor_1d",
        "rope_ext",
        "rope_ext_inplace",
        "new_graph",
        "backend_cpu_buffer_from_ptr",
        "get_data",
    ):
        getattr(base, "ggml_" + name).restype = c.c_void_p
    cpu.ggml_backend_cpu_init.restype = c.c_void_p
    return base, cpu


class Rope(Contestant):
    peer = "ggml"

    def __init__(self, name: str, inplace: bool):
        self.name, self.inplace = name, inplace

    def prepare(self, case, buffers):
        if case.dtype == "bf16":
            raise Skip("no kernel for bfloat16")
        if case.table_dtype != "f32" or case.table_per_head or case.model:
            raise Skip("it works out its own table: plain frequencies, in float")
        base, cpu = libraries()
        context = c.c_void_p(base.ggml_init(Parameters(1 << 22, None, True)))
        ids = aligned((case.seq,), "i32")
        ids[...] = positions(case)
        source = buffers.inplace if self.inplace else buffers.x
        sizes = [c.c_int64(size) for size in reversed(case.shape)]
        x = c.c_void_p(base.ggml_new_tensor_4d(context, TYPES[case.dtype], *sizes))
        rows = c.c_void_p(base.ggml_new_tensor_1d(context, I32, c.c_int64(case.seq)))
        held = [self.place(base, x, source), self.place(base, rows, ids)]
        numbers = [c.c_float(value) for value in (THETA, 1, 0, 1, 32, 1)]
        rope = base.ggml_rope_ext_inplace if self.inplace else base.ggml_rope_ext
        out = c.c_void_p(
            rope(context, x, rows, FREE, case.head_dim, MODES[case.pairing], 0, *numbers)
        )
        if not self.inplace:
            held.append(self.place(base, out, buffers.out))
        else:
            base.ggml_backend_view_init(out)
        graph = c.c_void_p(base.ggml_new_graph(context))
        base.ggml_build_forward_expand(graph, out)
        backend = c.c_void_p(cpu.ggml_backend_cpu_init())
        cpu.ggml_backend_cpu_set_n_threads(backend, case.threads)
        compute = base.ggml_backend_graph_compute

        def run():
            if compute(backend, graph) != 0:
                raise RuntimeError("ggml_backend_graph_compute failed")
            return held, ids

        written = buffers.inplace if self.inplace else buffers.out
        prepared = Prepared(run, lambda: written, note=OWN_ANGLES)
        if self.inplace:
            prepared.start = lambda: written.__setitem__(..., buffers.x)
        return prepared

    @staticmethod
    def place(base, tensor, values):
        """Puts a tensor into memory that is there already."""
        memory = c.c_void_p(values.ctypes.data)
        buffer = c.c_void_p(
            base.ggml_backend_cpu_buffer_from_ptr(memory, c.c_size_t(values.nbytes))
        )
        if base.ggml_backend_tensor_alloc(buffer, tensor, memory) != 0:
            raise RuntimeError("ggml_backend_tensor_alloc failed")
        return buffer


def contestants():
    return [Rope("ggml", False), Rope("ggml, in place", True)]
