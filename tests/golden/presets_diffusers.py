"""Presets whose rotary code is diffusers', for generate_models.py."""
import ast
import importlib
import inspect
import textwrap
from types import SimpleNamespace

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
CROPPED = "embeddings.get_3d_rotary_pos_embed, apply_rotary_emb"
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


def hunyuan_dit():
    crops, sizes = ((0, 4), (32, 28)), (64, 48)

    def table(_):
        cos, sin = embeddings.get_2d_rotary_pos_embed(88, crops, sizes)
        h, w = (torch.linspace(crops[0][i], crops[1][i] * (sizes[i] - 1) / sizes[i], sizes[i]) for i in (0, 1))
        picked, positions = rows({"cos": cos, "sin": sin}, torch.cartesian_prod(h, w).flip(-1))
        return Table(picked, "full_rep", "S", positions)
    return Preset("HunyuanDiT 1.2", (16, 16, 88), (44, 44), 1e4, "embeddings.get_2d_rotary_pos_embed, apply_rotary_emb",
                  table, real(sequence=2), "BHSD", "interleaved", held="f32", compute="wide", weights=PLAIN,
                  positions=f"column, row; linspace of the crop box {crops}, its end left out", keys={"grid": "64x48"})


def allegro():
    scale = (2.2, 2.0, 2.0)

    def table(_):
        made = embeddings.get_3d_rotary_pos_embed_allegro(96, ((0, 0), (45, 80)), (45, 80), 22, scale)
        pairs, where = made[:3], cells(22, 45, 80)
        where = where[some(len(where))]
        ids = [where[None, :, i].long() for i in range(3)]
        gathered = [torch.cat([pair[part][i[0]] for pair, i in zip(pairs, ids)], -1) for part in (0, 1)]
        return Table(dict(zip(("cos", "sin"), gathered)), "block_full_dup", "S",
                     (where / torch.tensor(scale)).double().numpy(), native=(pairs, ids))
    turn = embeddings.apply_rotary_emb_allegro
    return Preset("Allegro", (24, 24, 96), (32, 32, 32), 1e4,
                  "embeddings.get_3d_rotary_pos_embed_allegro, apply_rotary_emb_allegro", table,
                  lambda q, k, t: (turn(q, *t), turn(k, *t)), "BHSD", "block_half", held="f32", compute="wide",
                  positions="t / 2.2, h / 2, w / 2 in float", weights=PLAIN, keys={"grid": "22x45x80"})


def cosmos():
    def table(_):
        module = of("transformers.transformer_cosmos", "CosmosRotaryPosEmbed")(128)
        cos, sin = module(torch.empty(1, 16, 16, 88, 160), fps=30)
        frames = torch.arange(16.0) / 30 * 24
        picked, positions = rows({"cos": cos, "sin": sin},
                                 torch.cartesian_prod(frames, torch.arange(44.0), torch.arange(80.0)))
        return Table(picked, "full_dup", "S", positions)
    return Preset("Cosmos 1 7B", (32, 32, 128), (44, 42, 42), 1e4, "transformer_cosmos.CosmosRotaryPosEmbed, "
                  "embeddings.apply_rotary_emb", table, real(-2, 2), "BHSD", "half", held="f32", compute="wide",
                  scaling="StaticNtk{2} on the first axis", positions="t / fps * 24 in float, h, w", weights=PLAIN,
                  keys={"grid": "16x44x80", "fps": 30})


def kandinsky(name, code, method, shape, axes, x_types, **more):
    path, cls = code.split()
    grid = (31, 24, 36)

    def table(_):
        module = of(f"transformers.{path}", cls)(axes)
        ids = tuple(torch.arange(n) for n in grid)
        made = module((1, *grid), ids) if "kandinsky6" not in path else module(ids)[None]
        picked, positions = rows({"freqs": made.flatten(1, 3)}, cells(*grid), axis=1)
        return Table(picked, "matrices", "BSH", positions)
    turn = nested(f"transformers.{path}", method, "apply_rotary") if method else of(f"transformers.{path}", "apply_rotary")
    return Preset(name, shape, axes, 1e4, f"{path}.{cls}, apply_rotary", table, each(turn), "BSHD", "interleaved",
                  held="f32", compute="wide", positions="cells of the grid, from 0", weights=PLAIN, x_types=x_types,
                  keys={"grid": "x".join(map(str, grid)), **more})


