"""Presets whose rotary code is diffusers', for generate_models.py."""
import ast
import importlib
import inspect
import textwrap

import diffusers
import torch
from diffusers.models import embeddings

from preset import Preset, Table

VERSION = f"diffusers {diffusers.__version__}"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
PLAIN = "the code's own"


def of(path, name):
    """A class or function of a transformer's file."""
    return getattr(importlib.import_module(f"diffusers.models.{path}"), name)


def nested(path, method, name):
    """A function that a method (`Class.method`) of a transformer's file defines inside itself."""
    module = importlib.import_module(f"diffusers.models.{path}")
    source = textwrap.dedent(inspect.getsource(getattr(getattr(module, method.split(".")[0]), method.split(".")[1])))
    found = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef) and n.name == name)
    space = dict(vars(module))
    exec(compile(ast.Module([found], []), f"{path}.{method}", "exec"), space)  # noqa: S102
    return space[name]


def some(count, wanted=6):
    """Token numbers of a grid's cells: the first two, some between, the last two."""
    numbers = [0, 1, count // 7 + 1, count // 2 + 3, count - 2, count - 1]
    return numbers if wanted == 6 else numbers[2:6:3] if wanted == 2 else numbers[1::2]


def cells(*sizes):
    """The positions of a grid's cells, the last axis fastest."""
    return torch.cartesian_prod(*[torch.arange(float(n)) for n in sizes])


def rows(tensors, positions, axis=0, wanted=6):
    """Some tokens of a whole grid's table, and where they stand."""
    numbers = torch.tensor(some(len(positions), wanted))
    picked = {name: t.index_select(axis, numbers).contiguous() for name, t in tensors.items()}
    return picked, positions[numbers].double().numpy()


def real(unbind=-1, sequence=1):
    """diffusers' shared function for a table of cos and sin."""
    def apply(q, k, t):
        pair = (t["cos"], t["sin"])
        return tuple(embeddings.apply_rotary_emb(x, pair, use_real_unbind_dim=unbind, sequence_dim=sequence)
                     for x in (q, k))
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
    return Preset(name, shape, axes, theta, f"{path}.{cls}, embeddings.apply_rotary_emb", table, real(), "BSHD",
                  "interleaved", held=held, compute="wide", positions=positions, weights=PLAIN, steps="f64", **more)


def latent_model(name, code, shape, axes, theta, grid, make, kind="full_rep", apply=None, layout="BSHD", **more):
    """A model whose module takes the latents: `make` makes the module, `grid` counts its patches."""
    path, cls = code.split()
    module = of(f"transformers.{path}", cls)

    def table(_):
        patch = more.get("keys", {}).get("patch", 1)
        sizes = [n * (patch if i >= len(grid) - 2 else 1) for i, n in enumerate(grid)]
        cos, sin = make(module)(torch.empty(1, 4, *sizes))
        picked, positions = rows({"cos": cos, "sin": sin}, cells(*grid), axis=cos.dim() - 3 if cos.dim() == 4 else 0)
        return Table(picked, kind, "BSH" if cos.dim() == 4 else "S", positions)
    settings = {"pairing": "interleaved", "held": "f32", "compute": "wide", "weights": PLAIN,
                "positions": "cells of the grid, from 0", **more}
    settings["keys"] = {"grid": "x".join(map(str, grid)), **settings.get("keys", {})}
    source = f"{path}.{cls}, " + settings["keys"].pop("function", "embeddings.apply_rotary_emb")
    return Preset(name, shape, axes, theta, source, table, apply or real(), layout, **settings)


FLUX_IDS = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 17, 42), (0, 63, 11), (0, 127, 95)]
FLUX_RULE = "t = 0, rows and columns from 0; text at 0, 0, 0"
WAN = ("transformer_wan WanRotaryPosEmbed", "transformers.transformer_wan", "WanAttnProcessor.__call__")


def wan(name, shape, grid=(21, 30, 52), code=WAN):
    apply = nested(code[1], code[2], "apply_rotary_emb")
    side = shape[2] // 6 * 2
    return latent_model(
        name, code[0], shape, (shape[2] - 2 * side, side, side), 1e4, grid,
        lambda module: module(shape[2], (1, 2, 2), 1024), compute="promoted", steps="f64",
        apply=lambda q, k, t: tuple(apply(x, t["cos"], t["sin"]) for x in (q, k)),
        keys={"patch": 2, "function": "apply_rotary_emb of the attention processor", "max_position_embeddings": 1024})


