"""Vision encoders."""

import math
from importlib.metadata import version

import torch

from .hugging_face import DTYPES, NO_GGUF, classes, of
from .preset import Preset, Table


def towers(
    name,
    code,
    shape,
    theta,
    grid,
    *,
    axes=None,
    pairing="half",
    kind="full_dup",
    held="x",
    compute="wide",
    table_axes="S",
    layout="SHD",
    function="apply_rotary_pos_emb_vision",
    rule="cells h, w of the grid, from 0",
    terms="axis_after_axis",
    columns_first=False,
    stored_columns_first=False,
    scale=None,
    batch=False,
    unsqueeze=None,
    ids=False,
    config=None,
    **keys,
):
    """A vision encoder: a rotary module of the ids of cells, a function of q, k, cos and sin."""
    module, config_class, rotary_class = classes(code)
    turn = of(module, function)

    def table(x_type):
        made = of(module, config_class)()
        values = {
            "hidden_size": shape[0] * shape[2],
            "num_attention_heads": shape[0],
            "head_dim": shape[2],
            "rope_parameters": {"rope_type": "axial", "rope_theta": float(theta)},
            **(config or {}),
        }
        for key, value in values.items():
            setattr(made, key, value)
        cells = torch.tensor(
            [(0, 0), (0, 1), (1, 0), (grid[0] // 2, 5), (grid[0] - 1, grid[1] - 1)]
        )
        positions = cells.flip(-1) if columns_first else cells
        positions = positions * scale if scale else positions
        rotary = of(module, rotary_class)(made)
        cos, sin = rotary(
            torch.zeros(1, dtype=DTYPES[x_type]), positions[None] if batch else positions
        )
        said = positions.flip(-1) if stored_columns_first else positions
        return Table(
            {"cos": cos, "sin": sin},
            kind,
            table_axes,
            said.double().numpy(),
            rotary.inv_freq,
            {"cos": cos, "sin": sin, "ids": positions[None]},
        )

    def apply(q, k, t):
        if ids:
            return turn(q, t["cos"], t["sin"], t["ids"]), turn(k, t["cos"], t["sin"], t["ids"])
        return turn(
            q,
            k,
            t["cos"],
            t["sin"],
            **({"unsqueeze_dim": unsqueeze} if unsqueeze is not None else {}),
        )

    keys = {"grid": "x".join(map(str, grid)), **keys}
    return Preset(
        name,
        shape,
        axes or (shape[2] // 2,) * 2,
        theta,
        f"{module}.{rotary_class}, {function}",
        table,
        apply,
        layout,
        pairing,
        terms=terms,
        held=held,
        compute=compute,
        positions=rule,
        weights="as Hugging Face has them",
        keys=keys,
    )


def dinov3():
    shape = (16, 16, 64)

    def table(x_type):
        config = of("dinov3_vit", "DINOv3ViTConfig")(
            hidden_size=1024, num_attention_heads=16, rope_theta=100.0
        )
        rotary = of("dinov3_vit", "DINOv3ViTRopePositionEmbedding")(config).eval()
        cos, sin = rotary(torch.empty(1, 3, 14 * 16, 21 * 16, dtype=DTYPES[x_type]))
        coords = of("dinov3_vit", "get_patches_center_coordinates")(
            14, 21, torch.float32, torch.device("cpu")
        )
        some = torch.tensor([0, 1, 21, 150, 292, 293])
        return Table(
            {"cos": cos[some], "sin": sin[some]},
            "full_dup",
            "S",
            (2 * math.pi * coords[some]).double().numpy(),
            rotary.inv_freq,
            extra={"centres": coords[some]},
        )

    turn = of("dinov3_vit", "apply_rotary_pos_emb")
    return Preset(
        "DINOv3 L",
        shape,
        (32, 32),
        100.0,
        "dinov3_vit.DINOv3ViTRopePositionEmbedding, apply_rotary_pos_emb",
        table,
        lambda q, k, t: turn(q, k, t["cos"], t["sin"]),
        held="x",
        positions="2 pi * (2 * (i + .5) / n - 1), each step in float; class and register tokens stay",
        weights="as Hugging Face has them",
        keys={"grid": "14x21"},
    )


def llama4_vision():
    shape = (16, 16, 88)

    def table(_):
        config = of("llama4", "Llama4VisionConfig")(
            image_size=336,
            patch_size=14,
            hidden_size=1408,
            num_attention_heads=16,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        )
        freqs = of("llama4", "Llama4VisionRotaryEmbedding")(config)(torch.empty(1))
        some = [0, 1, 24, 300, 575, 576]
        where = [(0, 0) if i == 576 else (i % 24 + 1, i // 24 + 1) for i in some]
        return Table({"freqs": freqs[some]}, "complex", "SH", where)

    turn = of("llama4", "vision_apply_rotary_emb")
    return Preset(
        "Llama 4 vision",
        shape,
        (44, 44),
        1e4,
        "llama4.Llama4VisionRotaryEmbedding, vision_apply_rotary_emb",
        table,
        lambda q, k, t: turn(q, k, t["freqs"]),
        "BSHD",
        "interleaved",
        held="f32",
        compute="wide",
        positions="column + 1, row + 1; the class token, last, at 0, 0",
        weights=NO_GGUF,
        keys={"grid": "24x24"},
    )


def eva02():
    from timm.layers.pos_embed_sincos import RotaryEmbeddingCat, apply_rot_embed_cat

    def table(_):
        rope = RotaryEmbeddingCat(
            64, in_pixels=False, feat_shape=[24, 32], ref_feat_shape=[16, 16]
        )
        some = torch.tensor([0, 1, 32, 400, 766, 767])
        where = torch.cartesian_prod(torch.arange(24.0) / 24 * 16, torch.arange(32.0) / 32 * 16)[
            some
        ]
        return Table(
            {"freqs": rope.get_embed()[some]},
            "packed_sin_cos_full_rep",
            "S",
            where.double().numpy(),
        )

    return Preset(
        "EVA-02 L",
        (16, 16, 64),
        (32, 32),
        1e4,
        "pos_embed_sincos.RotaryEmbeddingCat, apply_rot_embed_cat",
        table,
        lambda q, k, t: tuple(apply_rot_embed_cat(x, t["freqs"]) for x in (q, k)),
        "BHSD",
        "interleaved",
        held="f32",
        positions="i / n * 16 on both axes; the class token stays",
        weights="as timm has them",
        keys={"grid": "24x32"},
        library=f"timm {version('timm')}",
    )


def presets():
    for name, code, shape in (
            ("Qwen2-VL vision", "qwen2_vl Qwen2VLVision", (16, 16, 80)),
            ("Qwen3-VL vision", "qwen3_vl Qwen3VLVision", (16, 16, 72)),
            ("GLM-4.1V vision", "glm4v Glm4vVision", (12, 12, 128))):
        yield towers(name, code, shape, 1e4, (36, 54), held="f32")
    yield towers("Kimi-VL vision", "kimi_k25 Kimi_K25Vision", (16, 16, 72), 1e4, (36, 54),
                 held="f32", stored_columns_first=True, terms="alternating",
                 rule="column, row, from 0", note="the original weights are interleaved")
    yield towers("Pixtral vision", "pixtral PixtralVision", (16, 16, 64), 1e4, (48, 64),
                 compute="promoted", layout="BHSD", function="apply_rotary_pos_emb", unsqueeze=0,
                 terms="axis_after_axis; of one list of theta^(-2i/head_dim), h has the even, "
                       "w the odd")
    yield towers("SAM 3 vision", "sam3 Sam3ViT", (16, 16, 64), 1e4, (72, 72),
                 pairing="interleaved", kind="full_rep", held="f32", table_axes="HS",
                 layout="BHSD", scale=24 / 72, function="apply_rotary_pos_emb_2d",
                 columns_first=True,
                 rule="column, row; times 24 / 72 in global layers, from 0 in windows of 24")
    yield towers("SAM 2 memory attention",
                 "sam2_video Sam2VideoConfig Sam2VideoVisionRotaryEmbedding", (1, 1, 256), 1e4,
                 (64, 64), pairing="interleaved", kind="full_rep", held="f32", table_axes="HS",
                 layout="BHSD", function="apply_rotary_pos_emb_2d", columns_first=True,
                 rule="column, row, from 0",
                 config={"memory_attention_hidden_size": 256, "memory_attention_downsample_rate": 1,
                         "memory_attention_num_attention_heads": 1})
    yield towers("Gemma 4 vision", "gemma4 Gemma4Vision", (12, 12, 64), 100, (36, 54),
                 pairing="block_half", kind="block_full_dup", compute="promoted", table_axes="BS",
                 layout="BSHD", function="apply_multidimensional_rope", batch=True, ids=True,
                 columns_first=True, rule="column, row, from 0")
    yield llama4_vision()
    yield dinov3()
    yield eva02()
