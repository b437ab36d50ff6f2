"""An attention block of PyTorch with RoPE by each form: what it is a share of."""

from __future__ import annotations

import time

import torch
import torch.nn.functional as F

from .. import boundary
from ..blocks import BLOCKS
from . import Contestant, Prepared
from .torch_eager import STORED, as_tensor, stack_flatten, strided


class AttentionBlock(torch.nn.Module):
    """Projections, RMSNorm of queries and keys, RoPE, attention, projection."""

    def __init__(self, block, rope, dtype):
        super().__init__()
        self.block, self.rope, self.inside = block, rope, []
        turned, kept = block.heads * block.head_dim, block.kv_heads * block.head_dim
        self.to_q, self.to_k, self.to_v, self.to_out = (
            torch.nn.Linear(*sizes, bias=False, dtype=dtype)
            for sizes in (
                (block.width, turned),
                (block.width, kept),
                (block.width, kept),
                (turned, block.width),
            )
        )
        self.norm_q, self.norm_k = (
            torch.nn.RMSNorm(size, eps=1e-6, dtype=dtype) if block.norm else torch.nn.Identity()
            for size in (turned, kept)
        )

    def forward(self, hidden):
        heads = (*hidden.shape[:2], -1, self.block.head_dim)
        q = self.norm_q(self.to_q(hidden)).view(heads)
        k = self.norm_k(self.to_k(hidden)).view(heads)
        v = self.to_v(hidden).view(heads)
        begin = time.perf_counter()
        q, k = self.rope(q, k)
        self.inside.append(time.perf_counter() - begin)
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), enable_gqa=q.shape != k.shape
        )
        return self.to_out(out.transpose(1, 2).flatten(2))


class InBlock(Contestant):
    peer = "torch"
    studies = ("blocks",)

    def __init__(self, name: str, form: str):
        self.name, self.form = name, form

    @torch.inference_mode()
    def prepare(self, case, buffers):
        torch.set_num_threads(case.threads)
        torch.manual_seed(18)  # the same weights for all forms
        block = AttentionBlock(BLOCKS[case.block], self.rope(case, buffers), STORED[case.dtype])
        hidden = torch.randn(
            case.batch, case.seq, BLOCKS[case.block].width, dtype=STORED[case.dtype]
        )
        block.eval()

        @torch.inference_mode()
        def run():
            last[0] = block(hidden)

        last = [None]
        turns = self.form != "none"
        return Prepared(
            run, lambda: last[0].unsqueeze(2).numpy() if turns else None, inside=block.inside
        )

    def rope(self, case, buffers):
        cos, sin = (as_tensor(part, case.table_dtype) for part in (buffers.cos, buffers.sin))

        def by_stack(q, k):
            return tuple(stack_flatten(x, cos, sin, case.pairing) for x in (q, k))

        def by_strides(q, k):
            return tuple(strided(x, cos, sin, torch.empty_like(x), case.pairing) for x in (q, k))

        table = boundary.table(buffers.cos, buffers.sin, case.table_dtype)

        def by_ours(q, k):
            tensors = [
                boundary.Tensor(
                    x.data_ptr(), boundary.DTYPES[case.dtype], 0, tuple(x.shape), x.stride()[:3]
                )
                for x in (q, k)
            ]
            boundary.apply_inplace(tensors, table, case.pairing, case.threads)
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


def contestants():
    return [
        InBlock("block, PyTorch eager, strided", "strided"),
        InBlock("block, PyTorch eager, stack + flatten", "stack"),
        InBlock("block, torch.compile", "compiled"),
        InBlock("block, Ropewalk in place", "ours"),
        InBlock("block, no RoPE", "none"),
    ]
