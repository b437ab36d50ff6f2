"""What is measured: a case is one shape, its types, and the threads it may use."""

from __future__ import annotations

import dataclasses

from .norms import NORMS

DTYPES = ("f32", "f16", "bf16")
PAIRINGS = ("interleaved", "half")
# In memory: [batch, seq, heads, head_dim], heads before tokens, or the queries of packed QKV.
LAYOUTS = ("bshd", "bhsd", "qkv")
DEVICES = ("cpu", "cuda")
BYTES = {"f32": 4, "f64": 8, "f16": 2, "bf16": 2}


@dataclasses.dataclass(frozen=True)
class Case:
    """A tensor [batch, seq, heads, head_dim] that is turned by a table [seq, heads | 1, pairs]."""

    study: str  # the part of the report that shows it
    seq: int
    heads: int
    head_dim: int
    dtype: str = "f32"
    threads: int = 1  # of the CPU
    batch: int = 1
    pairing: str = "interleaved"
    table_dtype: str = "f32"
    table_per_head: bool = False
    layout: str = "bshd"  # of LAYOUTS
    norm: str = ""  # of NORMS, right before the rotation
    block: str = ""  # of BLOCKS, whose attention the tensor is rotated in
    model: str = ""  # of WORKLOADS, whose table it is; else theta is 10,000
    device: str = "cpu"  # of DEVICES

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.seq, self.heads, self.head_dim

    @property
    def elements(self) -> int:
        return self.batch * self.seq * self.heads * self.head_dim

    @property
    def normed_together(self) -> int:
        """How many features are normalised together: as many weights."""
        return self.head_dim * (self.heads if NORMS[self.norm].over_token else 1)

    @property
    def bytes(self) -> int:
        """Read from x plus written to out, which is what a call cannot avoid."""
        return 2 * self.elements * BYTES[self.dtype]

    @property
    def needed(self) -> int:
        """Bytes of memory: x, out and in place, and in float what contestants keep on the way."""
        kept = 6 if self.device == "cpu" else 12  # on a GPU the graphs of all keep it at once
        return 3 * self.bytes // 2 + kept * 4 * self.elements

    @property
    def name(self) -> str:
        where = f"t{self.threads}" if self.device == "cpu" else self.device
        parts = [self.dtype, "x".join(map(str, self.shape)), where]
        if self.pairing != "interleaved":
            parts.append(self.pairing)
        if self.table_dtype != "f32":
            parts.append("table-" + self.table_dtype)
        if self.table_per_head:
            parts.append("per-head")
        if self.layout != "bshd":
            parts.append(self.layout)
        if self.norm:
            parts.append("norm-" + self.norm)
        if self.block:
            parts.append(self.block)
        if self.model:
            parts.append(self.model.replace("/", " "))
        return "/".join(parts)
