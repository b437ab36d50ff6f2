"""Compares the adapters of ONNX and MLAS with ONNX' backend cases, its reference, and ONNX Runtime.

usage: onnx_cases.py BRIDGE
"""

from __future__ import annotations

import ctypes as c
import itertools
import pathlib
import sys

import comparing
import ml_dtypes
import numpy as np
import onnx
import onnx.numpy_helper
import onnx.reference
from comparing import address

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


def operator(bridge, inputs, attributes):
    """Y of the ONNX adapter."""
    inputs = [np.ascontiguousarray(each) for each in inputs]
    out = np.empty_like(inputs[0])
    text = c.create_string_buffer(500)
    arguments = [argument(each) for each in (out, *inputs)] + [None] * (4 - len(inputs))
    told = c.byref(Attributes(**attributes))
    run = bridge.library.bridge_rotary_embedding
    if not run(*arguments, told, text, c.c_size_t(len(text))):
        raise ValueError(text.value.decode())
    return out


def mlas_rows(bridge, inputs, attributes):
    """Y of float16 by the MLAS adapter row by row, each in float and rounded once."""
    x, cos, sin = by_token(inputs, attributes)
    out, dim = x.copy(), 2 * cos.shape[-1]
    for b, s, h in np.ndindex(x.shape[:3]):
        bridge.library.bridge_mlas_row(
            *(address(row) for row in (x[b, s, h], sin[b, s, 0], cos[b, s, 0])),
            c.c_size_t(dim),
            attributes.get("interleaved", 0),
            address(out[b, s, h]),
        )
    return as_given(out, inputs[0])


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
    """Numbers of many sizes whose rotation is finite, some of them zero or subnormal."""
    x = random.standard_normal(shape) * np.exp2(random.uniform(-6, 6, shape))
    kind = random.integers(0, 16, shape)
    x = np.where(kind == 0, 0.0, x)
    x = np.where(kind == 1, x * float(ml_dtypes.finfo(dtype).smallest_normal) / 64, x)
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
        inputs = [drawn(random, dtype, *each) for each in (shape, cache, cache)]
        if has_ids:
            inputs.append(random.integers(0, rows, (batch, seq)))
        attributes = {"interleaved": interleaved, "num_heads": heads}
        if partial:
            attributes["rotary_embedding_dim"] = rotary_dim
        yield inputs, attributes


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

    The product of a pair's first feature is fused into the sum. Of interleaved pairs that fill no
    vector of 8 only the first one is fused: so the package's compiler has made the loop over them.
    """
    x, cos, sin = by_token(inputs, attributes)
    pairs, interleaved = cos.shape[-1], attributes.get("interleaved", 0)
    first, second = comparing.pairs_of(2 * pairs, interleaved)
    pair = x[..., first], x[..., second], cos, sin
    out = x.copy()
    out[..., first], out[..., second] = bridge.first_fused(*pair)
    if interleaved:
        rest = slice(pairs // 8 * 8 + 1, None)
        unfused = comparing.by_definition(*pair)
        for features, values in zip((first, second), unfused):
            out[..., features][..., rest] = values[..., rest]
    return as_given(out, inputs[0])


# All of it ----------------------------------------------------------------------------------------


def compare(bridge):
    """Names of the backend cases; counts of what must agree, of ONNX Runtime beside the operator,
    and of ONNX Runtime beside the arithmetic that its kernels have."""
    names = []
    must, beside, explained = comparing.Count(), comparing.Count(), comparing.Count()

    def with_runtime(name, model, inputs, attributes, ours):
        if onnxruntime is None:
            return
        theirs = runtime(model, inputs)
        beside.add(f"the operator, {name}", theirs, ours)
        if ours.dtype == F32:
            explained.add(f"one product fused, {name}", theirs, fused(bridge, inputs, attributes))
        else:
            explained.add(f"MLAS' row, {name}", theirs, mlas_rows(bridge, inputs, attributes))

    for name, model, inputs, wanted in backend_cases():
        names.append(name)
        attributes = attributes_of(model)
        ours = operator(bridge, inputs, attributes)
        must.add("stored outputs of the backend cases", ours, wanted)
        must.add("reference, the backend cases", ours, reference(model, inputs))
        with_runtime("the backend cases", model, inputs, attributes, ours)
    random = np.random.default_rng(1)
    for dtype in (F32, F16, BF16):
        for inputs, attributes in more_cases(random, dtype):
            model = model_of(inputs, attributes)
            ours = operator(bridge, inputs, attributes)
            must.add(f"reference, more cases of {dtype}", ours, reference(model, inputs))
            if dtype != BF16:  # for which ONNX Runtime has no kernel on a CPU
                with_runtime(f"more cases of {dtype}", model, inputs, attributes, ours)
    return names, must, beside, explained


def main():
    names, must, beside, explained = compare(comparing.Bridge(sys.argv[1]))
    print(f"onnx {onnx.__version__}, {len(names)} backend cases:", *names, sep="\n  ")
    must.print()
    if len(names) != CASES:
        print(f"FAILED  {len(names)} backend cases are here, must be {CASES}")
    if must.found() or len(names) != CASES:
        return 1
    if onnxruntime is None:
        print("note: skipped ONNX Runtime: pip could not install it")
        return 77
    version = onnxruntime.__version__
    print(f"onnxruntime {version}")
    beside.print()
    explained.print()
    if version.startswith(RUNTIME + ".") and comparing.has_fused_kernels():
        return 1 if explained.found() else 0
    print(
        f"note: skipped the verdict on ONNX Runtime: {explained.found()} values are not what its "
        f"kernels for AVX2 of {RUNTIME} would make"
    )
    return 77


if __name__ == "__main__":
    sys.exit(main())
