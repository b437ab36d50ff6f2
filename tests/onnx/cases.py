"""Compares the adapters of ONNX and MLAS with ONNX' backend cases, its reference, and ONNX Runtime.

usage: cases.py BRIDGE, the library that run.sh has built
"""

from __future__ import annotations

import ctypes as c
import itertools
import pathlib
import platform
import sys

import ml_dtypes
import numpy as np
import onnx
import onnx.numpy_helper
import onnx.reference

try:
    import onnxruntime
except ImportError:
    onnxruntime = None

CASES = 8
RUNTIME = "1.32"  # whose kernels are emulated
TYPES = {
    np.dtype(np.float32): onnx.TensorProto.FLOAT,
    np.dtype(np.float16): onnx.TensorProto.FLOAT16,
    np.dtype(ml_dtypes.bfloat16): onnx.TensorProto.BFLOAT16,
    np.dtype(np.int64): onnx.TensorProto.INT64,
}
F32, F16, BF16 = list(TYPES)[:3]


# The adapters -------------------------------------------------------------------------------------


class Argument(c.Structure):
    _fields_ = [
        ("type", c.c_int32),
        ("rank", c.c_int32),
        ("dims", c.POINTER(c.c_int64)),
        ("data", c.c_void_p),
    ]


class Attributes(c.Structure):
    _fields_ = [
        ("interleaved", c.c_int64),
        ("num_heads", c.c_int64),
        ("rotary_embedding_dim", c.c_int64),
    ]


def argument(array):
    dims = (c.c_int64 * array.ndim)(*array.shape)
    return c.byref(Argument(TYPES[array.dtype], array.ndim, dims, array.ctypes.data))


def address(array):
    return c.c_void_p(array.ctypes.data)


class Bridge:
    def __init__(self, path):
        self.library = c.CDLL(path)

    def onnx(self, inputs, attributes):
        """Y of the operator."""
        inputs = [np.ascontiguousarray(each) for each in inputs]
        out = np.empty_like(inputs[0])
        text = c.create_string_buffer(500)
        arguments = [argument(each) for each in (out, *inputs)] + [None] * (4 - len(inputs))
        told = c.byref(Attributes(**attributes))
        if not self.library.bridge_rotary_embedding(*arguments, told, text, c.c_size_t(500)):
            raise ValueError(text.value.decode())
        return out

    def mlas(self, inputs, attributes):
        """The same of float16 row by row, each in float and rounded once."""
        x, cos, sin = by_token(inputs, attributes)
        out, dim = x.copy(), 2 * cos.shape[-1]
        for b, s, h in np.ndindex(x.shape[:3]):
            self.library.bridge_mlas_row(
                *(address(row) for row in (x[b, s, h], sin[b, s, 0], cos[b, s, 0])),
                c.c_size_t(dim),
                attributes.get("interleaved", 0),
                address(out[b, s, h]),
            )
        return as_given(out, inputs[0])

    def fused(self, a, b, addend):
        """a * b + addend, rounded once."""
        arrays = np.broadcast_arrays(a, b, addend)
        arrays = [np.ascontiguousarray(each) for each in arrays]
        assert all(each.dtype == F32 for each in arrays)
        out = np.empty_like(arrays[0])
        self.library.bridge_fused(*map(address, (out, *arrays)), c.c_size_t(out.size))
        return out


def by_token(inputs, attributes):
    """x [batch, seq, heads, head_size]; cos and sin [batch, seq, 1, pairs], a row a token."""
    x, cos, sin, *ids = inputs
    if ids:
        cos, sin = cos[ids[0]], sin[ids[0]]
    if x.ndim == 4:
        x = x.transpose(0, 2, 1, 3)
    else:
        x = x.reshape(*x.shape[:2], attributes["num_heads"], -1)
    return [np.ascontiguousarray(each) for each in (x, cos[:, :, None], sin[:, :, None])]


def as_given(out, x):
    """What by_token makes, in the layout of the operator's x."""
    return out.transpose(0, 2, 1, 3) if x.ndim == 4 else out.reshape(x.shape)


