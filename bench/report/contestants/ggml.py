"""ggml's library by ctypes; its operator works out cos and sin itself, in float."""

from __future__ import annotations

import ctypes as c
import functools
from pathlib import Path

import libggml
import numpy as np

from ..buffers import THETA, aligned, positions
from ..norms import EPS, NORMS
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
        "rms_norm",
        "rms_norm_inplace",
        "mul_inplace",
        "reshape_4d",
        "rope_ext",
        "rope_ext_inplace",
        "new_graph",
        "backend_cpu_buffer_from_ptr",
        "get_data",
    ):
        getattr(base, "ggml_" + name).restype = c.c_void_p
    cpu.ggml_backend_cpu_init.restype = c.c_void_p
    return base, cpu


class Graph:
    """Tensors of ggml over memory that is there; shapes as NumPy has them, the last one inmost."""

    def __init__(self):
        self.base, self.cpu = libraries()
        self.context = c.c_void_p(self.base.ggml_init(Parameters(1 << 22, None, True)))
        self.held: list = []  # what ggml only points to

    def tensor(self, kind: int, shape, values: np.ndarray):
        sizes = [c.c_int64(size) for size in reversed((*(1,) * (4 - len(shape)), *shape))]
        made = c.c_void_p(self.base.ggml_new_tensor_4d(self.context, kind, *sizes))
        return self.place(made, values)

    def place(self, tensor, values: np.ndarray):
        memory = c.c_void_p(values.ctypes.data)
        buffer = c.c_void_p(
            self.base.ggml_backend_cpu_buffer_from_ptr(memory, c.c_size_t(values.nbytes))
        )
        if self.base.ggml_backend_tensor_alloc(buffer, tensor, memory) != 0:
            raise RuntimeError("ggml_backend_tensor_alloc failed")
        self.held += [buffer, values]
        return tensor

    def view(self, name: str, *arguments):
        """Of an operator that writes over its first argument, or only sees it otherwise."""
        made = c.c_void_p(getattr(self.base, "ggml_" + name)(self.context, *arguments))
        self.base.ggml_backend_view_init(made)
        return made

    def reshaped(self, tensor, shape):
        return self.view("reshape_4d", tensor, *(c.c_int64(size) for size in reversed(shape)))

    def operator(self, name: str, out: np.ndarray | None, *arguments):
        """Written to `out`, or without it over its first argument."""
        if out is None:
            return self.view(name + "_inplace", *arguments)
        made = c.c_void_p(getattr(self.base, "ggml_" + name)(self.context, *arguments))
        return self.place(made, out)

    def computes(self, last, threads: int):
        """A function of no arguments that computes up to the last tensor."""
        graph = c.c_void_p(self.base.ggml_new_graph(self.context))
        self.base.ggml_build_forward_expand(graph, last)
        backend = c.c_void_p(self.cpu.ggml_backend_cpu_init())
        self.cpu.ggml_backend_cpu_set_n_threads(backend, threads)
        compute = self.base.ggml_backend_graph_compute

        def run():
            if compute(backend, graph) != 0:
                raise RuntimeError("ggml_backend_graph_compute failed")
            return self

        return run


class Rope(Contestant):
    peer = "ggml"
    norms = True

    def __init__(self, name: str, inplace: bool):
        self.name, self.inplace = name, inplace

    def prepare(self, case, buffers):
        if case.dtype == "bf16":
            raise Skip("no kernel for bfloat16")
        if case.table_dtype != "f32" or case.table_per_head or case.model:
            raise Skip("it works out its own table: plain frequencies, in float")
        if case.norm and case.dtype != "f32":
            raise Skip("its norm has float alone")
        ids = aligned((case.seq,), "i32")
        ids[...] = positions(case)
        graph = Graph()
        written = buffers.inplace if self.inplace else buffers.out
        x = graph.tensor(TYPES[case.dtype], case.shape, written if self.inplace else buffers.x)
        to = None if self.inplace else written
        if case.norm:
            x, to = self.normed(graph, x, to, case, buffers.weight), None
        numbers = [c.c_float(value) for value in (THETA, 1, 0, 1, 32, 1)]
        how = FREE, case.head_dim, MODES[case.pairing], 0, *numbers
        out = graph.operator("rope_ext", to, x, graph.tensor(I32, ids.shape, ids), *how)
        prepared = Prepared(graph.computes(out, case.threads), lambda: written, note=OWN_ANGLES)
        if self.inplace:
            prepared.start = lambda: written.__setitem__(..., buffers.x)
        return prepared

    @staticmethod
    def normed(graph, x, to, case, weight):
        """Its norm, which knows no weight, and a product."""
        together = (1, case.batch, case.seq, case.normed_together)
        rows = graph.reshaped(x, together) if NORMS[case.norm].over_token else x
        unit = graph.operator("rms_norm", to, rows, c.c_float(EPS))
        weights = graph.tensor(TYPES[case.dtype], weight.shape, weight)
        return graph.reshaped(graph.view("mul_inplace", unit, weights), case.shape)


def contestants():
    return [Rope("ggml", False), Rope("ggml, in place", True)]