def cast_rows(made, x_type, where):
    """A table that the model's code casts to x's type."""
    cos, sin = (t.to(DTYPES[x_type]) for t in made)
    return Table({"cos": cos[where].contiguous(), "sin": sin[where].contiguous()}, "full_dup", "S",
                 [(i,) for i in where])


AUDIO_IDS = [0, 1, 17, 342, 1023]


def minimax_h3():
    module = of("transformers.transformer_minimax_h3", "MiniMaxH3RotaryPosEmbed")(16, 10000.0)
    turn = of("transformers.transformer_minimax_h3", "_apply_rotary_emb")
    where = [(0, 0, 0), (1, 1, 1), (40, 0, 1), (40, 17, 5), (71, 44, 79)]

    def table(x_type):
        made = cast_rows(module(torch.tensor(where)), x_type, list(range(len(where))))
        made.positions = where
        return made
    return Preset("MiniMax-H3", (56, 56, 128), (32, 32, 32), 1e4,
                  "transformer_minimax_h3.MiniMaxH3RotaryPosEmbed, _apply_rotary_emb", table,
                  lambda q, k, t: tuple(turn(x, t["cos"], t["sin"]) for x in (q, k)), "BSHD", "half",
                  positions="ids t, h, w", weights=PLAIN)


def audio():
    def preset(name, shape, width, theta, source, make, apply, x_held, compute, layout="BSHD", limit=1024):
        ids = AUDIO_IDS[:-1] + [limit - 1]

        def table(x_type):
            made = make(limit, x_type)
            return cast_rows(made, x_type if x_held else "f32", ids)
        return Preset(name, shape, (width,), theta, source, table, apply, layout, "half",
                      held="x" if x_held else "f32", compute=compute, positions="token numbers", weights=PLAIN,
                      keys={"max_position_embeddings": limit})

    processor = of("attention_processor", "StableAudioAttnProcessor2_0")()
    yield preset("Stable Audio", (24, 24, 64), 32, 1e4, "embeddings.get_1d_rotary_pos_embed, "
                 "attention_processor.StableAudioAttnProcessor2_0.apply_partial_rotary_emb",
                 lambda n, _: embeddings.get_1d_rotary_pos_embed(32, n, use_real=True, repeat_interleave_real=False),
                 each(lambda x, pair: processor.apply_partial_rotary_emb(x.float(), pair).to(x.dtype)), False, "wide",
                 "BHSD")
    path = "transformers.transformer_stable_audio3"
    angles = of(path, "StableAudio3RotaryEmbedding")(32)(1024, torch.device("cpu"))
    turn_angles = of(path, "_apply_rotary_partial")

    def stable_audio3(q, k, t):                      # the code holds angles: it takes cos and sin as it applies them
        assert torch.equal(angles[AUDIO_IDS].cos(), t["cos"]) and torch.equal(angles[AUDIO_IDS].sin(), t["sin"])
        return turn_angles(q, angles[AUDIO_IDS]), turn_angles(k, angles[AUDIO_IDS])
    yield preset("Stable Audio 3", (24, 24, 64), 32, 1e4, "transformer_stable_audio3.StableAudio3RotaryEmbedding, "
                 "_apply_rotary_partial", lambda n, _: (angles.cos(), angles.sin()), stable_audio3, False, "wide")
    ace = of("transformers.ace_step_transformer", "_ace_step_rotary_freqs")
    yield preset("ACE-Step", (16, 8, 128), 128, 1e6, "ace_step_transformer._ace_step_rotary_freqs, "
                 "embeddings.apply_rotary_emb", lambda n, x: ace(n, 128, 1e6, torch.device("cpu"), DTYPES[x]), real(-2),
                 True, "wide", limit=32768)
    path = "transformers.transformer_longcat_audio_dit"
    longcat = of(path, "AudioDiTRotaryEmbedding")(64, 2048, 100000.0)
    yield preset("LongCat-AudioDiT", (24, 24, 64), 64, 1e5, "transformer_longcat_audio_dit.AudioDiTRotaryEmbedding, "
                 "_apply_rotary_emb", lambda n, x: longcat(torch.empty(1, n, 1, dtype=DTYPES[x]), n),
                 each(of(path, "_apply_rotary_emb")), True, "wide", limit=2048)
    path = "transformers.transformer_minimax_music3"
    music = of(path, "MiniMaxMusic3RotaryEmbedding")(32)
    yield preset("MiniMax-Music 3", (32, 32, 64), 32, 1e4, "transformer_minimax_music3.MiniMaxMusic3RotaryEmbedding, "
                 "_apply_partial_rotary_emb", lambda n, _: music(n, torch.device("cpu")),
                 each(of(path, "_apply_partial_rotary_emb")), True, "promoted", limit=8192)


