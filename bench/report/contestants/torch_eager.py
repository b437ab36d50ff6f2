"""PyTorch eager, in the two forms that model code has. The strided one is the definition."""

from __future__ import annotations

import torch

from .. import boundary
from ..cases import LAYOUTS
from . import Contestant, Prepared
from .torch_norms import before

STORED = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}


def as_tensor(values, dtype: str) -> torch.Tensor:
    """The same memory."""
    return torch.from_numpy(values).view(STORED[dtype])


def tensor(values: torch.Tensor, dtype: str) -> boundary.Tensor:
    """The same memory, for the C boundary; on a GPU, too."""
    return boundary.Tensor(
        values.data_ptr(), boundary.DTYPES[dtype], 0, tuple(values.shape), values.stride()[:3]
    )


def strided(x, cos, sin, out, pairing):
    """As Helios and Wan assign it."""
    a, b = parts(x, pairing)
    out_a, out_b = parts(out, pairing)
    out_a.copy_(a * cos - b * sin)
    out_b.copy_(b * cos + a * sin)
    return out


def stack_flatten(x, cos, sin, pairing):
    """Both halves stacked, then flattened; in halves, concatenated."""
    a, b = parts(x, pairing)
    turned = a * cos - b * sin, b * cos + a * sin
    if pairing == "half":
        return torch.cat(turned, dim=-1).to(x.dtype)
    return torch.stack(turned, dim=-1).flatten(-2).to(x.dtype)


def parts(x, pairing):
    """The first and the second feature of every pair."""
    if pairing == "half":
        return x.chunk(2, dim=-1)
    return x[..., 0::2], x[..., 1::2]


def normalises(case, buffers):
    """A function of x: its norm, where the case has one."""
    return before(case, as_tensor(buffers.weight, case.dtype) if case.norm else None)


def tensors(case, buffers):
    """x, cos, sin and out."""
    parts_of_table = (as_tensor(part, case.table_dtype) for part in (buffers.cos, buffers.sin))
    return as_tensor(buffers.x, case.dtype), *parts_of_table, as_tensor(buffers.out, case.dtype)


class Eager(Contestant):
    peer = "torch"
    layouts = LAYOUTS
    norms = True

    def __init__(self, name: str, stacked: bool):
        self.name, self.stacked = name, stacked

    @torch.inference_mode()
    def prepare(self, case, buffers):
        torch.set_num_threads(case.threads)
        x, cos, sin, out = tensors(case, buffers)
        normed = normalises(case, buffers)
        last = [out]

        @torch.inference_mode()
        def run():
            if self.stacked:
                last[0] = stack_flatten(normed(x), cos, sin, case.pairing)
            else:
                strided(normed(x), cos, sin, out, case.pairing)

        return Prepared(run, lambda: last[0].view(torch.uint8).numpy().view(buffers.x.dtype))


def contestants():
    return [Eager("PyTorch eager, strided", False), Eager("PyTorch eager, stack + flatten", True)]
