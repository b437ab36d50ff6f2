import ctypes as c, numpy as np
class Tensor(c.Structure):
    _fields_ = [("data", c.c_void_p), ("dtype", c.c_int32 * 2), ("sizes", c.c_int64 * 7)]
lib, model, table = c.CDLL("libropewalk_c.so"), c.c_void_p(), (c.c_int64 * 29)(232)  # struct_size
q = np.ones((1, 16, 32, 128), np.float32)  # 16 tokens of 32 heads, turned in place as Llama does
x = Tensor(q.ctypes.data, (0, 0), (*q.shape, *(step // q.itemsize for step in q.strides[:3])))
assert lib.ropewalk_model_find(c.byref(model), b"Llama 3.1 8B", 0) == 0
positions, shape = (c.c_double * 16)(*range(16)), (c.c_int64 * 3)(1, 16, 1)
assert lib.ropewalk_model_table(table, model, 0, positions, shape) == 0
assert lib.ropewalk_rotate(None, None, c.byref(x), c.c_int64(1), model, table) == 0
