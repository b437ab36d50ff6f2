"""How diffusers' rotary code is run: modules, shared functions, functions inside of methods."""

import ast
import importlib
import inspect
import textwrap

import diffusers
import torch
from diffusers.models import embeddings

from .preset import Preset, Table

VERSION = f"diffusers {diffusers.__version__}"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
PLAIN = "the code's own"
CROPPED = "embeddings.get_3d_rotary_pos_embed, apply_rotary_emb"


def of(path, name):
    """A class or function of a transformer's file."""
    return getattr(importlib.import_module(f"diffusers.models.{path}"), name)


def nested(path, method, name):
    """A function that a method (`Class.method`) of a transformer's file defines inside itself."""
    module = importlib.import_module(f"diffusers.models.{path}")
    source = textwrap.dedent(
        inspect.getsource(getattr(getattr(module, method.split(".")[0]), method.split(".")[1]))
    )
    found = next(
        n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef) and n.name == name
    )
    space = dict(vars(module))
    exec(compile(ast.Module([found], []), f"{path}.{method}", "exec"), space)  # noqa: S102
    return space[name]


def some(count, wanted=5):
    """Token numbers of a grid's cells: the first two, some between, the last."""
    numbers = [0, 1, count // 7 + 1, count // 2 + 3, count - 1]
    return numbers[-wanted:] if wanted > 1 else numbers[3:4]


def cells(*sizes):
    """The positions of a grid's cells, the last axis fastest."""
    return torch.cartesian_prod(*[torch.arange(float(n)) for n in sizes])


def rows(tensors, positions, axis=0, wanted=5):
    """Some tokens of a whole grid's table, and where they stand."""
    numbers = torch.tensor(some(len(positions), wanted))
    picked = {name: t.index_select(axis, numbers).contiguous() for name, t in tensors.items()}
    return picked, positions[numbers].double().numpy()


def real(unbind=-1, sequence=1):
    """diffusers' shared function for a table of cos and sin."""

    def apply(q, k, t):
        pair = (t["cos"], t["sin"])
        return tuple(
            embeddings.apply_rotary_emb(x, pair, use_real_unbind_dim=unbind, sequence_dim=sequence)
            for x in (q, k)
        )

    return apply


def each(function):
    """A function of one tensor and the whole table, on q and on k."""

    def apply(q, k, t):
        given = (t["cos"], t["sin"]) if "cos" in t else t["freqs"]
        return function(q, given), function(k, given)

    return apply


def ids_model(name, code, shape, axes, theta, positions, ids, held="f32", **more):
    """Flux and its kin: a table in double from the ids of tokens."""
    path, cls = code.split()
    embedder = of(f"transformers.{path}", cls)

    def table(_):
        cos, sin = embedder(theta=theta, axes_dim=list(axes))(torch.tensor(ids))
        return Table({"cos": cos, "sin": sin}, "full_rep", "S", ids)

    return Preset(
        name,
        shape,
        axes,
        theta,
        f"{path}.{cls}, embeddings.apply_rotary_emb",
        table,
        real(),
        "BSHD",
        "interleaved",
        held=held,
        compute="wide",
        positions=positions,
        weights=PLAIN,
        steps="f64",
        **more,
    )


def latent_model(
    name, code, shape, axes, theta, grid, make, kind="full_rep", apply=None, layout="BSHD", **more
):
    """A model whose module takes latents: `make` makes the module, `grid` counts its patches."""
    path, cls = code.split()
    module = of(f"transformers.{path}", cls)

    def table(_):
        patch = more.get("keys", {}).get("patch", 1)
        sizes = [n * (patch if i >= len(grid) - 2 else 1) for i, n in enumerate(grid)]
        cos, sin = make(module)(torch.empty(1, 4, *sizes))
        picked, positions = rows(
            {"cos": cos, "sin": sin}, cells(*grid), axis=cos.dim() - 3 if cos.dim() == 4 else 0
        )
        return Table(picked, kind, "BSH" if cos.dim() == 4 else "S", positions)

    settings = {
        "pairing": "interleaved",
        "held": "f32",
        "compute": "wide",
        "weights": PLAIN,
        "positions": "cells of the grid, from 0",
        **more,
    }
    settings["keys"] = {"grid": "x".join(map(str, grid)), **settings.get("keys", {})}
    source = f"{path}.{cls}, " + settings["keys"].pop("function", "embeddings.apply_rotary_emb")
    return Preset(name, shape, axes, theta, source, table, apply or real(), layout, **settings)


def cast_rows(made, x_type, where):
    """A table that the model's code casts to x's type."""
    cos, sin = (t.to(DTYPES[x_type]) for t in made)
    return Table(
        {"cos": cos[where].contiguous(), "sin": sin[where].contiguous()},
        "full_dup",
        "S",
        [(i,) for i in where],
    )


def mrope(name, shape, axes, source, make, turn, layout, ids):
    """M-RoPE: the rotation stands in the attention processor; here around its _rotate_half."""

    def table(x_type):
        cos, sin, inv_freq = make(torch.tensor(ids), DTYPES[x_type])
        return Table({"cos": cos, "sin": sin}, "full_dup", "BS", ids, inv_freq)

    def apply(q, k, t):
        cos, sin = (x.unsqueeze(layout.index("H")) for x in (t["cos"], t["sin"]))
        return tuple(x * cos + turn(x) * sin for x in (q, k))

    return Preset(
        name,
        shape,
        axes,
        5e6,
        source,
        table,
        apply,
        layout,
        "half",
        terms="interleaved_sections",
        positions="ids t, h, w (equal for text)",
        weights=PLAIN,
        keys={"mrope_layout": "interleaved"},
    )
