"""ONNX Runtime: the operator of its own domain, and that of the standard's opset 23."""

from __future__ import annotations

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from ..norms import EPS, NORMS
from . import Contestant, Prepared, Skip

TYPES = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}


def shape_of(case) -> list[int]:
    """Of three dimensions, or of four with heads before tokens."""
    if case.layout == "bhsd":
        return [case.batch, case.heads, case.seq, case.head_dim]
    return [case.batch, case.seq, case.heads * case.head_dim]


def norm_nodes(case, domain: str) -> list:
    """x to normed: by the standard's operator, or the older one of the runtime's own."""
    kind = "RMSNormalization" if not domain else "SimplifiedLayerNormalization"
    whole = shape_of(case)
    rows = whole if NORMS[case.norm].over_token else [*whole[:2], case.heads, case.head_dim]

    def sizes(name, values):
        held = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return helper.make_node("Constant", [], [name], value=held)

    return [
        sizes("of_rows", rows),
        sizes("of_all", whole),
        helper.make_node("Reshape", ["x", "of_rows"], ["rows"]),
        helper.make_node(kind, ["rows", "weight"], ["normed_rows"], axis=-1, epsilon=EPS),
        helper.make_node("Reshape", ["normed_rows", "of_all"], ["normed"]),
    ]


def model_of(case, domain: str) -> bytes:
    kind = TYPES[case.dtype]

    def value(name, shape, kind=kind):
        return helper.make_tensor_value_info(name, kind, shape)

    rows = [case.seq, case.head_dim // 2]
    x, out = (value(name, shape_of(case)) for name in ("x", "out"))
    ids = value("ids", [case.batch, case.seq], TensorProto.INT64)
    turned = "normed" if case.norm else "x"
    names = [turned, "ids", "cos", "sin"] if domain else [turned, "cos", "sin", "ids"]
    attributes = {"interleaved": int(case.pairing == "interleaved"), "num_heads": case.heads}
    node = helper.make_node("RotaryEmbedding", names, ["out"], domain=domain, **attributes)
    if domain:  # the head's size, which it else takes for that of 64-bit heads
        node.attribute.append(helper.make_attribute("rotary_embedding_dim", case.head_dim))
    inputs = [x, ids, value("cos", rows), value("sin", rows)]
    nodes = [node]
    if case.norm:
        inputs.append(value("weight", [case.normed_together]))
        nodes = [*norm_nodes(case, domain), node]
    graph = helper.make_graph(nodes, "rope", inputs, [out])
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


class Session(Contestant):
    peer = "onnxruntime"
    layouts = ("bshd", "bhsd")
    norms = True

    def __init__(self, name: str, domain: str):
        self.name, self.domain = name, domain

    def prepare(self, case, buffers):
        if case.table_dtype != case.dtype and case.table_dtype != "f32" or case.dtype == "bf16":
            raise Skip("no kernel for these types")
        if case.table_per_head:
            raise Skip("no table per head")
        if case.norm and case.layout != "bshd":
            raise Skip("its norm takes the last axis")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = case.threads
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            model_of(case, self.domain), options, providers=["CPUExecutionProvider"]
        )
        shape = shape_of(case)
        ids = np.broadcast_to(np.arange(case.seq), (case.batch, case.seq)).copy()
        binding = session.io_binding()
        kept = [ids]
        inputs = {"x": buffers.x, "ids": ids}
        for name, part in (("cos", buffers.cos), ("sin", buffers.sin)):
            # Its tables have x's type.
            inputs[name] = part.reshape(case.seq, -1).astype(buffers.x.dtype)
        if case.norm:
            inputs["weight"] = buffers.weight
        for name, values in inputs.items():
            kept.append(values)
            sizes = shape if name == "x" else values.shape
            binding.bind_input(name, "cpu", 0, values.dtype, sizes, values.ctypes.data)
        binding.bind_output("out", "cpu", 0, buffers.x.dtype, shape, buffers.out.ctypes.data)

        def run():
            session.run_with_iobinding(binding)
            return kept

        note = "" if case.table_dtype == case.dtype else "its tables have x's type"
        return Prepared(run, lambda: buffers.out, note=note)


def contestants():
    return [
        Session("ONNX Runtime, com.microsoft", "com.microsoft"),
        Session("ONNX Runtime, opset 23", ""),
    ]
