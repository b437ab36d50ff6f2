"""The C boundary of Ropewalk, and the report's own library of limits and threads, by ctypes."""

from __future__ import annotations

import ctypes as c
import functools
import os
from pathlib import Path

import numpy as np

from .cases import Case
from .norms import EPS, NORMS

DTYPES = {"f32": 0, "f64": 1, "f16": 2, "bf16": 3}
PAIRINGS = {"interleaved": 0, "half": 1}
FORMS = {"strided": 0, "stack_flatten": 1}  # of the report's library
FINISHES = {"one_rounding": 0, "round_then_weight": 1, "one_plus_weight": 2}
MOVES = {"memcpy": 0, "stream_copy": 1, "scale_inplace": 2}


class Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("dtype", c.c_int32),
        ("reserved", c.c_int32),
        ("shape", c.c_int64 * 4),
        ("strides", c.c_int64 * 3),
    ]


class Reader(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("stride", c.c_int64),
        ("negative", c.c_int32),
        ("reserved", c.c_int32),
    ]


class Table(c.Structure):
    _fields_ = [
        ("struct_size", c.c_int64),
        ("dtype", c.c_int32),
        ("id_bits", c.c_int32),
        ("shape", c.c_int64 * 4),
        ("strides", c.c_int64 * 3),
        ("readers", Reader * 4),
        ("ids", c.c_void_p),
        ("id_shape", c.c_int64 * 2),
        ("id_batch_stride", c.c_int64),
        ("ids_are_starts", c.c_int32),
        ("leaves", c.c_int32),
        ("left_id", c.c_int64),
        ("first_position", c.c_int64),
        ("owner", c.c_void_p),
    ]


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_int64), ("pairing", c.c_int32), ("compute", c.c_int32)]


class Norm(c.Structure):
    _fields_ = [
        ("struct_size", c.c_int64),
        ("weight", c.c_void_p),
        ("weight_size", c.c_int64),
        ("eps", c.c_double),
        ("weight_dtype", c.c_int32),
        ("finish", c.c_int32),
        ("over", c.c_int32),
        ("reserved", c.c_int32),
    ]


class Threads(c.Structure):
    _fields_ = [("parallel_for", c.c_void_p), ("context", c.c_void_p)]


def _folder(part: str) -> Path:
    """Where bench/run has built a library."""
    return Path(os.environ.get("ROPEWALK_BUILD", "build/release")) / part


@functools.cache
def library() -> c.CDLL:
    lib = c.CDLL(str(_folder("cmake/c/libropewalk_c.so")))
    lib.ropewalk_last_error.restype = lib.ropewalk_version.restype = c.c_char_p
    return lib


@functools.cache
def helper() -> c.CDLL:
    lib = c.CDLL(str(_folder("bench/libropewalk_report.so")))
    lib.ropewalk_report_limit_isa.restype = lib.ropewalk_report_compiler.restype = c.c_char_p
    return lib


@functools.cache
def cuda() -> c.CDLL:
    lib = c.CDLL(str(_folder("bench/libropewalk_report_cuda.so")))
    lib.ropewalk_report_cuda_apply.restype = lib.ropewalk_report_nvcc.restype = c.c_char_p
    return lib


def cuda_compiler() -> str:
    return "nvcc " + cuda().ropewalk_report_nvcc().decode()


@functools.cache
def threads(count: int) -> Threads | None:
    """What the calls take for so many threads; one pool each for the life of the process."""
    if count == 1:
        return None
    pool = Threads()
    helper().ropewalk_report_threads(c.byref(pool), c.c_int32(count))
    return pool


def check(status: int) -> None:
    if status != 0:
        raise RuntimeError(library().ropewalk_last_error().decode())


