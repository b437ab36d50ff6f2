"""Calls the C boundary by ctypes with NumPy arrays, and compares with NumPy bit for bit."""

import ctypes as c
import itertools
import threading

import numpy as np

lib = c.CDLL("libropewalk_c.so")
lib.ropewalk_last_error.restype = lib.ropewalk_version.restype = c.c_char_p


class Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int32), ("reserved", c.c_int32),
                ("shape", c.c_int64 * 4), ("strides", c.c_int64 * 3)]


class Reader(c.Structure):
    _fields_ = [("data", c.c_void_p), ("stride", c.c_int64), ("negative", c.c_int32),
                ("reserved", c.c_int32)]


class Table(c.Structure):
    _fields_ = [("struct_size", c.c_int64), ("dtype", c.c_int32), ("id_bits", c.c_int32),
                ("shape", c.c_int64 * 4), ("strides", c.c_int64 * 3), ("readers", Reader * 4),
                ("ids", c.c_void_p), ("id_shape", c.c_int64 * 2), ("id_batch_stride", c.c_int64),
                ("ids_are_starts", c.c_int32), ("leaves", c.c_int32), ("left_id", c.c_int64),
                ("first_position", c.c_int64), ("owner", c.c_void_p)]


class Options(c.Structure):
    _fields_ = [("struct_size", c.c_int64), ("pairing", c.c_int32), ("compute", c.c_int32)]


Task = c.CFUNCTYPE(None, c.c_void_p, c.c_int64, c.c_int64)
ParallelFor = c.CFUNCTYPE(None, c.c_void_p, c.c_int64, c.c_int64, Task, c.c_void_p)


class Threads(c.Structure):
    _fields_ = [("parallel_for", ParallelFor), ("context", c.c_void_p)]


lib.ropewalk_table_set.argtypes = [c.POINTER(Table), c.c_int32, c.POINTER(Tensor),
                                   c.POINTER(Tensor)]
for of_ids in (lib.ropewalk_table_gather, lib.ropewalk_table_rows_of_each):
    of_ids.argtypes = [c.POINTER(Table), c.POINTER(Table), c.c_void_p, c.c_int32, c.c_int64,
                       c.c_int64]
lib.ropewalk_table_free.argtypes = [c.POINTER(Table)]
lib.ropewalk_table_free.restype = None
lib.ropewalk_apply.argtypes = [c.POINTER(Threads), c.POINTER(Tensor), c.POINTER(Tensor), c.c_int64,
                               c.POINTER(Table), c.POINTER(Options)]
lib.ropewalk_frequency_table.argtypes = [c.POINTER(Table), c.c_int32, c.c_int64, c.c_double,
                                         c.c_int64]

# The numbers of dtypes; bfloat16 is held by uint16.
F32, F64, F16, BF16 = range(4)
STORED = {F32: np.float32, F64: np.float64, F16: np.float16, BF16: np.uint16}
INTERLEAVED, HALF, INTERLEAVED_TO_HALF = range(3)


def works(status):
    assert status == 0, (status, lib.ropewalk_last_error())


def tensor(array, dtype):
    strides = [step // array.itemsize for step in array.strides]
    assert strides[3] == 1
    return Tensor(array.ctypes.data, dtype, 0, array.shape, (c.c_int64 * 3)(*strides[:3]))


# The reference: widen, step by step in the promoted type, narrow ----------------------------------

def narrow(values, dtype):
    """Rounds to a type; from double to 16 bits by way of float, as PyTorch does."""
    if dtype == F64:
        return values.astype(np.float64)
    values = values.astype(np.float32)
    if dtype == BF16:
        bits = values.view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        return np.where(np.isnan(values), 0x7FC0, rounded).astype(np.uint16)
    return values.astype(STORED[dtype])


def widen(values, dtype):
    """The value in float, doubles in double; exact."""
    if dtype == BF16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float64 if dtype == F64 else np.float32)


def promoted(x, table):
    if F64 in (x, table):
        return F64
    return x if x == table else F32


def rotated(x, x_dtype, cos, sin, table_dtype, pairing, wide):
    """Rows of x [.., head_dim] by cos and sin [.., pairs], in x's type."""
    steps = promoted(x_dtype, table_dtype)
    if wide and steps != F64:
        steps = F32
    held = np.float64 if steps == F64 else np.float32
    to = lambda values: widen(narrow(values, steps), steps)
    pairs = cos.shape[-1]
    even, odd = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    first, second = slice(0, pairs), slice(pairs, 2 * pairs)
    read = (first, second) if pairing == HALF else (even, odd)
    write = (even, odd) if pairing == INTERLEAVED else (first, second)
    wide_x = widen(x, x_dtype).astype(held)
    a, b = wide_x[..., read[0]], wide_x[..., read[1]]
    cos, sin = (widen(table, table_dtype).astype(held) for table in (cos, sin))
    out = x.copy()
    out[..., write[0]] = narrow(to(to(a * cos) - to(b * sin)), x_dtype)
    out[..., write[1]] = narrow(to(to(b * cos) + to(a * sin)), x_dtype)
    return out


def same_bits(a, b):
    return a.dtype == b.dtype and a.tobytes() == b.tobytes()


# Tests --------------------------------------------------------------------------------------------

def drawn(random, shape, dtype):
    """Normal numbers over many exponents, subnormal ones and zeros."""
    values = random.standard_normal(shape) * 2.0 ** random.integers(-30, 7, shape)
    return narrow(values, dtype)


