"""The norms of queries and keys of whole models, for the pack `prologues`."""

import importlib
import operator

import torch

WAN = "blocks.0.attn1.norm_{}"
FLUX = "transformer_blocks.0.attn.norm_{}"
LTX = "transformer_blocks.0.attn1.norm_{}"
LTX2_AUDIO = "transformer_blocks.0.audio_attn1.norm_{}"
ATTENTION = "layers.0.attention.norm_{}"
LUMINA2 = "layers.0.attn.norm_{}"
LAYER = "layers.0.self_attn.{}_norm"

OMNIGEN2 = {
    "hidden_size": 21 * 120,
    "num_attention_heads": 21,
    "num_kv_heads": 7,
    "axes_dim_rope": (40, 40, 40),
}
HIDREAM = {
    "patch_size": 2,
    "num_layers": 1,
    "num_single_layers": 1,
    "attention_head_dim": 128,
    "num_attention_heads": 20,
    "caption_channels": [4096, 4096],
}
GLOBAL = {"layer_types": ["full_attention"]}

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
    "SkyReels-V2 14B": (
        "transformer_skyreels_v2.SkyReelsV2Transformer3DModel", WAN, 40,
        {"num_attention_heads": 40},
    ),
    "HunyuanVideo": ("transformer_hunyuan_video.HunyuanVideoTransformer3DModel", FLUX, 1, {}),
    "HunyuanVideo-1.5": (
        "transformer_hunyuan_video15.HunyuanVideo15Transformer3DModel", FLUX, 1, {},
    ),
    "HunyuanVideo-FramePack": (
        "transformer_hunyuan_video_framepack.HunyuanVideoFramepackTransformer3DModel", FLUX, 1, {},
    ),
    "Cosmos3": (
        "transformer_cosmos3.Cosmos3OmniTransformer", "layers.0.self_attn.norm_{}", 1, {},
    ),
    "AnyFlow 14B": ("transformer_anyflow.AnyFlowTransformer3DModel", WAN, 40, {}),
    "Motif-Video": ("transformer_motif_video.MotifVideoTransformer3DModel", FLUX, 1, {}),
    "Krea-2": ("transformer_krea2.Krea2Transformer2DModel", FLUX, 1, {}),
    "Chroma": ("transformer_chroma.ChromaTransformer2DModel", FLUX, 1, {}),
    "Bria 3.2": ("transformer_bria.BriaTransformer2DModel", FLUX, 1, {}),
    "FIBO": ("transformer_bria_fibo.BriaFiboTransformer2DModel", FLUX, 1, {}),
    "LongCat-Image": ("transformer_longcat_image.LongCatImageTransformer2DModel", FLUX, 1, {}),
    "Ovis-Image": ("transformer_ovis_image.OvisImageTransformer2DModel", FLUX, 1, {}),
    "Qwen-Image-2.1": ("transformer_qwenimage21.QwenImage21Transformer2DModel", FLUX, 1, {}),
    "NucleusMoE-Image": (
        "transformer_nucleusmoe_image.NucleusMoEImageTransformer2DModel", FLUX, 1, {},
    ),
    "FIBO 2": ("transformer_bria_fibo2.BriaFibo2Transformer2DModel", ATTENTION, 1, {}),
    "Lumina2": ("transformer_lumina2.Lumina2Transformer2DModel", LUMINA2, 1, {}),
    # Its own code calls the module that Lumina2 has.
    "OmniGen2": ("transformer_lumina2.Lumina2Transformer2DModel", LUMINA2, 1, OMNIGEN2),
    "HunyuanImage-2.1": ("transformer_hunyuanimage.HunyuanImageTransformer2DModel", FLUX, 1, {}),
    "HiDream-I1": (
        "transformer_hidream_image.HiDreamImageTransformer2DModel",
        "double_stream_blocks.0.block.attn1.{}_rms_norm", 20, HIDREAM,
    ),
    "PRX": ("transformer_prx.PRXTransformer2DModel", "blocks.0.attention.norm_{}", 1, {}),
    "JoyImage-Edit": (
        "transformer_joyimage.JoyImageEditTransformer3DModel",
        "double_blocks.0.attn.img_attn_{}_norm", 1, {},
    ),
    "Ideogram-4": ("transformer_ideogram4.Ideogram4Transformer2DModel", ATTENTION, 1, {}),
    "Stable Audio 3": (
        "transformer_stable_audio3.StableAudio3DiTModel",
        "transformer_blocks.0.self_attn.{}_norm", 1, {},
    ),
    "ACE-Step": (
        "ace_step_transformer.AceStepTransformer1DModel", "layers.0.self_attn.norm_{}", 1, {},
    ),
    "LongCat-AudioDiT": (
        "transformer_longcat_audio_dit.LongCatAudioDiTTransformer",
        "blocks.0.self_attn.{}_norm", 24, {},
    ),
}
# The same, with the class of the configuration.
OF_TRANSFORMERS = {
    "Qwen3 8B": ("qwen3.Qwen3Model Qwen3Config", LAYER, 1, {}),
    "Qwen3 8B, YaRN 4x": ("qwen3.Qwen3Model Qwen3Config", LAYER, 1, {}),
    "Qwen3-VL 8B": ("qwen3_vl.Qwen3VLTextModel Qwen3VLTextConfig", LAYER, 1, {}),
    "Gemma 3 4B, local layers": ("gemma3.Gemma3TextModel Gemma3TextConfig", LAYER, 1, {}),
    "Gemma 3 4B, global layers": ("gemma3.Gemma3TextModel Gemma3TextConfig", LAYER, 1, {}),
    "Gemma 3n E4B, global layers": (
        "gemma3n.Gemma3nTextModel Gemma3nTextConfig", LAYER, 1,
        {"num_kv_shared_layers": 0, **GLOBAL},
    ),
    # The last layer of a model is a global one.
    "Gemma 4 26B-A4B, local layers": (
        "gemma4.Gemma4TextModel Gemma4TextConfig", LAYER, 1,
        {"num_hidden_layers": 2, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "Gemma 4 26B-A4B, global layers": (
        "gemma4.Gemma4TextModel Gemma4TextConfig", LAYER, 1, GLOBAL,
    ),
    "Qwen3-Next 80B": ("qwen3_next.Qwen3NextModel Qwen3NextConfig", LAYER, 1, GLOBAL),
    "GLM-4.5": (
        "glm4_moe.Glm4MoeModel Glm4MoeConfig", LAYER, 1, {"use_qk_norm": True, "head_dim": 128},
    ),
    "OLMo 2 7B": ("olmo2.Olmo2Model Olmo2Config", LAYER, 32, {"rms_norm_eps": 1e-6}),
    "OLMo 3 7B, local layers": ("olmo3.Olmo3Model Olmo3Config", LAYER, 32, {"rms_norm_eps": 1e-6}),
    "OLMo 3 7B, global layers": ("olmo3.Olmo3Model Olmo3Config", LAYER, 32, {"rms_norm_eps": 1e-6}),
    "OLMoE 1B-7B": ("olmoe.OlmoeModel OlmoeConfig", LAYER, 16, {}),
    "MiniMax-M2": (
        "minimax_m2.MiniMaxM2Model MiniMaxM2Config", LAYER, 48,
        {"num_attention_heads": 48, "head_dim": 128},
    ),
    "EXAONE 4.0 32B": ("exaone4.Exaone4Model Exaone4Config", LAYER, 1, {}),
    "LFM2 1.2B": (
        "lfm2.Lfm2Model Lfm2Config", "layers.0.self_attn.{}_layernorm", 1,
        {"hidden_size": 2048, "num_attention_heads": 32, **GLOBAL},
    ),
    "Apertus 8B": ("apertus.ApertusModel ApertusConfig", LAYER, 1, {}),
    "Qwen3-Omni 30B": (
        "qwen3_omni_moe.Qwen3OmniMoeThinkerTextModel Qwen3OmniMoeTextConfig", LAYER, 1,
        {"head_dim": 128},
    ),
    "Qwen3.5 27B": ("qwen3_5.Qwen3_5TextModel Qwen3_5TextConfig", LAYER, 1, GLOBAL),
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
    stays_float = set(model._keep_in_fp32_modules or ()) & set(place.format("q").split("."))
    norm = norm.to_empty(device="cpu").to(torch.float32 if stays_float else torch.bfloat16)
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
