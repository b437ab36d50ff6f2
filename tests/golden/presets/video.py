"""Video models."""

import torch
from diffusers.models import embeddings

from .diffusers_code import (
    CROPPED,
    PLAIN,
    cast_rows,
    cells,
    each,
    latent_model,
    mrope,
    nested,
    of,
    real,
    rows,
    some,
)
from .preset import Preset, Table

WAN = (
    "transformer_wan WanRotaryPosEmbed",
    "transformers.transformer_wan",
    "WanAttnProcessor.__call__",
)


def wan(name, shape, grid=(21, 30, 52), code=WAN):
    apply = nested(code[1], code[2], "apply_rotary_emb")
    side = shape[2] // 6 * 2
    return latent_model(
        name,
        code[0],
        shape,
        (shape[2] - 2 * side, side, side),
        1e4,
        grid,
        lambda module: module(shape[2], (1, 2, 2), 1024),
        compute="promoted",
        steps="f64",
        apply=lambda q, k, t: tuple(apply(x, t["cos"], t["sin"]) for x in (q, k)),
        keys={
            "patch": 2,
            "function": "apply_rotary_emb of the attention processor",
            "max_position_embeddings": 1024,
        },
    )


def helios():
    rope = of("transformers.transformer_helios", "HeliosRotaryPosEmbed")((44, 42, 42), 10000.0)
    turn = of("transformers.transformer_helios", "apply_rotary_emb_transposed")

    def table(_):
        frames = torch.tensor([[0, 1, 19, 20, 28]])
        made = rope(frames, 24, 40, torch.device("cpu")).flatten(2).transpose(1, 2)
        positions = torch.cartesian_prod(frames[0].float(), torch.arange(24.0), torch.arange(40.0))
        picked, positions = rows({"freqs": made}, positions, axis=1)
        return Table(picked, "packed_cos_sin", "BS", positions)

    return Preset(
        "Helios",
        (40, 40, 128),
        (44, 42, 42),
        1e4,
        "transformer_helios.HeliosRotaryPosEmbed, apply_rotary_emb_transposed",
        table,
        each(turn),
        "BSHD",
        "interleaved",
        held="f32",
        positions="frame ids, rows and columns from 0",
        weights=PLAIN,
        keys={"grid": "5x24x40", "packed_lanes": "even_odd"},
    )


