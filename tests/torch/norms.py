"""Compares norms, and rotations after them, with PyTorch's eager operations on the CPU."""

from __future__ import annotations

import dataclasses
import itertools
import sys
import warnings

import torch
from report import boundary
from report.contestants import torch_eager, torch_norms

PROMISED = "2.11"
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
SIZES = (64, 80, 96, 112, 128, 256, 1536, 3072, 5120, 6144)
ODD_SIZES = (1, 2, 3, 5, 7, 9, 15, 17, 31, 33, 47, 63, 65, 127, 511, 1023, 2047)
EPS = (0.0, 1e-5, 1e-6, None)  # None: as torch.nn.RMSNorm has it, 2^-23
MOST = 24_000  # features of a case


@dataclasses.dataclass
class Norm:
    finish: str
    weight: torch.Tensor | None
    weight_dtype: str
    eps: float | None
    over_token: bool

    def of_torch(self, x):
        # That of torch.nn.RMSNorm is None by default; the other classes take a number.
        eps = 2.0**-23 if self.eps is None and self.finish != "one_rounding" else self.eps
        return torch_norms.normalised(x, self.finish, self.over_token, self.weight, eps)

    def of_boundary(self):
        weight = self.weight
        return boundary.Norm(
            struct_size=boundary.c.sizeof(boundary.Norm),
            weight=None if weight is None else weight.data_ptr(),
            weight_size=0 if weight is None else weight.numel(),
            eps=2.0**-23 if self.eps is None else self.eps,
            weight_dtype=boundary.DTYPES[self.weight_dtype],
            finish=boundary.FINISHES[self.finish],
            over=int(self.over_token),
        )


# Values -------------------------------------------------------------------------------------------


def rows(count, size, dtype, random):
    """Rows of every kind, one after the other: of plain numbers, and of the ends of the type."""

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(shape, generator=random)

    x = torch.randn((count, size), generator=random)
    kind = torch.arange(count) % 10
    limits = torch.finfo(DTYPES[dtype])
    x[kind == 1] *= torch.exp2(uniform(-149, 60, int((kind == 1).sum()), 1))
    x[kind == 2] *= torch.exp2(uniform(-149, 60, int((kind == 2).sum()), size))
    x[kind == 3] = x[kind == 3].sign() * limits.max
    x[kind == 4] = x[kind == 4].sign() * limits.smallest_normal * uniform(0, 1, size)
    x[kind == 5] *= 2.0**63  # the squares' sum overflows, or nearly does
    x[kind == 6] = x[kind == 6].sign() * limits.smallest_normal
    x[kind == 9] = 0
    for of, value in ((7, float("inf")), (8, float("nan"))):
        x[kind == of, torch.randint(size, (1,), generator=random)] = value
    return x.to(DTYPES[dtype])


def table(seq, pairs, dtype, random):
    """cos and sin [seq, pairs]."""
    angles = 1000 * torch.rand((seq, pairs), generator=random, dtype=torch.float64)
    return angles.cos().to(DTYPES[dtype]), angles.sin().to(DTYPES[dtype])


def table_of_boundary(cos, sin, dtype):
    made = boundary.Table(struct_size=boundary.c.sizeof(boundary.Table))
    tensors = [torch_eager.tensor(of[None, :, None], dtype) for of in (cos, sin)]
    make = boundary.library().ropewalk_table_set
    boundary.check(make(boundary.c.byref(made), 0, *map(boundary.c.byref, tensors)))
    return made


# Comparing ----------------------------------------------------------------------------------------


class Differing:
    """Counts of values by what is compared; NaN equals NaN."""

    def __init__(self):
        self.compared, self.of = 0, {}

    def add(self, what, ours, theirs):
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape, what
        stored = {2: torch.int16, 4: torch.int32}[ours.element_size()]
        both_nan = ours.isnan() & theirs.isnan()
        differ = (ours.contiguous().view(stored) != theirs.contiguous().view(stored)) & ~both_nan
        self.compared += ours.numel()
        self.of[what] = self.of.get(what, 0) + int(differ.sum())

    def count(self):
        return sum(self.of.values())