TEXT_AND_IMAGE = [(0, 0, 0), (4, 4, 9), (4, 17, 5), (60, 71, 90), (32767, 32767, 32767)]


def mrope(name, shape, axes, source, make, turn, layout, ids):
    """M-RoPE in diffusers: the rotation stands in the attention processor, written here around its _rotate_half."""
    def table(x_type):
        cos, sin, inv_freq = make(torch.tensor(ids), DTYPES[x_type])
        return Table({"cos": cos, "sin": sin}, "full_dup", "BS", ids, inv_freq)

    def apply(q, k, t):
        cos, sin = (x.unsqueeze(layout.index("H")) for x in (t["cos"], t["sin"]))
        return tuple(x * cos + turn(x) * sin for x in (q, k))
    return Preset(name, shape, axes, 5e6, source, table, apply, layout, "half", terms="interleaved_sections",
                  positions="ids t, h, w (equal for text)", weights=PLAIN, keys={"mrope_layout": "interleaved"})


def cosmos3():
    path = "transformers.transformer_cosmos3"
    module = of(path, "Cosmos3VLTextRotaryEmbedding")(128, 5e6, (24, 20, 20))
    return mrope("Cosmos3", (32, 8, 128), (24, 20, 20), "transformer_cosmos3.Cosmos3VLTextRotaryEmbedding, _rotate_half",
                 lambda ids, x: (*module(ids.T[:, None], torch.device("cpu"), x), module.inv_freq),
                 of(path, "_rotate_half"), "BHSD", TEXT_AND_IMAGE)


def ideogram4():
    path = "transformers.transformer_ideogram4"
    module = of(path, "Ideogram4MRoPE")(256, 5000000, (24, 20, 20))
    ids = [(17, 17, 17), (65536, 65536, 65537), (65536, 65599, 65631)]
    return mrope("Ideogram-4", (18, 18, 256), (88, 20, 20), "transformer_ideogram4.Ideogram4MRoPE, _rotate_half",
                 lambda t, x: (*(c.to(x) for c in module(t[None])), module.inv_freq), of(path, "_rotate_half"), "BSHD",
                 ids)


def complex_model(name, shape, axes, theta, source, make, apply, axes_of_table, rule, held="f32", compute="wide",
                  steps="f32", **more):
    """A model whose table is complex: make() -> table, positions."""
    def table(_):
        freqs, positions = make()
        return Table({"freqs": freqs}, "complex", axes_of_table, positions)
    return Preset(name, shape, axes, theta, source, table, apply, "BSHD", "interleaved", held=held, compute=compute,
                  positions=rule, weights=PLAIN, steps=steps, **more)


def qwen_image():
    path = "transformers.transformer_qwenimage"

    def make():
        image, text = of(path, "QwenEmbedRope")(10000, [16, 56, 56], True)([(1, 82, 61)], torch.device("cpu"), 128)
        where = cells(1, 82, 61) - torch.tensor([0.0, 82 - 41, 61 - 30])
        some_rows, positions = rows({"freqs": image}, where, wanted=3)
        words = torch.tensor([[41.0] * 3, [168.0] * 3])
        return (torch.cat((some_rows["freqs"], text[[0, -1]])),
                torch.cat((torch.tensor(positions), words.double())).numpy())
    turn = of(path, "apply_rotary_emb_qwen")
    return complex_model("Qwen-Image", (24, 24, 128), (16, 56, 56), 1e4,
                         "transformer_qwenimage.QwenEmbedRope, apply_rotary_emb_qwen", make,
                         each(lambda x, freqs: turn(x, freqs, use_real=False)), "S",
                         "image number; rows from -(h - h/2), columns likewise; text from max(h/2, w/2) on all axes",
                         keys={"grid": "1x82x61"})


def z_image():
    path = "transformers.transformer_z_image"
    ids = [(0, 0, 0), (1, 0, 0), (32, 0, 0), (33, 17, 5), (1023, 511, 511)]
    return complex_model("Z-Image", (30, 30, 128), (32, 48, 48), 256.0,
                         "transformer_z_image.RopeEmbedder, apply_rotary_emb of ZSingleStreamAttnProcessor",
                         lambda: (of(path, "RopeEmbedder")(256.0, (32, 48, 48), (1024, 512, 512))(torch.tensor(ids))[None],
                                  ids),
                         each(nested(path, "ZSingleStreamAttnProcessor.__call__", "apply_rotary_emb")), "BS",
                         "caption 1 .. n, 0, 0; image n + 1, row, column; padding 0, 0, 0", steps="f32_angles")


