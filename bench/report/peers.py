"""The peers, by the packages that bring them. Read before any of them is installed."""

from __future__ import annotations

import dataclasses

NEEDED = ("numpy", "matplotlib")  # by the report itself


@dataclasses.dataclass(frozen=True)
class Peer:
    """What is installed, by which packages, and the modules of contestants that call it."""

    key: str
    title: str
    packages: tuple[str, ...]
    modules: tuple[str, ...]
    imports: tuple[str, ...]  # modules that must load


PEERS = (
    Peer("torch", "PyTorch", ("torch",), ("torch_eager", "torch_block"), ("torch",)),
    Peer("torch.compile", "torch.compile", ("torch",), ("torch_compile",), ("torch",)),
    Peer(
        "onnxruntime",
        "ONNX Runtime",
        ("onnxruntime", "onnx"),
        ("onnx_runtime",),
        ("onnxruntime", "onnx"),
    ),
    Peer("openvino", "OpenVINO", ("openvino",), ("open_vino",), ("openvino",)),
    Peer("jax", "JAX", ("jax",), ("jax_jit",), ("jax",)),
    Peer("ggml", "ggml", ("libggml-python",), ("ggml",), ("libggml",)),
)
