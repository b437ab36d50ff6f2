import ctypes as c, numpy as np
lib = c.CDLL("libropewalk_c.so")  # found by LD_LIBRARY_PATH=PREFIX/lib, or after ldconfig in /usr/local/lib
lib.ropewalk_last_error.restype = c.c_char_p
i32, i64, pointer = c.c_int32, c.c_int64, c.c_void_p
class Tensor(c.Structure):
    _fields_ = [("data", pointer), ("dtype", i32), ("reserved", i32), ("shape", i64 * 4), ("strides", i64 * 3)]
class Table(c.Structure):  # readers: the four ropewalk_reader, which Python has no use for
    _fields_ = [("struct_size", i64), ("dtype", i32), ("id_bits", i32), ("shape", i64 * 4), ("strides", i64 * 3),
                ("readers", i64 * 12), ("ids", pointer), ("id_shape", i64 * 2), ("id_batch_stride", i64),
                ("ids_are_starts", i32), ("leaves", i32), ("left_id", i64), ("first_position", i64), ("owner", pointer)]
def check(status):
    if status != 0: raise ValueError(lib.ropewalk_last_error().decode())
q = np.ones((1, 16, 32, 128), np.float32)  # 16 tokens of 32 heads, turned in place as Llama does
model, x, table, positions = pointer(), Tensor(), Table(c.sizeof(Table)), (c.c_double * 16)(*range(16))
check(lib.ropewalk_model_find(c.byref(model), b"Llama 3.1 8B", 0))
check(lib.ropewalk_model_table(c.byref(table), model, 0, positions, (i64 * 3)(1, 16, 1)))
check(lib.ropewalk_tensor_set(c.byref(x), pointer(q.ctypes.data), 0, (i64 * 4)(*q.shape)))
check(lib.ropewalk_rotate(None, None, c.byref(x), i64(1), model, c.byref(table)))
lib.ropewalk_table_free(c.byref(table))
print(f"the last token begins {q[0, 15, 0, 0]:.5f}")
