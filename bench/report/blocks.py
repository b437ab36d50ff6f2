"""Attention blocks of models: what RoPE is a part of. Sizes are those of the models' own code."""

from __future__ import annotations

import dataclasses

from .cases import Case
from .wanted import Wanted


@dataclasses.dataclass(frozen=True)
class Block:
    name: str
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    pairing: str
    norm: bool  # RMSNorm of queries and keys, across heads
    tokens: int  # of the model
    cpu_tokens: int  # what two cores do in some seconds
    quick_tokens: int


BLOCKS = {
    block.name: block
    for block in (
        Block("Helios", 5120, 40, 40, 128, "interleaved", True, 11_040, 1024, 256),
        Block("Wan2.2 A14B", 5120, 40, 40, 128, "interleaved", True, 32_760, 2048, 512),
        Block("Llama 3 8B", 4096, 32, 8, 128, "half", False, 8192, 1024, 256),
    )
}


def cases(wanted: Wanted) -> list[Case]:
    """In bfloat16 at the model's tokens on a GPU. On a CPU in float, whose products PyTorch has
    fast kernels for on every machine, and with fewer tokens."""

    def tokens(block: Block) -> int:
        if wanted.quick:
            return block.quick_tokens
        return block.tokens if wanted.device == "cuda" else block.cpu_tokens

    return [
        Case(
            "blocks",
            seq=tokens(block),
            heads=block.heads,
            head_dim=block.head_dim,
            dtype="bf16" if wanted.device == "cuda" else "f32",
            threads=wanted.threads[-1],
            pairing=block.pairing,
            block=block.name,
        )
        for block in BLOCKS.values()
    ]
