"""Audio and speech models."""

import torch
from diffusers.models import embeddings

from .diffusers_code import DTYPES, PLAIN, cast_rows, each, of, real
from .hugging_face import NO_GGUF, VERSION, language, partial
from .preset import Preset

AUDIO_IDS = [0, 1, 17, 342, 1023]


def generators():
    def preset(
        name, shape, width, theta, source, make, apply, x_held, compute, layout="BSHD", limit=1024
    ):
        ids = AUDIO_IDS[:-1] + [limit - 1]

        def table(x_type):
            made = make(limit, x_type)
            return cast_rows(made, x_type if x_held else "f32", ids)

        return Preset(
            name,
            shape,
            (width,),
            theta,
            source,
            table,
            apply,
            layout,
            "half",
            held="x" if x_held else "f32",
            compute=compute,
            positions="token numbers",
            weights=PLAIN,
            keys={"max_position_embeddings": limit},
        )

    processor = of("attention_processor", "StableAudioAttnProcessor2_0")()
    yield preset(
        "Stable Audio",
        (24, 24, 64),
        32,
        1e4,
        "embeddings.get_1d_rotary_pos_embed, "
        "attention_processor.StableAudioAttnProcessor2_0.apply_partial_rotary_emb",
        lambda n, _: embeddings.get_1d_rotary_pos_embed(
            32, n, use_real=True, repeat_interleave_real=False
        ),
        each(lambda x, pair: processor.apply_partial_rotary_emb(x.float(), pair).to(x.dtype)),
        False,
        "wide",
        "BHSD",
    )
    path = "transformers.transformer_stable_audio3"
    angles = of(path, "StableAudio3RotaryEmbedding")(32)(1024, torch.device("cpu"))
    turn_angles = of(path, "_apply_rotary_partial")

    def stable_audio3(q, k, t):  # the code holds angles: it takes cos and sin as it applies them
        assert torch.equal(angles[AUDIO_IDS].cos(), t["cos"]) and torch.equal(
            angles[AUDIO_IDS].sin(), t["sin"]
        )
        return turn_angles(q, angles[AUDIO_IDS]), turn_angles(k, angles[AUDIO_IDS])

    yield preset(
        "Stable Audio 3",
        (24, 24, 64),
        32,
        1e4,
        "transformer_stable_audio3.StableAudio3RotaryEmbedding, " "_apply_rotary_partial",
        lambda n, _: (angles.cos(), angles.sin()),
        stable_audio3,
        False,
        "wide",
    )
    ace = of("transformers.ace_step_transformer", "_ace_step_rotary_freqs")
    yield preset(
        "ACE-Step",
        (16, 8, 128),
        128,
        1e6,
        "ace_step_transformer._ace_step_rotary_freqs, " "embeddings.apply_rotary_emb",
        lambda n, x: ace(n, 128, 1e6, torch.device("cpu"), DTYPES[x]),
        real(-2),
        True,
        "wide",
        limit=32768,
    )
    path = "transformers.transformer_longcat_audio_dit"
    longcat = of(path, "AudioDiTRotaryEmbedding")(64, 2048, 100000.0)
    yield preset(
        "LongCat-AudioDiT",
        (24, 24, 64),
        64,
        1e5,
        "transformer_longcat_audio_dit.AudioDiTRotaryEmbedding, " "_apply_rotary_emb",
        lambda n, x: longcat(torch.empty(1, n, 1, dtype=DTYPES[x]), n),
        each(of(path, "_apply_rotary_emb")),
        True,
        "wide",
        limit=2048,
    )
    path = "transformers.transformer_minimax_music3"
    music = of(path, "MiniMaxMusic3RotaryEmbedding")(32)
    yield preset(
        "MiniMax-Music 3",
        (32, 32, 64),
        32,
        1e4,
        "transformer_minimax_music3.MiniMaxMusic3RotaryEmbedding, " "_apply_partial_rotary_emb",
        lambda n, _: music(n, torch.device("cpu")),
        each(of(path, "_apply_partial_rotary_emb")),
        True,
        "promoted",
        limit=8192,
    )


def codecs():
    yield language("Moshi 7B", "moshi Moshi", (32, 32, 128), 1e4, 3000)
    yield language("Mimi", "mimi Mimi", (8, 8, 64), 1e4, 8000)
    yield language(
        "Moonshine base",
        "moonshine Moonshine",
        (8, 8, 52),
        1e4,
        194,
        axes=(32,),
        pairing="interleaved",
        weights=NO_GGUF,
        **partial(0.62)
    )


def presets():
    yield from generators()
    for preset in codecs():
        preset.library = VERSION
        yield preset
