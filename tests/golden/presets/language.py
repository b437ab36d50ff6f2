"""Language models, and those of several modalities."""

import torch

from .hugging_face import (
    DTYPES,
    GGUF_PERMUTED,
    GPTJ,
    NO_GGUF,
    PERMUTED,
    language,
    llama3,
    of,
    partial,
    sliced,
    spread,
    yarn,
)
from .preset import Preset, Table

LLAMA = "llama Llama"


def decoders():
    yield language("Llama 2 7B", LLAMA, (32, 32, 128), 1e4, 4096, weights=PERMUTED)
    yield language("Llama 3 8B", LLAMA, (32, 8, 128), 5e5, 8192, weights=PERMUTED)
    yield language("Llama 3.1 8B", LLAMA, (32, 8, 128), 5e5, 131072, weights=PERMUTED, **llama3(8))
    yield language("Llama 3.2 1B", LLAMA, (32, 8, 64), 5e5, 131072, weights=PERMUTED, **llama3(32))
    yield language("Mistral 7B", "mistral Mistral", (32, 8, 128), 1e4, 32768, weights=PERMUTED)
    yield language("Qwen2 7B", "qwen2 Qwen2", (28, 4, 128), 1e6, 32768)
    qwen3 = "qwen3 Qwen3"
    yield language("Qwen3 8B", qwen3, (32, 8, 128), 1e6, 40960)
    yield language("Qwen3 8B, YaRN 4x", qwen3, (32, 8, 128), 1e6, 131072, **yarn(4, 32768))
    yield language("gpt-oss", "gpt_oss GptOss", (64, 8, 64), 150000, 131072, kind="half",
                   **yarn(32, 4096, truncate=False, beta_fast=32.0, beta_slow=1.0))
    yield language("GPT-NeoX 20B", "gpt_neox GPTNeoX", (64, 64, 96), 1e4, 2048, **partial(0.25))
    yield language("Phi-3 mini 4k", "phi3 Phi3", (32, 32, 96), 1e4, 4096)
    gemma = "gemma2 Gemma2"
    yield language("Gemma 2 2B", gemma, (8, 4, 256), 1e4, 8192)
    yield language("Gemma 7B", "gemma Gemma", (16, 16, 256), 1e4, 8192)
    gemma = "gemma3 Gemma3TextConfig Gemma3RotaryEmbedding"
    yield language("Gemma 3 4B, local layers", gemma, (8, 4, 256), 1e4, 131072,
                   layer="sliding_attention")
    yield language("Gemma 3 4B, global layers", gemma, (8, 4, 256), 1e6, 131072,
                   {"rope_type": "linear", "factor": 8.0}, layer="full_attention",
                   scaling="Linear{8}")
    gemma = "gemma3n Gemma3nTextConfig Gemma3nRotaryEmbedding"
    yield language("Gemma 3n E4B, global layers", gemma, (8, 2, 256), 1e6, 32768,
                   layer="full_attention", one=True)
    gemma = "gemma4 Gemma4Text"
    yield language("Gemma 4 26B-A4B, local layers", gemma, (16, 8, 256), 1e4, 262144,
                   layer="sliding_attention", one=True)
    yield language("Gemma 4 26B-A4B, global layers", gemma, (16, 2, 512), 1e6, 262144,
                   {"rope_type": "proportional", "partial_rotary_factor": 0.25}, axes=(512,),
                   layer="full_attention", one=True, scaling="Proportional{0.25}")
    deepseek = {"shape": (128, 1, 192), "theta": 1e4, "limit": 163840, "axes": (64,), "offset": 128,
                "slices": True, "config": {"head_dim": 64}, "held": "f32"}
    factors = {"beta_fast": 32.0, "beta_slow": 1.0}
    yield language("DeepSeek-V2", "deepseek_v2 DeepseekV2", **deepseek, kind="complex",
                   compute="wide", pairing="interleaved", function="apply_rotary_emb",
                   weights=GPTJ, **yarn(40, 4096, **factors, mscale=0.707, mscale_all_dim=0.707))
    deepseek.update(held="x", pairing="interleaved_to_half", weights=GPTJ,
                    function="apply_rotary_pos_emb_interleave")
    yield language("DeepSeek-V3", "deepseek_v3 DeepseekV3", **deepseek,
                   **yarn(40, 4096, **factors, mscale=1.0, mscale_all_dim=1.0))
    deepseek.update(shape=(64, 1, 192), theta=5e4, limit=131072)
    yield language("Kimi K2", "deepseek_v3 DeepseekV3", **deepseek,
                   **yarn(32, 4096, beta_fast=1.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0))
    deepseek.update(theta=1e7)
    yield language("LongCat-Flash", "longcat_flash LongcatFlash", **deepseek)
    bert = "modernbert ModernBert"
    yield language("ModernBERT base, local layers", bert, (12, 12, 64), 1e4, 8192,
                   layer="sliding_attention", compute="wide")
    yield language("ModernBERT base, global layers", bert, (12, 12, 64), 160000, 8192,
                   layer="full_attention", compute="wide")