# ONNX' cases, and more of the same kind -----------------------------------------------------------


def backend_cases():
    """Name, model, inputs and stored output of each case that is the operator itself."""

    def stored(path):
        return onnx.numpy_helper.to_array(onnx.load_tensor(path))

    node = pathlib.Path(onnx.__file__).parent / "backend/test/data/node"
    for folder in sorted(node.glob("test_rotary_embedding*")):
        if not folder.name.endswith("_expanded"):
            (data,) = folder.glob("test_data_set_*")
            inputs = [stored(path) for path in sorted(data.glob("input_*.pb"))]
            model = onnx.load(folder / "model.onnx")
            yield folder.name, model, inputs, stored(data / "output_0.pb")


def attributes_of(model):
    (node,) = model.graph.node
    assert node.op_type == "RotaryEmbedding"
    return {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}


def model_of(inputs, attributes):
    names = ["x", "cos", "sin", "ids"][: len(inputs)]
    node = onnx.helper.make_node("RotaryEmbedding", names, ["y"], **attributes)
    values = [
        onnx.helper.make_tensor_value_info(name, TYPES[each.dtype], each.shape)
        for name, each in zip(names, inputs)
    ]
    y = onnx.helper.make_tensor_value_info("y", TYPES[inputs[0].dtype], inputs[0].shape)
    graph = onnx.helper.make_graph([node], "rotary", values, [y])
    opset = [onnx.helper.make_opsetid("", 23)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=10)


def drawn(random, dtype, *shape):
    """Numbers of all sizes whose rotation is finite, one in eight of them a zero or subnormal."""
    limits = ml_dtypes.finfo(dtype)
    x = random.standard_normal(shape) * np.exp2(random.uniform(-6, 6, shape))
    kind = random.integers(0, 16, shape)
    x = np.where(kind == 0, 0.0, x)
    x = np.where(kind == 1, x * float(limits.smallest_normal) / 64, x)
    return x.astype(dtype)


def more_cases(random, dtype):
    """Every kind of node, with heads that fill vectors and those that leave a rest."""
    sizes = [8, 30, 34, 64, 80, 96, 128, 144, 256]
    for head_size, interleaved, is_4d, has_ids, partial in itertools.product(
        sizes, (0, 1), (False, True), (False, True), (False, True)
    ):
        batch, heads, seq, rows = 2, 3, 5, 50
        rotary_dim = head_size // 4 * 2 if partial else head_size
        shape = (batch, heads, seq, head_size) if is_4d else (batch, seq, heads * head_size)
        cache = (rows, rotary_dim // 2) if has_ids else (batch, seq, rotary_dim // 2)
        inputs = [drawn(random, dtype, *shape)]
        inputs += [drawn(random, dtype, *cache), drawn(random, dtype, *cache)]
        if has_ids:
            inputs.append(random.integers(0, rows, (batch, seq)))
        attributes = {"interleaved": interleaved, "num_heads": heads}
        if partial:
            attributes["rotary_embedding_dim"] = rotary_dim
        yield inputs, attributes


# Comparing ----------------------------------------------------------------------------------------


def differing(a, b):
    """How many values have other bits; NaN equals NaN."""
    assert a.dtype == b.dtype and a.shape == b.shape, (a.dtype, b.dtype, a.shape, b.shape)
    stored = {2: np.uint16, 4: np.uint32}[a.dtype.itemsize]
    both_nan = np.isnan(a) & np.isnan(b)
    other = np.ascontiguousarray(a).view(stored) != np.ascontiguousarray(b).view(stored)
    return int((other & ~both_nan).sum())


class Count:
    """Values compared and differing, by what is compared."""

    def __init__(self):
        self.of = {}

    def add(self, what, a, b):
        cases, values, found = self.of.get(what, (0, 0, 0))
        self.of[what] = cases + 1, values + a.size, found + differing(a, b)

    def all(self):
        return [(what, found) for what, (_, _, found) in self.of.items()]

    def all_found(self):
        return sum(found for _, found in self.all())

    def print(self):
        for what, (cases, values, found) in self.of.items():
            print(f"  {what}: {cases} cases, {found} of {values} values differ")


# Other implementations ----------------------------------------------------------------------------


def feeds(model, inputs):
    return {given.name: each for given, each in zip(model.graph.input, inputs)}


def reference(model, inputs):
    return onnx.reference.ReferenceEvaluator(model).run(None, feeds(model, inputs))[0]


def runtime(model, inputs):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds(model, inputs))[0]