def table_of(cos, sin, dtype, layout=0):
    table = Table(struct_size=c.sizeof(Table))
    works(lib.ropewalk_table_set(table, layout, tensor(cos, dtype), tensor(sin, dtype)))
    return table


def keeps_bits(random, x_dtype, table_dtype):
    cos, sin = (drawn(random, (1, 5, 1, 13), table_dtype) for _ in range(2))
    table = table_of(cos, sin, table_dtype)
    cos, sin = cos.reshape(5, 1, 13), sin.reshape(5, 1, 13)
    for pairing, wide in itertools.product(range(3), range(2)):
        # Every second head of a larger array, and features that pass through.
        x = drawn(random, (2, 5, 6, 30), x_dtype)[:, :, ::2]
        wanted = rotated(x, x_dtype, cos, sin, table_dtype, pairing, wide)
        out = np.zeros_like(wanted)
        options = Options(c.sizeof(Options), pairing, wide)
        works(lib.ropewalk_apply(None, tensor(out, x_dtype), tensor(x, x_dtype), 1, table, options))
        case = (x_dtype, table_dtype, pairing, wide)
        assert same_bits(out, wanted), case
        if pairing != INTERLEAVED_TO_HALF:
            works(lib.ropewalk_apply(None, None, tensor(x, x_dtype), 1, table, options))
            assert same_bits(np.ascontiguousarray(x), wanted), case


def takes_ids(random, call, shape, id_type):
    """Turns by ids of tokens or by starts, as they are, with other numbers, and with one left."""
    cos, sin = (drawn(random, (1, 9, 1, 4), F32) for _ in range(2))
    x = drawn(random, (2, 3, 2, 8), F16)
    steps = 0 if shape == (2, 3) else np.arange(3)
    for first, left in itertools.product((0, -4), (False, True)):
        rows = random.integers(0, 7, shape)
        ids = (rows + first).astype(id_type)
        if left:
            ids[1, 0] = 77
        table = table_of(cos, sin, F32)
        works(call(table, table, ids.ctypes.data, 8 * ids.itemsize, 2, 3))
        table.first_position, table.leaves, table.left_id = first, left, 77
        before = drawn(random, x.shape, F16)
        out = before.copy()
        works(lib.ropewalk_apply(None, tensor(out, F16), tensor(x, F16), 1, table, None))
        wanted = rotated(x, F16, cos[0, rows + steps], sin[0, rows + steps], F32, INTERLEAVED,
                         False)
        is_left = np.broadcast_to((ids == 77)[:, :, None, None], x.shape)
        assert same_bits(out, np.where(is_left, before, wanted)), (shape, id_type, first, left)


def splits_over_threads(random):
    """A pool of threads that are started for the call."""
    def parallel_for(_, count, bytes_each, task, context):
        ends = [0, count // 3, count // 2, count]
        pool = [threading.Thread(target=task, args=(context, begin, end))
                for begin, end in zip(ends, ends[1:])]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        used.append((count, bytes_each))

    used = []
    threads = Threads(ParallelFor(parallel_for), None)
    cos, sin = (drawn(random, (1, 64, 1, 16), BF16) for _ in range(2))
    x = drawn(random, (1, 64, 4, 32), BF16)
    wanted = rotated(x, BF16, cos, sin, BF16, INTERLEAVED, False)
    works(lib.ropewalk_apply(threads, None, tensor(x, BF16), 1, table_of(cos, sin, BF16), None))
    assert same_bits(x, wanted)
    assert used == [(64, 2 * 4 * 32 * 2)]


def says_errors_per_thread():
    def fail(wanted, dtype):
        x = Tensor(None, dtype, 0, (1, 1, 1, 2), (2, 2, 2))
        table = Table(struct_size=c.sizeof(Table))
        for _ in range(200):
            assert lib.ropewalk_apply(None, None, x, 1, table, None) == 1
            assert lib.ropewalk_last_error() == wanted
        said.append(wanted)

    said = []
    pool = [threading.Thread(target=fail, args=(
        b"ropewalk_apply: dtype of xs[0] is %d, must be 0 to 3" % dtype, dtype))
        for dtype in range(4, 8)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    assert len(said) == 4
    assert lib.ropewalk_last_error() == b""


def makes_tables():
    table = Table(struct_size=c.sizeof(Table))
    works(lib.ropewalk_frequency_table(table, F64, 8, 100.0, 3))
    rows = np.ctypeslib.as_array((c.c_double * 24).from_address(table.readers[0].data))
    angles = np.arange(3)[:, None] * 100.0 ** (-np.arange(4) / 4)
    assert np.abs(rows.reshape(3, 2, 4)[:, 0] - np.cos(angles)).max() < 1e-15
    assert np.abs(rows.reshape(3, 2, 4)[:, 1] - np.sin(angles)).max() < 1e-15
    lib.ropewalk_table_free(table)
    assert table.owner is None


says_errors_per_thread()  # first: nothing has failed yet
seeded = np.random.default_rng(17)
for of_x, of_table in itertools.product(range(4), range(4)):
    keeps_bits(seeded, of_x, of_table)
for id_type in (np.int32, np.int64):
    takes_ids(seeded, lib.ropewalk_table_gather, (2, 3), id_type)
    takes_ids(seeded, lib.ropewalk_table_rows_of_each, (2, 1), id_type)
splits_over_threads(seeded)
makes_tables()
print("all mixes of types have NumPy's bits, by version", lib.ropewalk_version().decode())