# Phi-4 mini's configuration: one factor a pair.
LONG_FACTORS = [
    1, 1.118320672, 1.250641126, 1.398617824, 1.564103225, 1.74916897, 1.956131817, 2.187582649,
    2.446418898, 2.735880826, 3.059592084, 3.421605075, 3.826451687, 4.279200023, 4.785517845, 5.351743533,
    5.984965424, 6.693110555, 7.485043894, 8.370679318, 9.36110372, 10.4687158, 11.70738129, 13.09260651,
    14.64173252, 16.37415215, 18.31155283, 20.47818807, 22.90118105, 25.61086418, 28.64115884, 32.03,
    32.1, 32.13, 32.23, 32.6, 32.61, 32.64, 32.66, 32.7,
    32.71, 32.93, 32.97, 33.28, 33.49, 33.5, 44.16, 47.77]


def phi4_mini():
    """Two tables: which one turns a sequence depends on its length."""
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 48, "long_factor": LONG_FACTORS,
            "original_max_position_embeddings": 4096, "factor": 32.0, "partial_rotary_factor": 0.75}
    lists = {"long_factors": torch.tensor(LONG_FACTORS, dtype=torch.float64)}
    for name, last, which in (("up to 4096 tokens", 4095, "short"), ("longer", 131071, "long")):
        yield language(f"Phi-4 mini, {name}", "phi3 Phi3", (24, 8, 128), 1e4, 131072, rope,
                       {"original_max_position_embeddings": 4096},
                       ids=[(0,), (1,), (17,), (1366,), (last,)], more=lists,
                       scaling=f"LongRope{{32, 4096, {which}}}",
                       note="the short factors are 1; the attention factor is that of both tables")


