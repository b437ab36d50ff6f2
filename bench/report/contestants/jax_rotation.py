"""The rotation that XLA compiles, for a CPU and for a GPU: stack and reshape."""

import jax.numpy as jnp


def parts(x, pairing):
    if pairing == "half":
        return jnp.split(x, 2, axis=-1)
    return x[..., 0::2], x[..., 1::2]


def rotated(x, cos, sin, pairing):
    a, b = parts(x, pairing)
    turned = a * cos - b * sin, b * cos + a * sin
    if pairing == "half":
        return jnp.concatenate(turned, axis=-1).astype(x.dtype)
    return jnp.stack(turned, axis=-1).reshape(x.shape).astype(x.dtype)