def tensor(values: np.ndarray, dtype: str) -> Tensor:
    steps = [step // values.itemsize for step in values.strides]
    return Tensor(values.ctypes.data, DTYPES[dtype], 0, values.shape, (c.c_int64 * 3)(*steps[:3]))


def table(cos: np.ndarray, sin: np.ndarray, dtype: str) -> Table:
    """A table over the memory of cos and sin [seq, heads | 1, pairs]."""
    made = Table(struct_size=c.sizeof(Table))
    tensors = tensor(cos[None], dtype), tensor(sin[None], dtype)
    check(library().ropewalk_table_set(c.byref(made), 0, c.byref(tensors[0]), c.byref(tensors[1])))
    return made


def norm_of(case: Case, weight: int) -> Norm:
    """That of a case, by the address of its weights."""
    rule = NORMS[case.norm]
    return Norm(
        struct_size=c.sizeof(Norm),
        weight=weight,
        weight_size=case.normed_together,
        eps=EPS,
        weight_dtype=DTYPES[case.dtype],
        finish=FINISHES[rule.finish],
        over=int(rule.over_token),
    )


def applies(
    out: Tensor | None, x: Tensor, norm: Norm | None, rows: Table, pairing: str, count: int
):
    """A function of no arguments that normalises x, where there is a norm, and rotates it.

    All that can be is worked out before.
    """
    pool = threads(count)
    options = Options(c.sizeof(Options), PAIRINGS[pairing], 0)
    tensors = pool and c.byref(pool), out and c.byref(out), c.byref(x)
    how = c.c_int64(1), c.byref(rows), c.byref(options)
    call = library().ropewalk_apply
    arguments = (*tensors, *how)
    if norm:
        call = library().ropewalk_apply_normed
        arguments = (*tensors, c.byref(c.pointer(norm)), *how)
    check(call(*arguments))
    return lambda: call(*arguments)


def apply_inplace(tensors: list[Tensor], rows: Table, pairing: str, count: int) -> None:
    """Rotates tensors of one batch and seq by one call."""
    pool = threads(count)
    options = Options(c.sizeof(Options), PAIRINGS[pairing], 0)
    check(
        library().ropewalk_apply(
            pool and c.byref(pool),
            None,
            (Tensor * len(tensors))(*tensors),
            c.c_int64(len(tensors)),
            c.byref(rows),
            c.byref(options),
        )
    )


def apply_normed(
    outs: list[Tensor] | None,
    tensors: list[Tensor],
    norms: list[Norm | None],
    rows: Table,
    pairing: str,
) -> None:
    """Normalises and rotates tensors by one call, each by its norm; without outs in place."""
    options = Options(c.sizeof(Options), PAIRINGS[pairing], 0)
    count = len(tensors)
    check(
        library().ropewalk_apply_normed(
            None,
            outs and (Tensor * count)(*outs),
            (Tensor * count)(*tensors),
            (c.POINTER(Norm) * count)(*(norm and c.pointer(norm) for norm in norms)),
            c.c_int64(count),
            c.byref(rows),
            c.byref(options),
        )
    )


def cuda_apply(
    stream: int,
    out: Tensor | None,
    tensors: list[Tensor],
    norm: Norm | None,
    rows: tuple[Tensor, Tensor],
    pairing: str,
) -> None:
    """Launches the rotation of one tensor, or of several in place; rows are cos and sin."""
    wrong = cuda().ropewalk_report_cuda_apply(
        c.c_void_p(stream),
        out and c.byref(out),
        (Tensor * len(tensors))(*tensors),
        c.c_int64(len(tensors)),
        norm and c.byref(norm),
        *map(c.byref, rows),
        c.c_int32(PAIRINGS[pairing]),
    )
    if wrong:
        raise RuntimeError(wrong.decode())


def defines(
    form: str,
    tensors: tuple[Tensor, Tensor, Tensor, Tensor],
    norm: Norm | None,
    pairing: str,
    count: int,
):
    """A function of no arguments that rotates by a definition; tensors are out, x, cos and sin."""
    pool = threads(count)
    arguments = (
        pool and c.byref(pool),
        c.c_int32(FORMS[form]),
        *map(c.byref, tensors),
        norm and c.byref(norm),
        c.c_int32(PAIRINGS[pairing]),
    )
    call = helper().ropewalk_report_form
    if call(*arguments) != 0:
        raise RuntimeError(f"{form}: the arguments are wrong")
    return lambda: call(*arguments)


def moves(move: str, out: np.ndarray, x: np.ndarray, count: int):
    """A function of no arguments that moves x [batch, seq, ..] to out by one of MOVES."""
    pool = threads(count)
    tokens = x.shape[0] * x.shape[1]
    arguments = (
        pool and c.byref(pool),
        c.c_int32(MOVES[move]),
        c.c_void_p(out.ctypes.data),
        c.c_void_p(x.ctypes.data),
        c.c_int64(tokens),
        c.c_int64(x.nbytes // tokens),
    )
    call = helper().ropewalk_report_move
    return lambda: call(*arguments)