def fused(bridge, inputs, attributes):
    """Float as the kernels for AVX2 of ONNX Runtime round it.

    The product of a pair's first feature is fused into the sum, which rounds it with the sum alone.
    Interleaved pairs that no vector of 8 takes are an exception: the first of them is fused, the
    others are not; so the package's compiler has made the loop over them.
    """
    x, cos, sin = by_token(inputs, attributes)
    pairs = cos.shape[-1]
    interleaved = attributes.get("interleaved", 0)
    if interleaved:
        first, second = slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)
    else:
        first, second = slice(0, pairs), slice(pairs, 2 * pairs)
    a, b = x[..., first], x[..., second]
    out = x.copy()
    out[..., first] = bridge.fused(a, cos, -(b * sin))
    out[..., second] = bridge.fused(a, sin, b * cos)
    if interleaved:
        rest = slice(pairs // 8 * 8 + 1, None)
        out[..., first][..., rest] = (a * cos - b * sin)[..., rest]
        out[..., second][..., rest] = (a * sin + b * cos)[..., rest]
    return as_given(out, inputs[0])


def has_avx2():
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return "avx2" in flags and "fma" in flags


# All of it ----------------------------------------------------------------------------------------


def compare(bridge):
    """What must hold, and counts of ONNX Runtime beside it."""
    must, beside = Count(), Count()
    names = []

    def with_runtime(name, model, inputs, attributes, ours):
        if onnxruntime is None:
            return
        theirs = runtime(model, inputs)
        beside.add(f"ONNX Runtime, the operator, {name}", theirs, ours)
        if ours.dtype == F32:
            beside.add(f"ONNX Runtime, one product fused, {name}", theirs,
                       fused(bridge, inputs, attributes))
        else:
            beside.add(f"ONNX Runtime, MLAS' row, {name}", theirs, bridge.mlas(inputs, attributes))

    for name, model, inputs, wanted in backend_cases():
        names.append(name)
        attributes = attributes_of(model)
        ours = bridge.onnx(inputs, attributes)
        must.add("stored outputs of the backend cases", ours, wanted)
        must.add("reference, the backend cases", ours, reference(model, inputs))
        with_runtime("the backend cases", model, inputs, attributes, ours)
    random = np.random.default_rng(1)
    for dtype in (F32, F16, BF16):
        for inputs, attributes in more_cases(random, dtype):
            model = model_of(inputs, attributes)
            ours = bridge.onnx(inputs, attributes)
            must.add(f"reference, more cases of {dtype}", ours, reference(model, inputs))
            if dtype != BF16:  # which ONNX Runtime has no kernel for on a CPU
                with_runtime(f"more cases of {dtype}", model, inputs, attributes, ours)
    return names, must, beside


def main():
    names, must, beside = compare(Bridge(sys.argv[1]))
    print(f"onnx {onnx.__version__}, {len(names)} backend cases:", *names, sep="\n  ")
    must.print()
    status = 1 if must.all_found() else 0
    if len(names) != CASES:
        print(f"FAILED  {len(names)} backend cases are here, must be {CASES}")
        status = 1
    if onnxruntime is None:
        print("note: skipped ONNX Runtime: pip could not install it")
        return status or 77
    version = onnxruntime.__version__
    print(f"onnxruntime {version}")
    beside.print()
    explained = sum(found for what, found in beside.all() if "the operator" not in what)
    if not version.startswith(RUNTIME + ".") or not has_avx2():
        print(
            f"note: skipped the verdict on ONNX Runtime: {explained} values are not as its kernels "
            f"for AVX2 of {RUNTIME} would have them"
        )
        return status or 77
    return 1 if explained else status


if __name__ == "__main__":
    sys.exit(main())
