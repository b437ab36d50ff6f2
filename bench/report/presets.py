"""Presets through the C boundary: what they say, and the tables that they make."""

from __future__ import annotations

import ctypes as c
import dataclasses

import numpy as np

from . import boundary
from .boundary import Reader, Table, check, library
from .floats import STORED

DTYPES = {number: name for name, number in boundary.DTYPES.items()}
PAIRINGS = {number: name for name, number in boundary.PAIRINGS.items()}


class Info(c.Structure):
    _fields_ = [
        ("struct_size", c.c_int64),
        ("name", c.c_char_p),
        ("source", c.c_char_p),
        ("heads", c.c_int64),
        ("kv_heads", c.c_int64),
        ("head_dim", c.c_int64),
        ("offset", c.c_int64),
        ("pairs", c.c_int64),
        ("axes", c.c_int64),
        ("pairing", c.c_int32),
        ("compute", c.c_int32),
        ("table_dtype", c.c_int32),
        ("reserved", c.c_int32),
    ]


@dataclasses.dataclass(frozen=True)
class Preset:
    name: str
    heads: int  # of queries and keys
    head_dim: int
    pairing: str
    table_dtype: str  # for x of the dtype that was asked for


def _model(name: str) -> c.c_void_p:
    model = c.c_void_p()
    check(library().ropewalk_model_find(c.byref(model), name.encode(), 0))
    return model


def preset(name: str, dtype: str) -> Preset:
    info = Info(struct_size=c.sizeof(Info))
    check(library().ropewalk_model_describe(c.byref(info), _model(name)))
    table = dtype if info.table_dtype < 0 else DTYPES[info.table_dtype]
    return Preset(name, info.heads + info.kv_heads, info.head_dim, PAIRINGS[info.pairing], table)


def _rows(reader: Reader, table: Table) -> np.ndarray:
    """A copy of one coefficient, [seq, heads | 1, pairs]."""
    dtype = np.dtype(STORED[DTYPES[table.dtype]])
    shape = tuple(table.shape[1:])
    strides = (table.strides[1], table.strides[2], reader.stride)
    reach = 1 + sum((size - 1) * step for size, step in zip(shape, strides))
    memory = (c.c_char * (reach * dtype.itemsize)).from_address(reader.data)
    return np.lib.stride_tricks.as_strided(
        np.frombuffer(memory, dtype), shape, [step * dtype.itemsize for step in strides]
    ).copy()


def cos_and_sin(name: str, dtype: str, grid: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The table of a model over a grid, as x of the dtype is turned by it."""
    model = _model(name)
    cells, axes = int(np.prod(grid)), len(grid)
    positions = np.empty((cells, axes))
    check(
        library().ropewalk_model_positions(
            c.c_void_p(positions.ctypes.data), model, (c.c_int64 * axes)(*grid), c.c_int64(axes)
        )
    )
    table = Table(struct_size=c.sizeof(Table))
    check(
        library().ropewalk_model_table(
            c.byref(table),
            model,
            c.c_int32(boundary.DTYPES[dtype]),
            c.c_void_p(positions.ctypes.data),
            (c.c_int64 * 3)(1, cells, axes),
        )
    )
    cos_a, _, sin_a, _ = table.readers
    rows = _rows(cos_a, table), _rows(sin_a, table)
    library().ropewalk_table_free(c.byref(table))
    return rows