def lumina(name, shape, axes, lens, ids, rule, note):
    path = "transformers.transformer_lumina2"

    def make():
        rope = of(path, "Lumina2RotaryPosEmbed")(10000, list(axes), list(lens))
        return rope._get_freqs_cis(torch.tensor([ids])), ids
    return complex_model(name, shape, axes, 1e4, "transformer_lumina2.Lumina2RotaryPosEmbed, embeddings.apply_rotary_emb"
                         + note, make, each(lambda x, freqs: embeddings.apply_rotary_emb(x, freqs, use_real=False)),
                         "BS", rule, held="f64", compute="f64", steps="f64")


def lumina_next():
    def make():
        freqs = embeddings.get_2d_rotary_pos_embed_lumina(72, 48, 64).flatten(0, 1)
        picked, positions = rows({"freqs": freqs}, cells(48, 64))
        return picked["freqs"][None], positions
    return complex_model("Lumina-Next", (32, 8, 72), (36, 36), 1e4,
                         "embeddings.get_2d_rotary_pos_embed_lumina, apply_rotary_emb", make,
                         each(lambda x, freqs: embeddings.apply_rotary_emb(x, freqs, use_real=False)), "BS",
                         "row, column, from 0", terms="alternating", keys={"grid": "48x64"})


def matrix_model(name, shape, axes, source, make, apply, layout, ids):
    """Tables of 2 x 2 matrices in float, from angles in double."""
    return Preset(name, shape, axes, 1e4, source, lambda _: Table({"freqs": make()}, "matrices",
                                                                  "BSH" if layout == "BSHD" else "BHS", ids),
                  apply, layout, "interleaved", held="f32", compute="wide", positions=FLUX_RULE, weights=PLAIN,
                  steps="f64")


def hidream():
    path = "transformers.transformer_hidream_image"
    turn = of(path, "apply_rope")
    embedder = of(path, "HiDreamImageEmbedND")(10000, [64, 32, 32])
    return matrix_model("HiDream-I1", (20, 20, 128), (64, 32, 32), "transformer_hidream_image.HiDreamImageEmbedND, "
                        "apply_rope", lambda: embedder(torch.tensor([FLUX_IDS], dtype=torch.float32)),
                        lambda q, k, t: turn(q, k, t["freqs"]), "BSHD", FLUX_IDS)


def prx():
    path = "transformers.transformer_prx"
    ids = [row[1:] for row in FLUX_IDS]
    embedder = of(path, "PRXEmbedND")(64, 10000, [32, 32])
    return matrix_model("PRX", (28, 28, 64), (32, 32), "transformer_prx.PRXEmbedND, apply_rope",
                        lambda: embedder(torch.tensor([ids], dtype=torch.float32)), each(of(path, "apply_rope")), "BHSD",
                        ids)


def glm_kin(name, code, make, rule):
    path, cls = code.split()

    def table(_):
        cos, sin = make(of(f"transformers.{path}", cls))(torch.empty(1, 4, 2 * 40, 2 * 72))
        where = cells(40, 72)
        if "256" in rule:
            where = torch.div(where * 256, torch.tensor([40, 72]), rounding_mode="floor")
        picked, positions = rows({"cos": cos, "sin": sin}, where)
        return Table(picked, "full_dup", "S", positions)
    return Preset(name, (32, 32, 128), (64, 64), 1e4, f"{path}.{cls}, embeddings.apply_rotary_emb", table, real(-2, 2),
                  "BHSD", "half", held="f32", compute="wide", positions=rule, weights=PLAIN, keys={"grid": "40x72"})


