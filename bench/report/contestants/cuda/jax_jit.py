"""JAX on the GPU: stack and reshape, compiled by XLA; it writes to memory of its own."""

import os

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # the GPU is not its own

import jax
import torch

from ...measure import timed
from .. import Contestant, Prepared, Skip
from ..jax_rotation import rotated

if jax.default_backend() != "gpu":
    raise ImportError("JAX sees no GPU")


class Jit(Contestant):
    name = "JAX, jit"
    peer = "jax"
    norms = True

    def prepare(self, case, buffers):
        if case.table_dtype == "f64":
            raise Skip("64-bit types are off by default")
        torch.cuda.synchronize()
        tensors = buffers.x, buffers.cos, buffers.sin
        x, cos, sin = (jax.dlpack.from_dlpack(part) for part in tensors)
        compiled = jax.jit(rotated, static_argnames=("pairing", "norm"))
        weight = jax.dlpack.from_dlpack(buffers.weight) if case.norm else None
        last = [None]

        def run():
            last[0] = compiled(x, cos, sin, weight, case.pairing, case.norm)

        def seconds(calls):
            """Calls follow one another on its stream; the last one is waited for."""

            def all_calls():
                for _ in range(calls):
                    run()
                last[0].block_until_ready()

            return timed(all_calls, 1) / calls

        def output():
            return torch.from_dlpack(last[0].block_until_ready())

        note = "launched call by call, by the host's clock: it is captured in no graph of PyTorch's"
        return Prepared(run, output, note=note, timer=seconds)


def contestants():
    return [Jit()]
