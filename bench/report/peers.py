"""The peers, by the packages that bring them. Read before any of them is installed."""

from __future__ import annotations

import dataclasses

NEEDED = {"cpu": ("numpy", "matplotlib"), "cuda": ("numpy", "matplotlib", "torch")}  # by the report


@dataclasses.dataclass(frozen=True)
class Peer:
    """What is installed, by which packages, and the modules of contestants that call it."""

    key: str
    title: str
    packages: tuple[str, ...]  # as pip is told; extras in brackets
    modules: tuple[str, ...]
    imports: tuple[str, ...]  # modules that must load


PEERS = {
    "cpu": (
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
    ),
    "cuda": (
        Peer("torch", "PyTorch", ("torch",), ("cuda.torch_eager", "cuda.torch_block"), ("torch",)),
        Peer("torch.compile", "torch.compile", ("torch",), ("cuda.torch_compile",), ("torch",)),
        Peer("jax", "JAX", ("jax", "jax-cuda13-plugin[with-cuda]"), ("cuda.jax_jit",), ("jax",)),
        Peer("liger", "Liger", ("liger-kernel",), ("cuda.liger",), ("liger_kernel",)),
        Peer("fla", "flash-linear-attention", ("fla-core",), ("cuda.fla",), ("fla.modules.rotary",)),
        Peer(
            "flashinfer",
            "FlashInfer",
            ("flashinfer-python",),
            ("cuda.flashinfer",),
            ("flashinfer",),
        ),
    ),
}
KEYS = tuple(dict.fromkeys(peer.key for peers in PEERS.values() for peer in peers))
