"""What a preset of generate_models.py says of a model."""

from dataclasses import dataclass, field
from typing import Any, Callable


@dataclass
class Preset:
    """What the library states of one model; `table` and `apply` run the model's own code.

    table(dtype name) -> Table.  apply(q, k, Table) -> (q_out, k_out), or None where one function
    turns one tensor: then `apply_one(x, Table)`.
    """

    name: str
    shape: tuple  # heads, kv_heads, head_dim
    axes: tuple  # rotary features of each axis; pairs where terms are in sections
    theta: float
    source: str
    table: Callable
    apply: Callable
    layout: str = "BHSD"
    pairing: str = "half"  # interleaved, half, interleaved_to_half, block_half
    scaling: str = "none"
    terms: str = "axis_after_axis"
    held: str = "x"  # the type in which the code holds its table: x, f32, f64
    compute: str = "promoted"  # promoted, wide, f64
    offset: int = 0
    positions: str = "token ids"
    weights: str = "one layout"
    steps: str = "f32"  # the type of angles, cos and sin
    keys: dict = field(default_factory=dict)
    real_heads: bool = False  # all heads, where the table has one row a head
    x_types: tuple = ("f32", "bf16")
    library: str = ""  # and version; none: that of the file of presets

    @property
    def rotary_dim(self):
        return self.keys.get("rotary_dim") or sum(self.axes) * (
            2 if "sections" in self.terms else 1
        )


@dataclass
class Table:
    """A model's table as its code holds it, and what it was made from."""

    tensors: dict  # cos and sin, or freqs (complex, or packed)
    kind: str  # full_dup, full_rep, half, full_lane, complex, packed_..., matrices
    axes: str  # the letters of the leading axes: BS, S, BSH, ...
    positions: Any  # [tokens, axes], f64
    inv_freq: Any = None
    native: Any = None  # what apply takes, if not `tensors`
    extra: dict = field(default_factory=dict)  # further tensors to store