def weights(finish, dtype):
    """The types that PyTorch takes where it returns x's; None: no weight."""
    wide = ["f32"] if dtype != "f32" and finish != "round_then_weight" else []
    return ([] if finish == "one_plus_weight" else [None]) + [dtype] + wide


def norm_of(finish, of_weight, dtype, eps, over_token, size, random):
    made = None
    if of_weight:
        made = torch.randn(size, generator=random).to(DTYPES[of_weight])
    return Norm(finish, made, of_weight or dtype, eps, over_token)


def normalise(differing, dtype, size, heads, random):
    """Norms of rows of `size` features, or of so many heads of them together, alone."""
    seq = min(200, max(10, MOST // (size * heads)))
    cos, sin = table(seq, 0, "f32", random)
    over_token = heads > 1
    for finish, eps in itertools.product(torch_norms.FINISHES, EPS):
        for of_weight in weights(finish, dtype):
            x = rows(seq, heads * size, dtype, random).reshape(1, seq, heads, size)
            norm = norm_of(finish, of_weight, dtype, eps, over_token, heads * size, random)
            out = torch.empty_like(x)
            boundary.apply_normed(
                [torch_eager.tensor(out, dtype)],
                [torch_eager.tensor(x, dtype)],
                [norm.of_boundary()],
                table_of_boundary(cos, sin, "f32"),
                "half",
            )
            of = "over token" if over_token else "per head"
            what = f"{finish} {of}, {dtype}, weight {of_weight}"
            differing.add(what, out, norm.of_torch(x))


def rotate(differing, dtype, table_dtype, pairing, random):
    """Queries and keys, each with its norm, and values without one, by one call in place."""
    seq, head_dim, pairs = 20, 96, 40
    cos, sin = table(seq, pairs, table_dtype, random)
    for finish, over_token in itertools.product(torch_norms.FINISHES, (False, True)):
        xs = [rows(seq * heads, head_dim, dtype, random) for heads in (6, 2, 2)]
        xs = [x.reshape(1, seq, -1, head_dim) for x in xs]
        q_size = (6 if over_token else 1) * head_dim
        k_weight = weights(finish, dtype)[-1]
        norms = [
            norm_of(finish, dtype, dtype, 1e-6, over_token, q_size, random),
            norm_of(finish, k_weight, dtype, 1e-6, False, head_dim, random),
            None,
        ]
        wanted = []
        for x, norm in zip(xs, norms):
            normed = x if norm is None else norm.of_torch(x)
            wanted.append(normed.clone())
            a, out = normed[..., : 2 * pairs], wanted[-1][..., : 2 * pairs]
            torch_eager.strided(a, cos[:, None], sin[:, None], out, pairing)
        boundary.apply_normed(
            None,
            [torch_eager.tensor(x, dtype) for x in xs],
            [norm and norm.of_boundary() for norm in norms],
            table_of_boundary(cos, sin, table_dtype),
            pairing,
        )
        for x, out in zip(xs, wanted):
            differing.add(f"{finish}, then {pairing} pairs, {dtype}, table {table_dtype}", x, out)


def main():
    # Of a float weight that 16-bit rows have: what PyTorch does with it is compared.
    warnings.filterwarnings("ignore", "Mismatch dtype")
    random = torch.Generator().manual_seed(1)
    differing = Differing()
    for dtype in DTYPES:
        for size in SIZES + ODD_SIZES:
            normalise(differing, dtype, size, 1, random)
        for heads, size in ((12, 128), (40, 128), (24, 64), (5, 80), (3, 30), (3, 1)):
            normalise(differing, dtype, size, heads, random)
        for table_dtype, pairing in itertools.product(sorted({"f32", dtype}), boundary.PAIRINGS):
            rotate(differing, dtype, table_dtype, pairing, random)
    version, found = torch.__version__, differing.count()
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"torch {version} ({capability}): {found} of {differing.compared} values differ")
    for what, count in differing.of.items():
        if count:
            print(f"  {what}: {count}")
    if version.startswith(PROMISED + "."):
        return 1 if found else 0
    print(
        f"note: skipped the verdict: {found} values differ, of torch {version}; "
        f"the promise names {PROMISED}"
    )
    return 77


if __name__ == "__main__":
    sys.exit(main())
