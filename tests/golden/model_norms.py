"""The norms of queries and keys of whole models, for the pack `prologues`."""

import importlib
import operator

import torch

WAN = "blocks.0.attn1.norm_{}"
FLUX = "transformer_blocks.0.attn.norm_{}"
LTX = "transformer_blocks.0.attn1.norm_{}"
LTX2_AUDIO = "transformer_blocks.0.audio_attn1.norm_{}"
ATTENTION = "layers.0.attention.norm_{}"
LAYER = "layers.0.self_attn.{}_norm"

# Of a preset: file and class of the model, where the norm of queries or keys is in it, heads that
# are normalised together, arguments other than the class's defaults.
OF_DIFFUSERS = {
    "Helios": ("transformer_helios.HeliosTransformer3DModel", WAN, 40, {}),
    "Wan2.1 14B": ("transformer_wan.WanTransformer3DModel", WAN, 40, {}),
    "Wan2.1 1.3B": ("transformer_wan.WanTransformer3DModel", WAN, 12, {"num_attention_heads": 12}),
    "Wan2.2 A14B": ("transformer_wan.WanTransformer3DModel", WAN, 40, {}),
    "Wan2.2 5B": ("transformer_wan.WanTransformer3DModel", WAN, 24, {"num_attention_heads": 24}),
    "LTX 2B": ("transformer_ltx.LTXVideoTransformer3DModel", LTX, 32, {}),
    "LTX 13B": ("transformer_ltx.LTXVideoTransformer3DModel", LTX, 32, {"attention_head_dim": 128}),
    "LTX-2": ("transformer_ltx2.LTX2VideoTransformer3DModel", LTX, 32, {}),
    "LTX-2 audio": ("transformer_ltx2.LTX2VideoTransformer3DModel", LTX2_AUDIO, 32, {}),
    "MiniMax-H3": ("transformer_minimax_h3.MiniMaxH3Transformer3DModel", FLUX, 1, {}),
    "Flux.1": ("transformer_flux.FluxTransformer2DModel", FLUX, 1, {}),
    "Flux.2": ("transformer_flux2.Flux2Transformer2DModel", FLUX, 1, {}),
    "Qwen-Image": ("transformer_qwenimage.QwenImageTransformer2DModel", FLUX, 1, {}),
    "Z-Image": ("transformer_z_image.ZImageTransformer2DModel", ATTENTION, 1, {}),
}
# The same, with the class of the configuration.
OF_TRANSFORMERS = {
    "Qwen3 8B": ("qwen3.Qwen3Model Qwen3Config", LAYER, 1, {}),
    "Qwen3 8B, YaRN 4x": ("qwen3.Qwen3Model Qwen3Config", LAYER, 1, {}),
    "Qwen3-VL 8B": ("qwen3_vl.Qwen3VLTextModel Qwen3VLTextConfig", LAYER, 1, {}),
    "Gemma 3 4B, local layers": ("gemma3.Gemma3TextModel Gemma3TextConfig", LAYER, 1, {}),
    "Gemma 3 4B, global layers": ("gemma3.Gemma3TextModel Gemma3TextConfig", LAYER, 1, {}),
}


def models_with_norms():
    """Name, the whole model without memory, where its norm is, heads at once."""
    for name, (code, place, heads, arguments) in OF_DIFFUSERS.items():
        file, kind = code.split(".")
        module = importlib.import_module(f"diffusers.models.transformers.{file}")
        with torch.device("meta"):
            model = getattr(module, kind)(**arguments)
        yield name, model, place, heads
    for name, (code, place, heads, arguments) in OF_TRANSFORMERS.items():
        (file, kind), config = code.split()[0].split("."), code.split()[1]
        module = importlib.import_module(f"transformers.models.{file}.modeling_{file}")
        settings = importlib.import_module(f"transformers.models.{file}.configuration_{file}")
        with torch.device("meta"):
            model = getattr(module, kind)(
                getattr(settings, config)(**{"num_hidden_layers": 1, **arguments})
            )
        yield name, model, place, heads


def rule_of(norm):
    return type(norm), norm.eps if hasattr(norm, "eps") else norm.variance_epsilon


def norm_case(model, place, heads):
    norm, of_keys = (operator.attrgetter(place.format(x))(model) for x in "qk")
    assert rule_of(norm) == rule_of(of_keys), "one rule for queries and keys"
    norm = norm.to_empty(device="cpu").to(torch.bfloat16)
    (weight,) = norm.parameters()
    weight.copy_(1 + 0.5 * torch.randn(weight.shape))
    # Two heads where each is by itself; so small that eps decides half of the mean.
    x = 1e-3 * torch.randn(1, 1, max(heads, 2), weight.numel() // heads)
    x = x.to(torch.bfloat16)
    out = norm(x.flatten(2) if heads > 1 else x).view(x.shape)
    keys = {
        "source": f"{type(model).__name__}.{place.format('q')}, {type(norm).__name__}",
        "norm_axes": "HD" if heads > 1 else "D",
        "io": "x>out",
    }
    return keys, {"x": x, "q_weight": weight, "out": out}