def more_decoders():
    llama4 = {"kind": "complex", "held": "f32", "compute": "wide", "pairing": "interleaved",
              "layout": "BSHD", "function": "apply_rotary_emb", "weights": GPTJ,
              "note": "no rotation in every fourth layer"}
    code = "llama4 Llama4Text"
    yield language("Llama 4 Maverick", code, (40, 8, 128), 5e5, 1048576, **llama4)
    yield language("Llama 4 Scout", code, (40, 8, 128), 5e5, 10485760, **llama4,
                   **llama3(16, 1.0, 1.0))
    yield language("Mistral Small 3 24B", "mistral Mistral", (32, 8, 128), 1e8, 32768,
                   weights=PERMUTED)
    yield language("SmolLM2 1.7B", LLAMA, (32, 32, 64), 130000, 8192, weights=PERMUTED)
    yield language("Mixtral 8x7B", "mixtral Mixtral", (32, 8, 128), 1e6, 32768, weights=PERMUTED)
    yield language("Ministral 3 8B", "ministral3 Ministral3", (32, 8, 128), 1e6, 262144,
                   weights=PERMUTED,
                   **yarn(16, 16384, beta_fast=32.0, beta_slow=1.0, mscale=1.0,
                          mscale_all_dim=1.0))
    yield language("Qwen3-Next 80B", "qwen3_next Qwen3Next", (16, 2, 256), 1e7, 262144,
                   **partial(0.25))
    yield language("Phi-2", "phi Phi", (32, 32, 80), 1e4, 2048, slices=True, **partial(0.4))
    yield language("Phi-4", "phi3 Phi3", (40, 10, 128), 250000, 16384)
    glm = {"pairing": "interleaved", "weights": GPTJ, **partial(0.5)}
    yield language("GLM-4 9B", "glm Glm", (32, 2, 128), 1e4, 131072, **glm)
    yield language("GLM-4-0414 9B", "glm4 Glm4", (32, 2, 128), 1e4, 32768, **glm)
    yield language("GLM-4.5", "glm4_moe Glm4Moe", (96, 8, 128), 1e6, 131072, **partial(0.5))
    olmo = {"held": "f32"}
    yield language("OLMo 2 7B", "olmo2 Olmo2", (32, 32, 128), 5e5, 4096, **olmo)
    code = "olmo3 Olmo3"
    yield language("OLMo 3 7B, local layers", code, (32, 32, 128), 5e5, 65536,
                   layer="sliding_attention", **olmo)
    yield language("OLMo 3 7B, global layers", code, (32, 32, 128), 5e5, 65536,
                   layer="full_attention", **olmo,
                   **yarn(8, 8192, beta_fast=32.0, beta_slow=1.0,
                          attention_factor=1.2079441541679836))
    yield language("OLMoE 1B-7B", "olmoe Olmoe", (16, 16, 128), 1e4, 4096)
    yield language("Granite 3.3 8B", "granite Granite", (32, 8, 128), 1e7, 131072,
                   weights=GGUF_PERMUTED)
    yield language("SmolLM3 3B", "smollm3 SmolLM3", (16, 4, 128), 5e6, 65536,
                   weights=GGUF_PERMUTED, note="no rotation in every fourth layer")
    yield language("StableLM 3B", "stablelm StableLm", (32, 32, 80), 1e4, 4096, slices=True,
                   **partial(0.25))
    cohere = {"kind": "full_rep", "compute": "wide", "pairing": "interleaved", "weights": GPTJ}
    yield language("Command R 35B", "cohere Cohere", (64, 64, 128), 8e6, 131072, **cohere)
    yield language("Command R7B", "cohere2 Cohere2", (32, 8, 128), 5e4, 132096, **cohere,
                   note="local layers; the others do not rotate")
    yield language("Ernie 4.5 0.3B", "ernie4_5 Ernie4_5", (16, 2, 128), 5e5, 131072, held="f32",
                   compute="wide", pairing="interleaved", weights=GPTJ)
    yield language("Falcon 7B", "falcon Falcon", (71, 1, 64), 1e4, 2048)
    yield language("Falcon-H1 7B", "falcon_h1 FalconH1", (12, 2, 128), 1e11, 262144)
    yield language("MiniMax-M2", "minimax_m2 MiniMaxM2", (48, 8, 128), 5e6, 196608, **partial(0.5))
    yield language("Minitron 4B", "nemotron Nemotron", (24, 8, 128), 1e4, 4096, **partial(0.5))
    yield language("Persimmon 8B", "persimmon Persimmon", (64, 64, 64), 25000, 16384, slices=True,
                   **partial(0.5))
    yield language("Bamba 9B", "bamba Bamba", (32, 8, 128), 1e4, 262144, **partial(0.5))
    yield language("Seed-OSS 36B", "seed_oss SeedOss", (80, 8, 128), 1e7, 524288)
    yield language("Hunyuan A13B", "hunyuan_v1_moe HunYuanMoEV1", (32, 8, 128), 1e4, 262144,
                   {"rope_type": "dynamic", "alpha": 1000.0, "factor": 1.0},
                   scaling="StaticNtk{1000}")
    yield language("EXAONE 4.0 32B", "exaone4 Exaone4", (40, 8, 128), 1e6, 131072,
                   note="local layers; the others do not rotate", **llama3(16))
    yield language("StarCoder2 7B", "starcoder2 Starcoder2", (36, 4, 128), 1e6, 16384)
    yield language("DBRX", "dbrx Dbrx", (48, 8, 128), 5e5, 32768)
    yield language("RecurrentGemma 2B", "recurrent_gemma RecurrentGemma", (10, 1, 256), 1e4, 8192,
                   **partial(0.5))
    yield language("LFM2 1.2B", "lfm2 Lfm2", (32, 8, 64), 1e6, 128000)
    yield language("Apertus 8B", "apertus Apertus", (32, 8, 128), 12e6, 65536, **llama3(8))
    yield language("Helium 1 2B", "helium Helium", (20, 20, 128), 1e5, 4096, pairing="interleaved",
                   weights=NO_GGUF)
    yield language("EuroBERT 210M", "eurobert EuroBert", (12, 12, 64), 250000, 8192)
    yield language("nomic-embed-text v1.5", "nomic_bert NomicBert", (12, 12, 64), 1000, 2048)
    yield language("MiMo-V2-Flash, global layers", "mimo_v2_flash MiMoV2Flash", (64, 4, 192), 5e6,
                   262144, layer="full_attention", axes=(64,), **partial(0.334))


TEXT_AND_IMAGE = [(3, 3, 3), (4, 4, 9), (4, 17, 5), (60, 71, 90), (32767, 32767, 32767)]


def sections(name, code, shape, theta, limit, axes, terms, mrope_layout, **more):
    """M-RoPE: ids t, h, w of text (all equal) and of an image's cells."""
    rope = {"mrope_section": list(more.pop("section", axes)), **more.pop("rope", {})}
    return language(name, code, shape, theta, limit, rope, axes=axes, terms=terms,
                    ids=TEXT_AND_IMAGE, mrope_layout=mrope_layout, **more)