def joy_image():
    path = "transformers.transformer_joyimage"
    turn = of(path, "_apply_rotary_emb")

    def table(_):
        stand_in = SimpleNamespace(hidden_size=3072, num_attention_heads=24, rope_dim_list=[16, 56, 56], theta=256)
        (cos, sin), _ = of(path, "JoyImageEditTransformer3DModel").get_rotary_pos_embed(stand_in, [2, 40, 72])
        picked, positions = rows({"cos": cos, "sin": sin}, cells(2, 40, 72))
        return Table(picked, "full_rep", "S", positions)
    return Preset("JoyImage-Edit", (24, 24, 128), (16, 56, 56), 256.0,
                  "transformer_joyimage.JoyImageEditTransformer3DModel.get_rotary_pos_embed, _apply_rotary_emb", table,
                  lambda q, k, t: turn(q, k, (t["cos"], t["sin"])), "BSHD", "interleaved", held="f32", compute="wide",
                  positions="cells of the grid, from 0", weights=PLAIN, keys={"grid": "2x40x72"})


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
                     CROPPED)
    yield crop_model("CogVideoX 1.5 5B", (48, 48, 64), None, (21, 48, 85), CROPPED, "slice")
    yield crop_model("ConsisID", (48, 48, 64), ((0, 0), (30, 45)), (13, 30, 45), CROPPED)
    yield crop_model("EasyAnimate 5.1", (48, 48, 64), ((2, 0), (28, 45)), (13, 48, 84), CROPPED)
    yield allegro()
    yield cosmos()
    yield cosmos3()
    yield kandinsky("Kandinsky 5 Lite", "transformer_kandinsky Kandinsky5RoPE3D", "Kandinsky5AttnProcessor.__call__",
                    (28, 28, 64), (16, 24, 24), ("bf16",), note="results are rounded to bf16 whatever x's type")
    yield kandinsky("Kandinsky 6", "transformer_kandinsky6 Kandinsky6RoPE3D", None, (32, 32, 128), (32, 48, 48),
                    ("f32", "bf16"))
    yield minimax_h3()
    yield latent_model("Motif-Video", "transformer_motif_video MotifVideoRotaryPosEmbed", (24, 24, 128), (16, 56, 56),
                       256.0, (31, 45, 80), lambda module: module(1, 1, [16, 56, 56], 256.0), steps="f64")


def image():
    yield ids_model("Flux.1", "transformer_flux FluxPosEmbed", (24, 24, 128), (16, 56, 56), 10000, FLUX_RULE, FLUX_IDS)
    yield ids_model("Flux.2", "transformer_flux2 Flux2PosEmbed", (48, 48, 128), (32, 32, 32, 32), 2000,
                    "image t = 0 (references 10, 20, ..), rows and columns, l = 0; text l from 0",
                    [(0, 0, 0, 0), (0, 0, 1, 0), (0, 63, 95, 0), (10, 17, 5, 0), (0, 0, 0, 1), (0, 0, 0, 511)])
    yield ids_model("Krea-2", "transformer_krea2 Krea2RotaryPosEmbed", (48, 12, 128), (32, 48, 48), 1000.0, FLUX_RULE,
                    FLUX_IDS)
    for name, code in (("Chroma", "transformer_chroma FluxPosEmbed"), ("Bria 3.2", "transformer_bria BriaEmbedND"),
                       ("FIBO", "transformer_bria_fibo BriaFiboEmbedND"),
                       ("LongCat-Image", "transformer_longcat_image LongCatImagePosEmbed"),
                       ("Ovis-Image", "transformer_ovis_image OvisImagePosEmbed")):
        yield ids_model(name, code, (24, 24, 128), (16, 56, 56), 10000, FLUX_RULE, FLUX_IDS)
    yield qwen_image()
    yield z_image()
    yield lumina("Lumina2", (24, 8, 96), (32, 32, 32), (300, 512, 512),
                 [(0, 0, 0), (1, 0, 0), (17, 0, 0), (120, 17, 5), (299, 511, 511)],
                 "caption i, 0, 0; image n, row, column", "")
    yield lumina("OmniGen2", (21, 7, 120), (40, 40, 40), (1024, 1664, 1664),
                 [(0, 0, 0), (1, 1, 1), (17, 17, 17), (120, 17, 5), (1023, 1663, 1663)],
                 "text i, i, i; image n, row, column", " (the functions that its own code calls)")
    yield lumina_next()
    yield latent_model("HunyuanImage-2.1", "transformer_hunyuanimage HunyuanImageRotaryPosEmbed", (28, 28, 128),
                       (64, 64), 256.0, (48, 64), lambda module: module((1, 1), (64, 64), 256.0))
    yield glm_kin("CogView4", "transformer_cogview4 CogView4RotaryPosEmbed",
                  lambda module: module(128, 2, (256, 256)), "i * 256 / n rounded down")
    yield glm_kin("GLM-Image", "transformer_glm_image GlmImageRotaryPosEmbed", lambda module: module(128, 2),
                  "row, column, from 0")
    yield hunyuan_dit()
    yield hidream()
    yield prx()
    yield joy_image()
    yield ideogram4()


def presets():
    yield from video()
    yield from image()
    yield from audio()
