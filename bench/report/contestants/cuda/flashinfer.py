"""FlashInfer's kernel by a cache of cos and sin: queries and keys in place, in one call."""

import flashinfer
import torch

from .. import Contestant, Skip
from . import Split, replayed


class FlashInfer(Contestant):
    name = "FlashInfer, in place"
    peer = "flashinfer"
    inplace = True

    def prepare(self, case, buffers):
        if case.dtype == "f32":
            raise Skip("16-bit types alone")
        if case.table_per_head:
            raise Skip("one table for all heads")
        split = Split(case, buffers)
        tokens = case.batch * case.seq
        q, k = (part.view(tokens, -1) for part in (split.q, split.k))
        cache = torch.cat([buffers.cos[:, 0], buffers.sin[:, 0]], dim=-1).float()
        positions = torch.arange(case.seq, device="cuda").repeat(case.batch)

        def run():
            flashinfer.apply_rope_with_cos_sin_cache_inplace(
                positions, q, k, case.head_dim, cache, is_neox=case.pairing == "half"
            )

        note = "" if case.table_dtype == "f32" else "its tables are float"
        return replayed(run, split.output, start=split.start, note=note)


def contestants():
    return [FlashInfer()]
