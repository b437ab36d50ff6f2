"""Image models."""

from types import SimpleNamespace

import torch
from diffusers.models import embeddings

from .diffusers_code import (
    PLAIN,
    cells,
    each,
    ids_model,
    latent_model,
    mrope,
    nested,
    of,
    real,
    rows,
)
from .preset import Preset, Table

FLUX_IDS = [(0, 0, 0), (0, 0, 1), (0, 17, 42), (0, 127, 95)]
FLUX_RULE = "t = 0, rows and columns from 0; text at 0, 0, 0"


def hunyuan_dit():
    crops, sizes = ((0, 4), (32, 28)), (64, 48)

    def table(_):
        cos, sin = embeddings.get_2d_rotary_pos_embed(88, crops, sizes)
        h, w = (
            torch.linspace(crops[0][i], crops[1][i] * (sizes[i] - 1) / sizes[i], sizes[i])
            for i in (0, 1)
        )
        picked, positions = rows({"cos": cos, "sin": sin}, torch.cartesian_prod(h, w).flip(-1))
        return Table(picked, "full_rep", "S", positions)

    return Preset(
        "HunyuanDiT 1.2",
        (16, 16, 88),
        (44, 44),
        1e4,
        "embeddings.get_2d_rotary_pos_embed, apply_rotary_emb",
        table,
        real(sequence=2),
        "BHSD",
        "interleaved",
        held="f32",
        compute="wide",
        weights=PLAIN,
        positions=f"column, row; linspace of the crop box {crops}, its end left out",
        keys={"grid": "64x48"},
    )


def ideogram4():
    path = "transformers.transformer_ideogram4"
    module = of(path, "Ideogram4MRoPE")(256, 5000000, (24, 20, 20))
    ids = [(17, 17, 17), (65536, 65536, 65537), (65536, 65599, 65631)]
    return mrope(
        "Ideogram-4",
        (18, 18, 256),
        (88, 20, 20),
        "transformer_ideogram4.Ideogram4MRoPE, _rotate_half",
        lambda t, x: (*(c.to(x) for c in module(t[None])), module.inv_freq),
        of(path, "_rotate_half"),
        "BSHD",
        ids,
    )


def complex_model(
    name,
    shape,
    axes,
    theta,
    source,
    make,
    apply,
    axes_of_table,
    rule,
    held="f32",
    compute="wide",
    steps="f32",
    **more,
):
    """A model whose table is complex: make() -> table, positions."""

    def table(_):
        freqs, positions = make()
        return Table({"freqs": freqs}, "complex", axes_of_table, positions)

    return Preset(
        name,
        shape,
        axes,
        theta,
        source,
        table,
        apply,
        "BSHD",
        "interleaved",
        held=held,
        compute=compute,
        positions=rule,
        weights=PLAIN,
        steps=steps,
        **more,
    )


def qwen_image(name, file, embedder, function, shape):
    """Planes around 0; text from the largest half of a side on."""
    path = f"transformers.{file}"

    def make():
        rope = of(path, embedder)(10000, [16, 56, 56], True)
        image, text = rope([(1, 82, 61)], torch.device("cpu"), 128)
        where = cells(1, 82, 61) - torch.tensor([0.0, 82 - 41, 61 - 30])
        picked, positions = rows({"freqs": image}, where, wanted=3)
        words = torch.tensor([[41.0] * 3, [168.0] * 3])
        where = torch.cat((torch.tensor(positions), words.double()))
        return torch.cat((picked["freqs"], text[[0, -1]])), where.numpy()

    turn = of(path, function)
    return complex_model(
        name, shape, (16, 56, 56), 1e4, f"{file}.{embedder}, {function}", make,
        each(lambda x, freqs: turn(x, freqs, use_real=False)), "S",
        "image number; rows from -(h - h/2), columns likewise; text from max(h/2, w/2), all axes",
        keys={"grid": "1x82x61"},
    )


def qwen_image_21():
    path = "transformers.transformer_qwenimage21"

    def make():
        words, height, width = 5, 8, 6
        is_image = torch.tensor([False] * words + [True] * height * width + [False] * 3)
        rope = of(path, "QwenImage21Rope")(10000, [16, 56, 56])
        made = rope([(1, height, width)], is_image, torch.device("cpu"))
        numbers = [0, 4, 5, 31, 52, 55]                  # text, the image's corners and middle, text
        where = [(0, 0, 0), (4, 4, 4), (5, -4, -3), (5, 0, -1), (5, 3, 2), (15, 15, 15)]
        return made[numbers], where

    turn = of(path, "apply_rotary_emb_qwen")
    return complex_model(
        "Qwen-Image-2.1", (32, 32, 128), (16, 56, 56), 1e4,
        "transformer_qwenimage21.QwenImage21Rope, apply_rotary_emb_qwen", make,
        each(lambda x, freqs: turn(x, freqs, use_real=False)), "S",
        "text counts on all axes; an image stands at the next number, rows and columns around 0, "
        "and advances it by its longer side", keys={"grid": "1x8x6"},
    )


