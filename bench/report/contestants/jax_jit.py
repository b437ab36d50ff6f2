"""JAX: stack and reshape, compiled by XLA; it writes to memory of its own."""

from __future__ import annotations

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from . import Contestant, Prepared, Skip
from .jax_rotation import rotated

jax.devices()  # starts its threads, as many as the process has cores: before a case takes some away


def as_array(values: np.ndarray, dtype: str):
    return jnp.asarray(values.view(ml_dtypes.bfloat16) if dtype == "bf16" else values)


class Jit(Contestant):
    name = "JAX, jit"
    peer = "jax"
    norms = True

    def prepare(self, case, buffers):
        if case.table_dtype == "f64":
            raise Skip("64-bit types are off by default")
        x = as_array(buffers.x, case.dtype)
        cos, sin = (as_array(part, case.table_dtype) for part in (buffers.cos, buffers.sin))
        compiled = jax.jit(rotated, static_argnames=("pairing", "norm"))
        weight = as_array(buffers.weight, case.dtype) if case.norm else None
        last = [None]

        def run():
            last[0] = compiled(x, cos, sin, weight, case.pairing, case.norm).block_until_ready()

        return Prepared(run, lambda: np.asarray(last[0]).view(buffers.x.dtype))


def contestants():
    return [Jit()]