def helios():
    rope = of("transformers.transformer_helios", "HeliosRotaryPosEmbed")((44, 42, 42), 10000.0)
    turn = of("transformers.transformer_helios", "apply_rotary_emb_transposed")

    def table(_):
        frames = torch.tensor([[0, 1, 19, 20, 28]])
        made = rope(frames, 24, 40, torch.device("cpu")).flatten(2).transpose(1, 2)
        positions = torch.cartesian_prod(frames[0].float(), torch.arange(24.0), torch.arange(40.0))
        picked, positions = rows({"freqs": made}, positions, axis=1)
        return Table(picked, "packed_cos_sin", "BS", positions)
    return Preset("Helios", (40, 40, 128), (44, 42, 42), 1e4,
                  "transformer_helios.HeliosRotaryPosEmbed, apply_rotary_emb_transposed", table, each(turn), "BSHD",
                  "interleaved", held="f32", positions="frame ids, rows and columns from 0",
                  weights=PLAIN, keys={"grid": "5x24x40", "packed_lanes": "even_odd"})


def ltx(name, shape):
    width = shape[0] * shape[2]
    turn = of("transformers.transformer_ltx", "apply_rotary_emb")

    def table(_):
        rope = of("transformers.transformer_ltx", "LTXVideoRotaryPosEmbed")(dim=width)
        fractions = rope._prepare_video_coords(1, 16, 15, 22, (8 / 25, 32, 32), torch.device("cpu"))[0]
        cos, sin = rope(torch.empty(1), 16, 15, 22, (8 / 25, 32, 32))
        count = 2 if width < 4096 else 1
        numbers = torch.tensor(some(len(fractions), 2)[-count:])
        picked = {"cos": cos[:, numbers].contiguous(), "sin": sin[:, numbers].contiguous()}
        return Table(picked, "full_rep", "BS", (fractions[numbers] * 2 - 1).double().numpy(),
                     extra={"fractions": fractions[numbers]})
    return Preset(name, shape, (width // 6 * 2,) * 3, 1e4, "transformer_ltx.LTXVideoRotaryPosEmbed, apply_rotary_emb",
                  table, each(turn), "BSC", "interleaved", terms="alternating", held="f32", compute="wide",
                  positions="fraction * 2 - 1 in float; fractions t * 8/25 / 20, h * 32 / 2048, w * 32 / 2048",
                  weights=PLAIN, real_heads=True,
                  keys={"rotary_dim": width, "frequency_order": "increasing", "grid": "16x15x22",
                        "identity_lanes": width % 6})


def ltx2(name, shape, modality):
    width = shape[0] * shape[2]
    turn = of("transformers.transformer_ltx2", "apply_split_rotary_emb")
    axes = 3 if modality == "video" else 1

    def table(_):
        scale = (8, 32, 32) if modality == "video" else (4,)
        rope = of("transformers.transformer_ltx2", "LTX2AudioVideoRotaryPosEmbed")(
            dim=width, modality=modality, rope_type="split", num_attention_heads=shape[0], scale_factors=scale)
        sizes = (16, 16, 24) if modality == "video" else (126,)
        coords = rope.prepare_coords(1, *sizes, torch.device("cpu"))
        count = 1 if modality == "video" else 2
        coords = coords[:, :, some(coords.shape[2], 2)[-count:]]
        cos, sin = rope(coords)
        fractions = coords.mean(-1)[0].T / torch.tensor([20.0, 2048.0, 2048.0][:axes])
        return Table({"cos": cos.contiguous(), "sin": sin.contiguous()}, "half", "BHS",
                     (fractions * 2 - 1).double().numpy(), extra={"fractions": fractions})

    def apply(q, k, t):                              # the model has [batch, tokens, heads * head_dim]
        return tuple(turn(x.flatten(2), (t["cos"], t["sin"])).view(x.shape) for x in (q, k))
    return Preset(name, shape, (width // (2 * axes) * 2,) * axes, 1e4,
                  "transformer_ltx2.LTX2AudioVideoRotaryPosEmbed (split), apply_split_rotary_emb", table, apply, "BSHD",
                  "half", terms="alternating", held="f32", compute="wide",
                  positions="fraction * 2 - 1 in float, of the middle of an interval", weights=PLAIN, real_heads=True,
                  keys={"rotary_dim": shape[2], "frequency_order": "increasing",
                        "identity_lanes": 2 * (width // 2 - width // (2 * axes) * axes)},
                  )


def crop_model(name, shape, crops, sizes, source, grid_type="linspace"):
    """CogVideoX and its kin: fractional cells of a crop box."""
    axes = (shape[2] // 4, shape[2] // 8 * 3, shape[2] // 8 * 3)

    def table(_):
        cos, sin = embeddings.get_3d_rotary_pos_embed(shape[2], crops, sizes[1:], sizes[0], grid_type=grid_type,
                                                      max_size=sizes[1:])
        lists = [torch.arange(float(sizes[0]))]
        for axis in (0, 1):
            first, last, n = crops[0][axis], crops[1][axis], sizes[axis + 1]
            lists.append(torch.linspace(first, last * (n - 1) / n, n) if grid_type == "linspace"
                         else torch.arange(float(n)))
        picked, positions = rows({"cos": cos, "sin": sin}, torch.cartesian_prod(*lists))
        return Table(picked, "full_rep", "S", positions)
    box = f"linspace of the crop box {crops}, its end left out" if grid_type == "linspace" else "cells, from 0"
    return Preset(name, shape, axes, 1e4, source, table, real(sequence=2), "BHSD", "interleaved", held="f32",
                  compute="wide", positions=box, weights=PLAIN,
                  keys={"grid": "x".join(map(str, sizes)), "grid_type": grid_type})


def video():
    yield helios()
    for name, heads in (("Wan2.1 14B", 40), ("Wan2.1 1.3B", 12), ("Wan2.2 A14B", 40), ("Wan2.2 5B", 24)):
        yield wan(name, (heads, heads, 128))
    yield wan("SkyReels-V2 14B", (40, 40, 128), (25, 34, 60),
              ("transformer_skyreels_v2 SkyReelsV2RotaryPosEmbed", "transformers.transformer_skyreels_v2",
               "SkyReelsV2AttnProcessor.__call__"))
    yield wan("SANA-Video", (20, 20, 112), (21, 15, 26),
              ("transformer_sana_video WanRotaryPosEmbed", "transformers.transformer_sana_video",
               "SanaLinearAttnProcessor3_0.__call__"))
    for name, heads, code, grid in (
            ("HunyuanVideo", 24, "transformer_hunyuan_video HunyuanVideoRotaryPosEmbed", (33, 45, 80)),
            ("HunyuanVideo-1.5", 16, "transformer_hunyuan_video15 HunyuanVideo15RotaryPosEmbed", (31, 30, 53))):
        yield latent_model(name, code, (heads, heads, 128), (16, 56, 56), 256.0, grid,
                           lambda module: module(1, 1, [16, 56, 56], 256.0))
    yield latent_model("HunyuanVideo-FramePack",
                       "transformer_hunyuan_video_framepack HunyuanVideoFramepackRotaryPosEmbed",
                       (24, 24, 128), (16, 56, 56), 256.0, (9, 20, 34),
                       lambda module: lambda x: module(1, 1, [16, 56, 56], 256.0)(
                           torch.arange(x.shape[2]), x.shape[3], x.shape[4], x.device))
    yield ltx("LTX 2B", (32, 32, 64))
    yield ltx("LTX 13B", (32, 32, 128))
    yield ltx2("LTX-2", (32, 32, 128), "video")
    yield ltx2("LTX-2 audio", (32, 32, 64), "audio")
    yield crop_model("CogVideoX 5B", (48, 48, 64), ((0, 0), (30, 45)), (13, 30, 45),
                     "embeddings.get_3d_rotary_pos_embed, apply_rotary_emb")


def image():
    yield ids_model("Flux.1", "transformer_flux FluxPosEmbed", (24, 24, 128), (16, 56, 56), 10000, FLUX_RULE, FLUX_IDS)
    yield ids_model("Flux.2", "transformer_flux2 Flux2PosEmbed", (48, 48, 128), (32, 32, 32, 32), 2000,
                    "image t = 0 (references 10, 20, ..), rows and columns, l = 0; text l from 0",
                    [(0, 0, 0, 0), (0, 0, 1, 0), (0, 63, 95, 0), (10, 17, 5, 0), (0, 0, 0, 1), (0, 0, 0, 511)])
    yield ids_model("Krea-2", "transformer_krea2 Krea2RotaryPosEmbed", (48, 12, 128), (32, 48, 48), 1000.0, FLUX_RULE,
                    FLUX_IDS)


def presets():
    yield from video()
    yield from image()