def multimodal():
    plain, mixed = ("contiguous_sections", "contiguous"), ("interleaved_sections", "interleaved")
    yield sections("Qwen2-VL 7B", "qwen2_vl Qwen2VLTextConfig Qwen2VLRotaryEmbedding",
                   (28, 4, 128), 1e6, 32768, (16, 24, 24), *plain)
    yield sections("Qwen2.5-VL 7B", "qwen2_5_vl Qwen2_5_VLTextConfig Qwen2_5_VLRotaryEmbedding",
                   (28, 4, 128), 1e6, 128000, (16, 24, 24), *plain)
    yield sections("Qwen2.5-Omni 7B",
                   "qwen2_5_omni Qwen2_5OmniTextConfig Qwen2_5OmniRotaryEmbedding", (28, 4, 128),
                   1e6, 32768, (16, 24, 24), *plain)
    yield sections("Qwen3-VL 8B", "qwen3_vl Qwen3VLText", (32, 8, 128), 5e6, 262144, (24, 20, 20),
                   *mixed)
    yield sections("Qwen3-Omni 30B",
                   "qwen3_omni_moe Qwen3OmniMoeTextConfig Qwen3OmniMoeThinkerTextRotaryEmbedding",
                   (32, 4, 128), 1e6, 65536, (24, 20, 20), *mixed)
    yield sections("Qwen3.5 27B", "qwen3_5 Qwen3_5Text", (24, 4, 256), 1e7, 262144, (11, 11, 10),
                   *mixed, **partial(0.25))
    yield sections("PaddleOCR-VL", "paddleocr_vl PaddleOCRTextConfig PaddleOCRRotaryEmbedding",
                   (16, 2, 128), 5e5, 131072, (16, 24, 24), *plain)
    yield sections("GLM-4.1V 9B", "glm4v Glm4vText", (32, 2, 128), 1e4, 65536, (8, 12, 12), *plain,
                   kind="full_rep", pairing="interleaved", weights=GPTJ, **partial(0.5))
    yield sections("GLM-4.5V", "glm4v_moe Glm4vMoeText", (96, 8, 128), 1e4, 65536, (8, 12, 12),
                   *plain, **partial(0.5))
    yield sections("Ernie-4.5-VL", "ernie4_5_vl_moe Ernie4_5_VLMoeText", (20, 4, 128), 5e5, 131072,
                   (22, 22, 20), "alternating_sections", "hwt", kind="full_rep", held="f32",
                   compute="wide", pairing="interleaved", weights=GPTJ, inv_freq_order="sections")


def packed(name, module, config_class, rotary_class, shape, rotary_dim, held, limit=2048):
    """GPT-J and CodeGen: one table [sin | cos], a function of one tensor, sines before cosines."""
    turn = of(module, "apply_rotary_pos_emb")

    def table(x_type):
        made = of(module, config_class)(
            n_positions=limit, n_embd=shape[0] * shape[2], n_head=shape[0], rotary_dim=rotary_dim
        )
        ids = spread(limit, 3 if shape[2] > 192 else 5)
        sin, cos = of(module, rotary_class)(made)(
            torch.zeros(1, dtype=DTYPES[x_type]), torch.tensor([ids])
        )
        return Table(
            {"sincos": torch.cat((sin, cos), -1)}, "packed_sin_cos", "BS", [(i,) for i in ids]
        )

    def apply(q, k, t):
        sin, cos = t["sincos"].chunk(2, -1)
        return turn(q, sin, cos), turn(k, sin, cos)

    return Preset(
        name,
        shape,
        (rotary_dim,),
        1e4,
        f"{module}.{rotary_class}, apply_rotary_pos_emb",
        table,
        sliced(apply, 0, rotary_dim),
        "BSHD",
        "interleaved",
        held=held,
        weights=NO_GGUF,
        keys={"max_position_embeddings": limit},
    )


def presets():
    yield from decoders()
    yield packed("GPT-J 6B", "gptj", "GPTJConfig", "GPTJRotaryEmbedding", (16, 16, 256), 64, "x")
    yield packed("CodeGen 2B", "codegen", "CodeGenConfig", "CodeGenRotaryEmbedding", (32, 32, 80),
                 64, "f32")
    yield from more_decoders()
    yield from phi4_mini()
    yield language("ESM-2 650M", "esm Esm", (20, 20, 64), 1e4, 1026, compute="wide",
                   config={"rope_theta": 10000.0})
    yield language("DeepSeek-V4, plain layers", "deepseek_v4 DeepseekV4", (64, 1, 512), 1e4,
                   1048576, layer="main", axes=(64,), offset=448, kind="half", compute="wide",
                   pairing="interleaved", one=True, weights=GPTJ, **partial(0.125))
    yield from multimodal()
