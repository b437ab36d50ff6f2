"""What XLA compiles, for a CPU and for a GPU: a norm where there is one, stack and reshape."""

import jax
import jax.numpy as jnp

from ..norms import EPS, NORMS


def normed(x, weight, norm):
    """Rows of x, or tokens, by one of NORMS."""
    rule = NORMS[norm]
    rows = x.reshape(*x.shape[:2], -1) if rule.over_token else x
    wide = rows.astype(jnp.float32)
    unit = wide * jax.lax.rsqrt(jnp.mean(jnp.square(wide), axis=-1, keepdims=True) + EPS)
    if rule.finish == "round_then_weight":
        return (weight * unit.astype(x.dtype)).reshape(x.shape)
    return (unit * weight.astype(jnp.float32)).astype(x.dtype).reshape(x.shape)


def parts(x, pairing):
    if pairing == "half":
        return jnp.split(x, 2, axis=-1)
    return x[..., 0::2], x[..., 1::2]


def rotated(x, cos, sin, weight, pairing, norm):
    if norm:
        x = normed(x, weight, norm)
    a, b = parts(x, pairing)
    turned = a * cos - b * sin, b * cos + a * sin
    if pairing == "half":
        return jnp.concatenate(turned, axis=-1).astype(x.dtype)
    return jnp.stack(turned, axis=-1).reshape(x.shape).astype(x.dtype)
