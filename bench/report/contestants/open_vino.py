"""OpenVINO: the graph of a model, which its CPU plugin may fuse into a RoPE node of its own."""

from __future__ import annotations

import numpy as np
import openvino as ov
from openvino import opset13 as ops

from ..floats import widen
from ..norms import EPS, NORMS
from . import Contestant, Prepared, Skip

CORE = ov.Core()  # counts the cores of the process: before a case takes some away
TYPES = {"f32": ov.Type.f32, "f16": ov.Type.f16, "bf16": ov.Type.bf16}


def normed(case, x, weight: np.ndarray):
    """x [batch, heads, seq, head_dim] in float, as its passes know a norm; not rounded after it."""
    rule = NORMS[case.norm]
    axes, heads = ([1, 3], case.heads) if rule.over_token else ([3], 1)
    weights = ops.constant(weight.reshape(1, heads, 1, case.head_dim))
    mean = ops.reduce_mean(ops.power(x, np.float32(2)), axes, True)
    root = ops.sqrt(ops.add(mean, np.float32(EPS)))
    unit = ops.multiply(x, ops.divide(np.float32(1), root))
    return ops.multiply(unit, weights)


def graph(case, weight: np.ndarray | None) -> ov.Model:
    """Flux's form for interleaved pairs, Llama's for halves: those that its passes know."""
    shape = [case.batch, case.heads, case.seq, case.head_dim]
    x = ops.parameter(shape, TYPES[case.dtype], name="x")
    rows = [1, 1, case.seq, case.head_dim]
    cos, sin = (ops.parameter(rows, ov.Type.f32, name=name) for name in ("cos", "sin"))
    wide = x if case.dtype == "f32" else ops.convert(x, "f32")
    if case.norm:
        wide = normed(case, wide, weight)
    if case.pairing == "half":
        half = case.head_dim // 2
        first, second = ops.variadic_split(wide, 3, [half, half]).outputs()
        crossed = ops.concat([ops.multiply(second, np.float32(-1)), first], -1)
    else:
        pairs = ops.reshape(wide, shape[:3] + [case.head_dim // 2, 2], False)
        a, b = ops.split(pairs, -1, 2).outputs()
        turned = ops.concat([ops.multiply(b, np.float32(-1)), a], -1)
        crossed = ops.reshape(turned, shape, False)
    out = ops.add(ops.multiply(wide, cos), ops.multiply(crossed, sin))
    if case.dtype != "f32":
        out = ops.convert(out, TYPES[case.dtype].get_type_name())
    return ov.Model([out], [x, cos, sin], "rope")


def full_width(half: np.ndarray, pairing: str) -> np.ndarray:
    if pairing == "half":
        return np.concatenate([half, half], axis=-1)
    return np.repeat(half, 2, axis=-1)


class Compiled(Contestant):
    name = "OpenVINO"
    peer = "openvino"
    compiles = True
    norms = True

    def prepare(self, case, buffers):
        if case.table_dtype != "f32" or case.table_per_head:
            raise Skip("its node reads one float table")
        weight = widen(buffers.weight, case.dtype).astype(np.float32) if case.norm else None
        compiled = CORE.compile_model(
            graph(case, weight),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": case.threads,
                "NUM_STREAMS": 1,
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
        kinds = [
            node.get_rt_info()["layerType"].astype(str)
            for node in compiled.get_runtime_model().get_ops()
        ]
        note = "" if "RoPE" in kinds else "its passes did not fuse the graph into a RoPE node"
        request = compiled.create_infer_request()
        # Its node takes heads before tokens, which costs its users a transpose that is not counted.
        shape = [case.batch, case.heads, case.seq, case.head_dim]
        x = np.ascontiguousarray(buffers.x.transpose(0, 2, 1, 3))
        out = buffers.out.reshape(shape)
        request.set_input_tensor(0, self.tensor(x, case))
        for index, part in ((1, buffers.cos), (2, buffers.sin)):
            rows = full_width(part.reshape(1, 1, case.seq, -1), case.pairing)
            request.set_input_tensor(index, ov.Tensor(np.ascontiguousarray(rows)))
        request.set_output_tensor(0, self.tensor(out, case))

        def run():
            request.infer()
            return x  # shared, not kept by the request

        return Prepared(run, lambda: out.transpose(0, 2, 1, 3), note=note)

    @staticmethod
    def tensor(values, case):
        if case.dtype == "bf16":
            return ov.Tensor(values, ov.Shape(values.shape), ov.Type.bf16)
        return ov.Tensor(values, shared_memory=True)


def contestants():
    return [Compiled()]