def ltx(name, shape):
    width = shape[0] * shape[2]
    turn = of("transformers.transformer_ltx", "apply_rotary_emb")

    def table(_):
        rope = of("transformers.transformer_ltx", "LTXVideoRotaryPosEmbed")(dim=width)
        fractions = rope._prepare_video_coords(
            1, 16, 15, 22, (8 / 25, 32, 32), torch.device("cpu")
        )[0]
        cos, sin = rope(torch.empty(1), 16, 15, 22, (8 / 25, 32, 32))
        numbers = torch.tensor(some(len(fractions), 1))
        picked = {"cos": cos[:, numbers].contiguous(), "sin": sin[:, numbers].contiguous()}
        return Table(
            picked,
            "full_rep",
            "BS",
            (fractions[numbers] * 2 - 1).double().numpy(),
            extra={"fractions": fractions[numbers]},
        )

    return Preset(
        name,
        shape,
        (width // 6 * 2,) * 3,
        1e4,
        "transformer_ltx.LTXVideoRotaryPosEmbed, apply_rotary_emb",
        table,
        each(turn),
        "BSC",
        "interleaved",
        terms="alternating",
        held="f32",
        compute="wide",
        positions="fraction * 2 - 1 in float; fractions t * 8/25 / 20, h * 32/2048, w * 32/2048",
        weights=PLAIN,
        real_heads=True,
        keys={
            "rotary_dim": width,
            "frequency_order": "increasing", "frequency_steps": "f32",
            "grid": "16x15x22",
            "identity_lanes": width % 6,
        },
    )


def ltx2(name, shape, modality):
    width = shape[0] * shape[2]
    turn = of("transformers.transformer_ltx2", "apply_split_rotary_emb")
    axes = 3 if modality == "video" else 1

    def table(_):
        scale = (8, 32, 32) if modality == "video" else (4,)
        rope = of("transformers.transformer_ltx2", "LTX2AudioVideoRotaryPosEmbed")(
            dim=width,
            modality=modality,
            rope_type="split",
            num_attention_heads=shape[0],
            scale_factors=scale,
        )
        sizes = (16, 16, 24) if modality == "video" else (126,)
        coords = rope.prepare_coords(1, *sizes, torch.device("cpu"))
        count = 1 if modality == "video" else 2
        coords = coords[:, :, some(coords.shape[2], count)]
        cos, sin = rope(coords)
        fractions = coords.mean(-1)[0].T / torch.tensor([20.0, 2048.0, 2048.0][:axes])
        return Table(
            {"cos": cos.contiguous(), "sin": sin.contiguous()},
            "half",
            "BHS",
            (fractions * 2 - 1).double().numpy(),
            extra={"fractions": fractions},
        )

    def apply(q, k, t):  # the model has [batch, tokens, heads * head_dim]
        return tuple(turn(x.flatten(2), (t["cos"], t["sin"])).view(x.shape) for x in (q, k))

    return Preset(
        name,
        shape,
        (width // (2 * axes) * 2,) * axes,
        1e4,
        "transformer_ltx2.LTX2AudioVideoRotaryPosEmbed (split), apply_split_rotary_emb",
        table,
        apply,
        "BSHD",
        "half",
        terms="alternating",
        held="f32",
        compute="wide",
        positions="fraction * 2 - 1 in float, of the middle of an interval",
        weights=PLAIN,
        real_heads=True,
        keys={
            "rotary_dim": shape[2],
            "frequency_order": "increasing", "frequency_steps": "f64",
            "identity_lanes": 2 * (width // 2 - width // (2 * axes) * axes),
        },
    )


def crop_model(name, shape, crops, sizes, source, grid_type="linspace"):
    """CogVideoX and its kin: fractional cells of a crop box."""
    axes = (shape[2] // 4, shape[2] // 8 * 3, shape[2] // 8 * 3)

    def table(_):
        cos, sin = embeddings.get_3d_rotary_pos_embed(
            shape[2], crops, sizes[1:], sizes[0], grid_type=grid_type, max_size=sizes[1:]
        )
        lists = [torch.arange(float(sizes[0]))]
        for axis in (0, 1):
            n = sizes[axis + 1]
            lists.append(
                torch.linspace(crops[0][axis], crops[1][axis] * (n - 1) / n, n)
                if crops
                else torch.arange(float(n))
            )
        picked, positions = rows({"cos": cos, "sin": sin}, torch.cartesian_prod(*lists))
        return Table(picked, "full_rep", "S", positions)

    box = (
        f"linspace of the crop box {crops}, its end left out"
        if grid_type == "linspace"
        else "cells, from 0"
    )
    return Preset(
        name,
        shape,
        axes,
        1e4,
        source,
        table,
        real(sequence=2),
        "BHSD",
        "interleaved",
        held="f32",
        compute="wide",
        positions=box,
        weights=PLAIN,
        keys={"grid": "x".join(map(str, sizes)), "grid_type": grid_type},
    )


def allegro():
    scale = (2.2, 2.0, 2.0)

    def table(_):
        made = embeddings.get_3d_rotary_pos_embed_allegro(
            96, ((0, 0), (45, 80)), (45, 80), 22, scale
        )
        pairs, where = made[:3], cells(22, 45, 80)
        where = where[some(len(where))]
        ids = [where[None, :, i].long() for i in range(3)]
        gathered = [
            torch.cat([pair[part][i[0]] for pair, i in zip(pairs, ids)], -1) for part in (0, 1)
        ]
        return Table(
            dict(zip(("cos", "sin"), gathered)),
            "block_full_dup",
            "S",
            (where / torch.tensor(scale)).double().numpy(),
            native=(pairs, ids),
        )

    turn = embeddings.apply_rotary_emb_allegro
    return Preset(
        "Allegro",
        (24, 24, 96),
        (32, 32, 32),
        1e4,
        "embeddings.get_3d_rotary_pos_embed_allegro, apply_rotary_emb_allegro",
        table,
        lambda q, k, t: (turn(q, *t), turn(k, *t)),
        "BHSD",
        "block_half",
        held="f32",
        compute="wide",
        positions="t / 2.2, h / 2, w / 2 in float",
        weights=PLAIN,
        keys={"grid": "22x45x80"},
    )


def cosmos():
    def table(_):
        module = of("transformers.transformer_cosmos", "CosmosRotaryPosEmbed")(128)
        cos, sin = module(torch.empty(1, 16, 16, 88, 160), fps=30)
        frames = torch.arange(16.0) / 30 * 24
        picked, positions = rows(
            {"cos": cos, "sin": sin},
            torch.cartesian_prod(frames, torch.arange(44.0), torch.arange(80.0)),
        )
        return Table(picked, "full_dup", "S", positions)

    return Preset(
        "Cosmos 1 7B",
        (32, 32, 128),
        (44, 42, 42),
        1e4,
        "transformer_cosmos.CosmosRotaryPosEmbed, " "embeddings.apply_rotary_emb",
        table,
        real(-2, 2),
        "BHSD",
        "half",
        held="f32",
        compute="wide",
        scaling="StaticNtk{2} on the first axis",
        positions="t / fps * 24 in float, h, w",
        weights=PLAIN,
        keys={"grid": "16x44x80", "fps": 30},
    )


def kandinsky(name, code, method, shape, axes, x_types, **more):
    path, cls = code.split()
    grid = (31, 24, 36)

    def table(_):
        module = of(f"transformers.{path}", cls)(axes)
        ids = tuple(torch.arange(n) for n in grid)
        made = module((1, *grid), ids) if "kandinsky6" not in path else module(ids)[None]
        picked, positions = rows({"freqs": made.flatten(1, 3)}, cells(*grid), axis=1)
        return Table(picked, "matrices", "BSH", positions)

    turn = (
        nested(f"transformers.{path}", method, "apply_rotary")
        if method
        else of(f"transformers.{path}", "apply_rotary")
    )
    return Preset(
        name,
        shape,
        axes,
        1e4,
        f"{path}.{cls}, apply_rotary",
        table,
        each(turn),
        "BSHD",
        "interleaved",
        held="f32",
        compute="wide",
        positions="cells of the grid, from 0",
        weights=PLAIN,
        x_types=x_types,
        keys={"grid": "x".join(map(str, grid)), "frequency_form": "exp", **more},
    )


def minimax_h3():
    module = of("transformers.transformer_minimax_h3", "MiniMaxH3RotaryPosEmbed")(16, 10000.0)
    turn = of("transformers.transformer_minimax_h3", "_apply_rotary_emb")
    where = [(0, 0, 0), (1, 1, 1), (40, 0, 1), (40, 17, 5), (71, 44, 79)]

    def table(x_type):
        made = cast_rows(module(torch.tensor(where)), x_type, list(range(len(where))))
        made.positions = where
        return made

    return Preset(
        "MiniMax-H3",
        (56, 56, 128),
        (32, 32, 32),
        1e4,
        "transformer_minimax_h3.MiniMaxH3RotaryPosEmbed, _apply_rotary_emb",
        table,
        lambda q, k, t: tuple(turn(x, t["cos"], t["sin"]) for x in (q, k)),
        "BSHD",
        "half",
        positions="ids t, h, w",
        weights=PLAIN,
    )


TEXT_AND_IMAGE = [(0, 0, 0), (4, 4, 9), (4, 17, 5), (60, 71, 90), (32767, 32767, 32767)]


def cosmos3():
    path = "transformers.transformer_cosmos3"
    module = of(path, "Cosmos3VLTextRotaryEmbedding")(128, 5e6, (24, 20, 20))
    return mrope(
        "Cosmos3",
        (32, 8, 128),
        (24, 20, 20),
        "transformer_cosmos3.Cosmos3VLTextRotaryEmbedding, _rotate_half",
        lambda ids, x: (*module(ids.T[:, None], torch.device("cpu"), x), module.inv_freq),
        of(path, "_rotate_half"),
        "BHSD",
        TEXT_AND_IMAGE,
    )


def anyflow():
    path = "transformers.transformer_anyflow"

    def table(_):
        module = of(path, "AnyFlowRotaryPosEmbed")(128, (1, 2, 2), 1024)
        layout = {"total_frames": 21, "full_frame_shape": (30, 52)}
        made = module(layout, torch.device("cpu"))["query"]
        picked, positions = rows({"freqs": made}, cells(21, 30, 52), axis=2)
        return Table(picked, "complex", "BHS", positions)

    return Preset(
        "AnyFlow 14B", (40, 40, 128), (44, 42, 42), 1e4,
        "transformer_anyflow.AnyFlowRotaryPosEmbed, apply_rotary_emb", table,
        each(of(path, "apply_rotary_emb")), "BHSD", "interleaved", held="f64", compute="f64",
        positions="cells of the grid, from 0", weights=PLAIN, steps="f64",
        keys={"grid": "21x30x52"},
    )


def presets():
    yield helios()
    for name, heads in (
        ("Wan2.1 14B", 40),
        ("Wan2.1 1.3B", 12),
        ("Wan2.2 A14B", 40),
        ("Wan2.2 5B", 24),
    ):
        yield wan(name, (heads, heads, 128))
    yield wan(
        "SkyReels-V2 14B",
        (40, 40, 128),
        (25, 34, 60),
        (
            "transformer_skyreels_v2 SkyReelsV2RotaryPosEmbed",
            "transformers.transformer_skyreels_v2",
            "SkyReelsV2AttnProcessor.__call__",
        ),
    )
    yield wan(
        "SANA-Video",
        (20, 20, 112),
        (21, 15, 26),
        (
            "transformer_sana_video WanRotaryPosEmbed",
            "transformers.transformer_sana_video",
            "SanaLinearAttnProcessor3_0.__call__",
        ),
    )
    for name, heads, code, grid in (
        ("HunyuanVideo", 24, "transformer_hunyuan_video HunyuanVideoRotaryPosEmbed", (33, 45, 80)),
        (
            "HunyuanVideo-1.5",
            16,
            "transformer_hunyuan_video15 HunyuanVideo15RotaryPosEmbed",
            (31, 30, 53),
        ),
    ):
        yield latent_model(
            name,
            code,
            (heads, heads, 128),
            (16, 56, 56),
            256.0,
            grid,
            lambda module: module(1, 1, [16, 56, 56], 256.0),
        )
    yield latent_model(
        "HunyuanVideo-FramePack",
        "transformer_hunyuan_video_framepack HunyuanVideoFramepackRotaryPosEmbed",
        (24, 24, 128),
        (16, 56, 56),
        256.0,
        (9, 20, 34),
        lambda module: lambda x: module(1, 1, [16, 56, 56], 256.0)(
            torch.arange(x.shape[2]), x.shape[3], x.shape[4], x.device
        ),
    )
    yield ltx("LTX 2B", (32, 32, 64))
    yield ltx("LTX 13B", (32, 32, 128))
    yield ltx2("LTX-2", (32, 32, 128), "video")
    yield ltx2("LTX-2 audio", (32, 32, 64), "audio")
    yield crop_model("CogVideoX 5B", (48, 48, 64), ((0, 0), (30, 45)), (13, 30, 45), CROPPED)
    yield crop_model("CogVideoX 1.5 5B", (48, 48, 64), None, (21, 48, 85), CROPPED, "slice")
    yield crop_model("ConsisID", (48, 48, 64), ((0, 0), (30, 45)), (13, 30, 45), CROPPED)
    yield crop_model("EasyAnimate 5.1", (48, 48, 64), ((2, 0), (28, 45)), (13, 48, 84), CROPPED)
    yield allegro()
    yield cosmos()
    yield cosmos3()
    yield kandinsky(
        "Kandinsky 5 Lite",
        "transformer_kandinsky Kandinsky5RoPE3D",
        "Kandinsky5AttnProcessor.__call__",
        (28, 28, 64),
        (16, 24, 24),
        ("bf16",),
        note="results are rounded to bf16 whatever x's type",
    )
    yield kandinsky(
        "Kandinsky 6",
        "transformer_kandinsky6 Kandinsky6RoPE3D",
        None,
        (32, 32, 128),
        (32, 48, 48),
        ("f32", "bf16"),
    )
    yield anyflow()
    yield minimax_h3()
    yield latent_model(
        "Motif-Video",
        "transformer_motif_video MotifVideoRotaryPosEmbed",
        (24, 24, 128),
        (16, 56, 56),
        256.0,
        (31, 45, 80),
        lambda module: module(1, 1, [16, 56, 56], 256.0),
        steps="f64",
    )
