"""Norms in PyTorch eager, as models' code has them, by the names of boundary.FINISHES."""

from __future__ import annotations

import torch

from ..norms import EPS, NORMS


def one_rounding(x, weight, eps):
    """torch.nn.RMSNorm."""
    return torch.nn.functional.rms_norm(x, x.shape[-1:], weight, eps)


def unit(x, eps):
    """x over its root mean square, in float, as models' own classes have it."""
    wide = x.float()
    variance = wide.pow(2).mean(-1, keepdim=True)
    return wide * torch.rsqrt(variance + eps)


def round_then_weight(x, weight, eps):
    """Llama's class in transformers."""
    rounded = unit(x, eps).to(x.dtype)
    return rounded if weight is None else weight * rounded


def one_plus_weight(x, weight, eps):
    """Gemma's class in transformers."""
    return (unit(x, eps) * (1.0 + weight.float())).type_as(x)


FINISHES = {
    "one_rounding": one_rounding,
    "round_then_weight": round_then_weight,
    "one_plus_weight": one_plus_weight,
}


def normalised(x, finish: str, over_token: bool, weight, eps: float):
    """x [batch, seq, heads, head_dim], each row or each token as one."""
    rows = x.flatten(-2) if over_token else x
    return FINISHES[finish](rows, weight, eps).view(x.shape)


def before(case, weight):
    """A function of x: what a case does before it rotates."""
    if not case.norm:
        return lambda x: x
    norm = NORMS[case.norm]
    return lambda x: normalised(x, norm.finish, norm.over_token, weight, EPS)
