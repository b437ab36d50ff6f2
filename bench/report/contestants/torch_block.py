"""An attention block of PyTorch with RoPE by each form: what it is a share of."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

from .. import boundary
from ..blocks import BLOCKS
from . import Contestant, Prepared
from .torch_eager import STORED, as_tensor, stack_flatten, strided, tensor


class HostClock:
    """Seconds between enter and exit, each time; of a device that runs what it is given at once."""

    def __init__(self):
        self.inside: list[float] = []

    def __enter__(self):
        self.begin = time.perf_counter()

    def __exit__(self, *_):
        self.inside.append(time.perf_counter() - self.begin)


class AttentionBlock(torch.nn.Module):
    """Projections, RMSNorm of queries and keys, RoPE, attention, projection."""

    def __init__(self, block, rope, clock, kind):
        super().__init__()
        self.block, self.rope, self.clock = block, rope, clock
        turned, kept = block.heads * block.head_dim, block.kv_heads * block.head_dim
        self.to_q, self.to_k, self.to_v, self.to_out = (
            torch.nn.Linear(*sizes, bias=False, **kind)
            for sizes in (
                (block.width, turned),
                (block.width, kept),
                (block.width, kept),
                (turned, block.width),
            )
        )
        self.norm_q, self.norm_k = (
            torch.nn.RMSNorm(size, eps=1e-6, **kind) if block.norm else torch.nn.Identity()
            for size in (turned, kept)
        )

    def forward(self, hidden):
        heads = (*hidden.shape[:2], -1, self.block.head_dim)
        q = self.norm_q(self.to_q(hidden)).view(heads)
        k = self.norm_k(self.to_k(hidden)).view(heads)
        v = self.to_v(hidden).view(heads)
        with self.clock:
            q, k = self.rope(q, k)
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), enable_gqa=q.shape != k.shape
        )
        return self.to_out(out.transpose(1, 2).flatten(2))


class InBlock(Contestant):
    peer = "torch"
    studies = ("blocks",)
    device = "cpu"

    def __init__(self, name: str, form: str):
        self.name, self.form = name, form

    @torch.inference_mode()
    def prepare(self, case, buffers):
        torch.set_num_threads(case.threads)
        torch.manual_seed(18)  # the same weights for all forms
        kind = {"dtype": STORED[case.dtype], "device": self.device}
        clock = self.clock()
        block = AttentionBlock(BLOCKS[case.block], self.rope(case, buffers), clock, kind)
        hidden = torch.randn(case.batch, case.seq, BLOCKS[case.block].width, **kind)
        block.eval()
        last = [None]

        @torch.inference_mode()
        def run():
            last[0] = block(hidden)

        def output():
            return None if self.form == "none" else self.stored(last[0].unsqueeze(2))

        return Prepared(run, output, inside=clock.inside, timer=self.timer(run, clock))

    def clock(self) -> HostClock:
        return HostClock()

    def timer(self, run, clock):
        """None: the host's."""
        return None

    def stored(self, out: torch.Tensor):
        return out.numpy()

    def tables(self, case, buffers) -> tuple[torch.Tensor, torch.Tensor]:
        return tuple(as_tensor(part, case.table_dtype) for part in (buffers.cos, buffers.sin))

    def ours(self, case, buffers):
        """A function that rotates tensors of PyTorch in place."""
        table = boundary.table(buffers.cos, buffers.sin, case.table_dtype)
        return lambda xs: boundary.apply_inplace(
            [tensor(x, case.dtype) for x in xs], table, case.pairing, case.threads
        )

    def rope(self, case, buffers):
        cos, sin = self.tables(case, buffers)

        def by_stack(q, k):
            return tuple(stack_flatten(x, cos, sin, case.pairing) for x in (q, k))

        def by_strides(q, k):
            return tuple(strided(x, cos, sin, torch.empty_like(x), case.pairing) for x in (q, k))

        rotate = self.ours(case, buffers)

        def by_ours(q, k):
            rotate((q, k))
            return q, k

        if self.form == "compiled":
            torch._dynamo.reset()
            return torch.compile(by_stack, dynamic=False, fullgraph=True)
        return {
            "none": lambda q, k: (q, k),
            "strided": by_strides,
            "stack": by_stack,
            "ours": by_ours,
        }[self.form]


FORMS = {
    "block, PyTorch eager, strided": "strided",
    "block, PyTorch eager, stack + flatten": "stack",
    "block, torch.compile": "compiled",
    "block, Ropewalk in place": "ours",
    "block, no RoPE": "none",
}


def contestants():
    return [InBlock(name, form) for name, form in FORMS.items()]