def z_image(name, file, processor, shape, lens, rule):
    path = f"transformers.{file}"
    ids = [(0, 0, 0), (1, 0, 0), (32, 0, 0), (33, 17, 5), tuple(n - 1 for n in lens)]

    def make():
        return of(path, "RopeEmbedder")(256.0, (32, 48, 48), lens)(torch.tensor(ids))[None], ids

    return complex_model(
        name, shape, (32, 48, 48), 256.0, f"{file}.RopeEmbedder, apply_rotary_emb of {processor}",
        make, each(nested(path, f"{processor}.__call__", "apply_rotary_emb")), "BS", rule,
        steps="f32_angles",
    )


def lumina(name, shape, axes, lens, ids, rule, note):
    path = "transformers.transformer_lumina2"

    def make():
        rope = of(path, "Lumina2RotaryPosEmbed")(10000, list(axes), list(lens))
        return rope._get_freqs_cis(torch.tensor([ids])), ids

    return complex_model(
        name,
        shape,
        axes,
        1e4,
        "transformer_lumina2.Lumina2RotaryPosEmbed, embeddings.apply_rotary_emb" + note,
        make,
        each(lambda x, freqs: embeddings.apply_rotary_emb(x, freqs, use_real=False)),
        "BS",
        rule,
        held="f64",
        compute="f64",
        steps="f64",
    )


def lumina_next():
    def make():
        freqs = embeddings.get_2d_rotary_pos_embed_lumina(72, 48, 64).flatten(0, 1)
        picked, positions = rows({"freqs": freqs}, cells(48, 64))
        return picked["freqs"][None], positions

    return complex_model(
        "Lumina-Next",
        (32, 8, 72),
        (36, 36),
        1e4,
        "embeddings.get_2d_rotary_pos_embed_lumina, apply_rotary_emb",
        make,
        each(lambda x, freqs: embeddings.apply_rotary_emb(x, freqs, use_real=False)),
        "BS",
        "row, column, from 0",
        terms="alternating",
        keys={"grid": "48x64"},
    )


def matrix_model(name, shape, axes, source, make, apply, layout, ids):
    """Tables of 2 x 2 matrices in float, from angles in double."""
    return Preset(
        name,
        shape,
        axes,
        1e4,
        source,
        lambda _: Table({"freqs": make()}, "matrices", "BSH" if layout == "BSHD" else "BHS", ids),
        apply,
        layout,
        "interleaved",
        held="f32",
        compute="wide",
        positions=FLUX_RULE,
        weights=PLAIN,
        steps="f64",
    )


def hidream():
    path = "transformers.transformer_hidream_image"
    turn = of(path, "apply_rope")
    embedder = of(path, "HiDreamImageEmbedND")(10000, [64, 32, 32])
    return matrix_model(
        "HiDream-I1",
        (20, 20, 128),
        (64, 32, 32),
        "transformer_hidream_image.HiDreamImageEmbedND, " "apply_rope",
        lambda: embedder(torch.tensor([FLUX_IDS], dtype=torch.float32)),
        lambda q, k, t: turn(q, k, t["freqs"]),
        "BSHD",
        FLUX_IDS,
    )


def prx():
    path = "transformers.transformer_prx"
    ids = [row[1:] for row in FLUX_IDS]
    embedder = of(path, "PRXEmbedND")(64, 10000, [32, 32])
    return matrix_model(
        "PRX",
        (28, 28, 64),
        (32, 32),
        "transformer_prx.PRXEmbedND, apply_rope",
        lambda: embedder(torch.tensor([ids], dtype=torch.float32)),
        each(of(path, "apply_rope")),
        "BHSD",
        ids,
    )


def glm_kin(name, code, make, rule):
    path, cls = code.split()

    def table(_):
        cos, sin = make(of(f"transformers.{path}", cls))(torch.empty(1, 4, 2 * 40, 2 * 72))
        where = cells(40, 72)
        if "256" in rule:
            where = torch.div(where * 256, torch.tensor([40, 72]), rounding_mode="floor")
        picked, positions = rows({"cos": cos, "sin": sin}, where)
        return Table(picked, "full_dup", "S", positions)

    return Preset(
        name,
        (32, 32, 128),
        (64, 64),
        1e4,
        f"{path}.{cls}, embeddings.apply_rotary_emb",
        table,
        real(-2, 2),
        "BHSD",
        "half",
        held="f32",
        compute="wide",
        positions=rule,
        weights=PLAIN,
        keys={"grid": "40x72"},
    )


def joy_image():
    path = "transformers.transformer_joyimage"
    turn = of(path, "_apply_rotary_emb")

    def table(_):
        stand_in = SimpleNamespace(
            hidden_size=3072, num_attention_heads=24, rope_dim_list=[16, 56, 56], theta=256
        )
        (cos, sin), _ = of(path, "JoyImageEditTransformer3DModel").get_rotary_pos_embed(
            stand_in, [2, 40, 72]
        )
        picked, positions = rows({"cos": cos, "sin": sin}, cells(2, 40, 72))
        return Table(picked, "full_rep", "S", positions)

    return Preset(
        "JoyImage-Edit",
        (24, 24, 128),
        (16, 56, 56),
        256.0,
        "transformer_joyimage.JoyImageEditTransformer3DModel.get_rotary_pos_embed, "
        "_apply_rotary_emb",
        table,
        lambda q, k, t: turn(q, k, (t["cos"], t["sin"])),
        "BSHD",
        "interleaved",
        held="f32",
        compute="wide",
        positions="cells of the grid, from 0",
        weights=PLAIN,
        keys={"grid": "2x40x72"},
    )


def presets():
    yield ids_model(
        "Flux.1",
        "transformer_flux FluxPosEmbed",
        (24, 24, 128),
        (16, 56, 56),
        10000,
        FLUX_RULE,
        FLUX_IDS,
    )
    yield ids_model(
        "Flux.2",
        "transformer_flux2 Flux2PosEmbed",
        (48, 48, 128),
        (32, 32, 32, 32),
        2000,
        "image t = 0 (references 10, 20, ..), rows and columns, l = 0; text l from 0",
        [(0, 0, 0, 0), (0, 0, 1, 0), (0, 63, 95, 0), (10, 17, 5, 0), (0, 0, 0, 1), (0, 0, 0, 511)],
    )
    yield ids_model(
        "Krea-2",
        "transformer_krea2 Krea2RotaryPosEmbed",
        (48, 12, 128),
        (32, 48, 48),
        1000.0,
        FLUX_RULE,
        FLUX_IDS,
    )
    for name, code in (
        ("Chroma", "transformer_chroma FluxPosEmbed"),
        ("Bria 3.2", "transformer_bria BriaEmbedND"),
        ("FIBO", "transformer_bria_fibo BriaFiboEmbedND"),
        ("LongCat-Image", "transformer_longcat_image LongCatImagePosEmbed"),
        ("Ovis-Image", "transformer_ovis_image OvisImagePosEmbed"),
    ):
        yield ids_model(name, code, (24, 24, 128), (16, 56, 56), 10000, FLUX_RULE, FLUX_IDS)
    qwen = "transformer_qwenimage", "QwenEmbedRope", "apply_rotary_emb_qwen"
    yield qwen_image("Qwen-Image", *qwen, (24, 24, 128))
    yield qwen_image_21()
    nucleus = "transformer_nucleusmoe_image", "NucleusMoEEmbedRope", "_apply_rotary_emb_nucleus"
    yield qwen_image("NucleusMoE-Image", *nucleus, (16, 16, 128))
    rule = "caption 1 .. n, 0, 0; image n + 1, row, column; padding 0, 0, 0"
    yield z_image("Z-Image", "transformer_z_image", "ZSingleStreamAttnProcessor", (30, 30, 128),
                  (1024, 512, 512), rule)
    yield z_image("FIBO 2", "transformer_bria_fibo2", "BriaFibo2AttnProcessor", (28, 28, 128),
                  (2048, 512, 512), "ids t, row, column")
    yield ids_model("Flux.3", "transformer_flux3 Flux3PosEmbed", (24, 24, 128), (32, 32, 32, 32), 10000,
                    "ids t, row, column, l",
                    [(0, 0, 0, 0), (0, 0, 1, 0), (0, 63, 95, 0), (10, 17, 5, 0), (0, 0, 0, 511)])
    yield lumina(
        "Lumina2",
        (24, 8, 96),
        (32, 32, 32),
        (300, 512, 512),
        [(0, 0, 0), (1, 0, 0), (17, 0, 0), (120, 17, 5), (299, 511, 511)],
        "caption i, 0, 0; image n, row, column",
        "",
    )
    yield lumina(
        "OmniGen2",
        (21, 7, 120),
        (40, 40, 40),
        (1024, 1664, 1664),
        [(0, 0, 0), (1, 1, 1), (17, 17, 17), (120, 17, 5), (1023, 1663, 1663)],
        "text i, i, i; image n, row, column",
        " (the functions that its own code calls)",
    )
    yield lumina_next()
    yield latent_model(
        "HunyuanImage-2.1",
        "transformer_hunyuanimage HunyuanImageRotaryPosEmbed",
        (28, 28, 128),
        (64, 64),
        256.0,
        (48, 64),
        lambda module: module((1, 1), (64, 64), 256.0),
    )
    yield glm_kin(
        "CogView4",
        "transformer_cogview4 CogView4RotaryPosEmbed",
        lambda module: module(128, 2, (256, 256)),
        "i * 256 / n rounded down",
    )
    yield glm_kin(
        "GLM-Image",
        "transformer_glm_image GlmImageRotaryPosEmbed",
        lambda module: module(128, 2),
        "row, column, from 0",
    )
    yield hunyuan_dit()
    yield hidream()
    yield prx()
    yield joy_image()
    yield ideogram4()
