"""Presets whose rotary code is transformers' (Hugging Face), for generate_models.py."""
import importlib
import math
from importlib.metadata import version

import torch
import transformers

from preset import Preset, Table

VERSION = f"transformers {transformers.__version__}"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
PERMUTED = "half is Hugging Face's; Meta's and GGUF's weights are interleaved"
GGUF_PERMUTED = "half is Hugging Face's; GGUF's weights are interleaved"
NEOX = "half in Hugging Face's and GGUF's weights"
GPTJ = "interleaved in Hugging Face's and GGUF's weights"
NO_GGUF = "interleaved in Hugging Face's weights"


def of(module, name):
    """A class or function of a model's file, or of its configuration's."""
    prefix = "configuration" if name.endswith("Config") else "modeling"
    return getattr(importlib.import_module(f"transformers.models.{module}.{prefix}_{module}"), name)


def spread(limit, count):
    """Token ids up to a model's length."""
    ids = [0, 1, 17, limit // 3 + 1, limit - 1]
    return ids[-count:]


def words(rope):
    return ";".join(f"{key}={value}" for key, value in rope.items())


def sliced(apply, first, width, axis=-1):
    """What attention layers do around a function that turns all it is given."""
    def run(q, k, table):
        parts = [x.narrow(axis, first, width) for x in (q, k)]
        outs = []
        for x, turned in zip((q, k), apply(*parts, table)):
            rest = [x.narrow(axis, 0, first), turned, x.narrow(axis, first + width, x.shape[axis] - first - width)]
            outs.append(torch.cat(rest, dim=axis).to(x.dtype))
        return tuple(outs)
    return run


def language(name, code, shape, theta, limit, rope=None, config=None, *, axes=None, layer=None, pairing="half",
             kind="full_dup", held="x", compute="promoted", weights=NEOX, offset=0, terms="axis_after_axis",
             function="apply_rotary_pos_emb", one=False, slices=False, layout="BHSD", ids=None, scaling="none",
             rotary_name=None, **keys):
    """A decoder: a rotary module made from a configuration, and a function of q, k, cos and sin.

    code: module, configuration class, rotary class.  rope: further rope parameters.  layer: the layer
    type where a model has several tables.  one: the function turns one tensor.  slices: the attention
    layer cuts out what turns.
    """
    module, config_class, rotary_class = code.split()
    heads, kv_heads, head_dim = shape
    rope = {"rope_type": "default", "rope_theta": float(theta), **(rope or {})}
    axes = axes or (int(head_dim * rope.get("partial_rotary_factor", 1)),)

    def table(x_type):
        made = of(module, config_class)()
        values = {"hidden_size": heads * head_dim, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
                  "head_dim": head_dim, "max_position_embeddings": limit, **(config or {}),
                  "rope_parameters": {layer: rope} if layer else rope}
        if layer:
            values["layer_types"] = [layer]
        for key, value in values.items():
            if not isinstance(getattr(type(made), key, None), property):
                setattr(made, key, value)
        rotary = of(module, rotary_class)(made)
        tokens = ids or [(i,) for i in spread(limit, 3 if head_dim > 192 else 5)]
        position_ids = torch.tensor(tokens).T[:, None, :]           # [axes, 1, tokens]
        if len(tokens[0]) == 1:
            position_ids = position_ids[0]
        x = torch.zeros(1, dtype=DTYPES[x_type])
        result = rotary(x, position_ids, layer) if layer else rotary(x, position_ids)
        inv_freq = getattr(rotary, f"{layer}_inv_freq" if layer else "inv_freq")
        tensors = {"freqs": result} if kind == "complex" else dict(zip(("cos", "sin"), result))
        return Table(tensors, kind, "BS", tokens, inv_freq)

    turn = of(module, function)

    def apply(q, k, tensors):
        given = [tensors["freqs"]] if kind == "complex" else [tensors["cos"], tensors["sin"]]
        if one:
            return turn(q, *given), turn(k, *given)
        return turn(q, k, *given)

    if slices:
        apply = sliced(apply, offset, sum(axes) * (2 if "sections" in terms else 1))
    keys = {"max_position_embeddings": limit, "rope_parameters": words(rope), **keys}
    source = f"{module}.{rotary_class}" + (f" ({layer})" if layer else "") + f", {function}"
    return Preset(name, shape, axes, theta, source, table, apply, layout, pairing, scaling, terms, held, compute,
                  offset, "token ids" if len(axes) == 1 else "ids t, h, w (equal for text)", weights, keys=keys)


LLAMA = "llama LlamaConfig LlamaRotaryEmbedding"


def llama3(factor, low=1.0, high=4.0, length=8192):
    rope = {"rope_type": "llama3", "factor": float(factor), "low_freq_factor": low, "high_freq_factor": high,
            "original_max_position_embeddings": length}
    return {"rope": rope, "scaling": f"Llama3{{{factor}, {low:g}, {high:g}, {length}}}"}


def yarn(factor, length, **more):
    rope = {"rope_type": "yarn", "factor": float(factor), "original_max_position_embeddings": length, **more}
    said = "".join(f", {key}={value}" for key, value in more.items())
    return {"rope": rope, "scaling": f"Yarn{{{factor}, {length}{said}}}"}


def partial(factor):
    return {"rope": {"partial_rotary_factor": factor}}


def decoders():
    yield language("Llama 2 7B", LLAMA, (32, 32, 128), 1e4, 4096, weights=PERMUTED)
    yield language("Llama 3 8B", LLAMA, (32, 8, 128), 5e5, 8192, weights=PERMUTED)
    yield language("Llama 3.1 8B", LLAMA, (32, 8, 128), 5e5, 131072, weights=PERMUTED, **llama3(8))
    yield language("Llama 3.2 1B", LLAMA, (32, 8, 64), 5e5, 131072, weights=PERMUTED, **llama3(32))
    yield language("Mistral 7B", "mistral MistralConfig MistralRotaryEmbedding", (32, 8, 128), 1e4, 32768,
                   weights=PERMUTED)
    yield language("Qwen2 7B", "qwen2 Qwen2Config Qwen2RotaryEmbedding", (28, 4, 128), 1e6, 32768)
    qwen3 = "qwen3 Qwen3Config Qwen3RotaryEmbedding"
    yield language("Qwen3 8B", qwen3, (32, 8, 128), 1e6, 40960)
    yield language("Qwen3 8B, YaRN 4x", qwen3, (32, 8, 128), 1e6, 131072, **yarn(4, 32768))
    yield language("gpt-oss", "gpt_oss GptOssConfig GptOssRotaryEmbedding", (64, 8, 64), 150000, 131072, kind="half",
                   **yarn(32, 4096, truncate=False, beta_fast=32.0, beta_slow=1.0))
    yield language("GPT-NeoX 20B", "gpt_neox GPTNeoXConfig GPTNeoXRotaryEmbedding", (64, 64, 96), 1e4, 2048,
                   **partial(0.25))
    yield language("Phi-3 mini 4k", "phi3 Phi3Config Phi3RotaryEmbedding", (32, 32, 96), 1e4, 4096)
    gemma = "gemma2 Gemma2Config Gemma2RotaryEmbedding"
    yield language("Gemma 2 2B", gemma, (8, 4, 256), 1e4, 8192)
    yield language("Gemma 7B", "gemma GemmaConfig GemmaRotaryEmbedding", (16, 16, 256), 1e4, 8192)
    gemma = "gemma3 Gemma3TextConfig Gemma3RotaryEmbedding"
    yield language("Gemma 3 4B, local layers", gemma, (8, 4, 256), 1e4, 131072, layer="sliding_attention")
    yield language("Gemma 3 4B, global layers", gemma, (8, 4, 256), 1e6, 131072, {"rope_type": "linear", "factor": 8.0},
                   layer="full_attention", scaling="Linear{8}")
    gemma = "gemma3n Gemma3nTextConfig Gemma3nRotaryEmbedding"
    yield language("Gemma 3n E4B, global layers", gemma, (8, 2, 256), 1e6, 32768, layer="full_attention", one=True)
    gemma = "gemma4 Gemma4TextConfig Gemma4TextRotaryEmbedding"
    yield language("Gemma 4, local layers", gemma, (8, 4, 256), 1e4, 131072, layer="sliding_attention", one=True)
    yield language("Gemma 4, global layers", gemma, (8, 4, 512), 1e6, 131072,
                   {"rope_type": "proportional", "partial_rotary_factor": 0.25}, axes=(512,), layer="full_attention",
                   one=True, scaling="Proportional{0.25}")
    deepseek = {"shape": (128, 1, 192), "theta": 1e4, "limit": 163840, "axes": (64,), "offset": 128, "slices": True,
                "config": {"head_dim": 64}, "held": "f32"}
    factors = {"beta_fast": 32.0, "beta_slow": 1.0}
    yield language("DeepSeek-V2", "deepseek_v2 DeepseekV2Config DeepseekV2RotaryEmbedding", **deepseek, kind="complex",
                   compute="wide", pairing="interleaved", function="apply_rotary_emb", weights=GPTJ,
                   **yarn(40, 4096, **factors, mscale=0.707, mscale_all_dim=0.707))
    deepseek.update(held="x", pairing="interleaved_to_half", function="apply_rotary_pos_emb_interleave", weights=GPTJ)
    yield language("DeepSeek-V3", "deepseek_v3 DeepseekV3Config DeepseekV3RotaryEmbedding", **deepseek,
                   **yarn(40, 4096, **factors, mscale=1.0, mscale_all_dim=1.0))
    deepseek.update(shape=(64, 1, 192), theta=5e4, limit=131072)
    yield language("Kimi K2", "deepseek_v3 DeepseekV3Config DeepseekV3RotaryEmbedding", **deepseek,
                   **yarn(32, 4096, beta_fast=1.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0))
    deepseek.update(theta=1e7)
    yield language("LongCat-Flash", "longcat_flash LongcatFlashConfig LongcatFlashRotaryEmbedding", **deepseek)
    bert = "modernbert ModernBertConfig ModernBertRotaryEmbedding"
    yield language("ModernBERT base, local layers", bert, (12, 12, 64), 1e4, 8192, layer="sliding_attention",
                   compute="wide")
    yield language("ModernBERT base, global layers", bert, (12, 12, 64), 160000, 8192, layer="full_attention",
                   compute="wide")


def more_decoders():
    llama4 = {"kind": "complex", "held": "f32", "compute": "wide", "pairing": "interleaved", "layout": "BSHD",
              "function": "apply_rotary_emb", "weights": GPTJ, "note": "no rotation in every fourth layer"}
    code = "llama4 Llama4TextConfig Llama4TextRotaryEmbedding"
    yield language("Llama 4 Maverick", code, (40, 8, 128), 5e5, 1048576, **llama4)
    yield language("Llama 4 Scout", code, (40, 8, 128), 5e5, 10485760, **llama4, **llama3(16, 1.0, 1.0))
    yield language("Mixtral 8x7B", "mixtral MixtralConfig MixtralRotaryEmbedding", (32, 8, 128), 1e6, 32768,
                   weights=PERMUTED)
    yield language("Ministral 3 8B", "ministral3 Ministral3Config Ministral3RotaryEmbedding", (32, 8, 128), 1e6, 262144,
                   weights=PERMUTED, **yarn(16, 16384, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0))
    yield language("Qwen3-Next 80B", "qwen3_next Qwen3NextConfig Qwen3NextRotaryEmbedding", (16, 2, 256), 1e7, 262144,
                   **partial(0.25))
    yield language("Phi-2", "phi PhiConfig PhiRotaryEmbedding", (32, 32, 80), 1e4, 2048, slices=True, **partial(0.4))
    yield language("Phi-4", "phi3 Phi3Config Phi3RotaryEmbedding", (40, 10, 128), 250000, 16384)
    glm = {"pairing": "interleaved", "weights": GPTJ, **partial(0.5)}
    yield language("GLM-4 9B", "glm GlmConfig GlmRotaryEmbedding", (32, 2, 128), 1e4, 131072, **glm)
    yield language("GLM-4-0414 9B", "glm4 Glm4Config Glm4RotaryEmbedding", (32, 2, 128), 1e4, 32768, **glm)
    yield language("GLM-4.5", "glm4_moe Glm4MoeConfig Glm4MoeRotaryEmbedding", (96, 8, 128), 1e6, 131072,
                   **partial(0.5))
    olmo = {"held": "f32"}
    yield language("OLMo 2 7B", "olmo2 Olmo2Config Olmo2RotaryEmbedding", (32, 32, 128), 5e5, 4096, **olmo)
    code = "olmo3 Olmo3Config Olmo3RotaryEmbedding"
    yield language("OLMo 3 7B, local layers", code, (32, 32, 128), 5e5, 65536, layer="sliding_attention", **olmo)
    yield language("OLMo 3 7B, global layers", code, (32, 32, 128), 5e5, 65536, layer="full_attention", **olmo,
                   **yarn(8, 8192, beta_fast=32.0, beta_slow=1.0, attention_factor=1.2079441541679836))
    yield language("OLMoE 1B-7B", "olmoe OlmoeConfig OlmoeRotaryEmbedding", (16, 16, 128), 1e4, 4096)
    yield language("Granite 3.3 8B", "granite GraniteConfig GraniteRotaryEmbedding", (32, 8, 128), 1e7, 131072,
                   weights=GGUF_PERMUTED)
    yield language("SmolLM3 3B", "smollm3 SmolLM3Config SmolLM3RotaryEmbedding", (16, 4, 128), 5e6, 65536,
                   weights=GGUF_PERMUTED, note="no rotation in every fourth layer")
    yield language("StableLM 3B", "stablelm StableLmConfig StableLmRotaryEmbedding", (32, 32, 80), 1e4, 4096, slices=True,
                   **partial(0.25))
    cohere = {"kind": "full_rep", "compute": "wide", "pairing": "interleaved", "weights": GPTJ}
    yield language("Command R 35B", "cohere CohereConfig CohereRotaryEmbedding", (64, 64, 128), 8e6, 131072, **cohere)
    yield language("Command R7B", "cohere2 Cohere2Config Cohere2RotaryEmbedding", (32, 8, 128), 5e4, 132096, **cohere,
                   note="local layers; the others do not rotate")
    yield language("Ernie 4.5 0.3B", "ernie4_5 Ernie4_5Config Ernie4_5RotaryEmbedding", (16, 2, 128), 5e5, 131072,
                   held="f32", compute="wide", pairing="interleaved", weights=GPTJ)
    yield language("Falcon 7B", "falcon FalconConfig FalconRotaryEmbedding", (71, 1, 64), 1e4, 2048)
    yield language("Falcon-H1 7B", "falcon_h1 FalconH1Config FalconH1RotaryEmbedding", (12, 2, 128), 1e11, 262144)
    yield language("MiniMax-M2", "minimax_m2 MiniMaxM2Config MiniMaxM2RotaryEmbedding", (48, 8, 128), 5e6, 196608,
                   **partial(0.5))
    yield language("Minitron 4B", "nemotron NemotronConfig NemotronRotaryEmbedding", (24, 8, 128), 1e4, 4096,
                   **partial(0.5))
    yield language("Persimmon 8B", "persimmon PersimmonConfig PersimmonRotaryEmbedding", (64, 64, 64), 25000, 16384,
                   slices=True, **partial(0.5))
    yield language("Bamba 9B", "bamba BambaConfig BambaRotaryEmbedding", (32, 8, 128), 1e4, 262144, **partial(0.5))
    yield language("Seed-OSS 36B", "seed_oss SeedOssConfig SeedOssRotaryEmbedding", (80, 8, 128), 1e7, 524288)
    yield language("Hunyuan A13B", "hunyuan_v1_moe HunYuanMoEV1Config HunYuanMoEV1RotaryEmbedding", (32, 8, 128), 1e4,
                   262144, {"rope_type": "dynamic", "alpha": 1000.0, "factor": 1.0}, scaling="StaticNtk{1000}")
    yield language("EXAONE 4.0 32B", "exaone4 Exaone4Config Exaone4RotaryEmbedding", (40, 8, 128), 1e6, 131072,
                   note="local layers; the others do not rotate", **llama3(16))
    yield language("StarCoder2 7B", "starcoder2 Starcoder2Config Starcoder2RotaryEmbedding", (36, 4, 128), 1e6, 16384)
    yield language("DBRX", "dbrx DbrxConfig DbrxRotaryEmbedding", (48, 8, 128), 5e5, 32768)
    yield language("RecurrentGemma 2B", "recurrent_gemma RecurrentGemmaConfig RecurrentGemmaRotaryEmbedding",
                   (10, 1, 256), 1e4, 8192, **partial(0.5))
    yield language("LFM2 1.2B", "lfm2 Lfm2Config Lfm2RotaryEmbedding", (32, 8, 64), 1e6, 128000)
    yield language("Apertus 8B", "apertus ApertusConfig ApertusRotaryEmbedding", (32, 8, 128), 12e6, 65536,
                   **llama3(8))
    yield language("Helium 1 2B", "helium HeliumConfig HeliumRotaryEmbedding", (20, 20, 128), 1e5, 4096,
                   pairing="interleaved", weights=NO_GGUF)
    yield language("EuroBERT 210M", "eurobert EuroBertConfig EuroBertRotaryEmbedding", (12, 12, 64), 250000, 8192)
    yield language("nomic-embed-text v1.5", "nomic_bert NomicBertConfig NomicBertRotaryEmbedding", (12, 12, 64), 1000, 2048)
    yield language("MiMo-V2-Flash, global layers", "mimo_v2_flash MiMoV2FlashConfig MiMoV2FlashRotaryEmbedding",
                   (64, 4, 192), 5e6, 262144, layer="full_attention", axes=(64,), **partial(0.334))
    yield language("Moshi 7B", "moshi MoshiConfig MoshiRotaryEmbedding", (32, 32, 128), 1e4, 3000)
    yield language("Mimi", "mimi MimiConfig MimiRotaryEmbedding", (8, 8, 64), 1e4, 8000)
    yield language("Moonshine base", "moonshine MoonshineConfig MoonshineRotaryEmbedding", (8, 8, 52), 1e4, 194,
                   axes=(32,), pairing="interleaved", weights=NO_GGUF, **partial(0.62))


TEXT_AND_IMAGE = [(0, 0, 0), (3, 3, 3), (4, 4, 9), (4, 17, 5), (60, 71, 90), (32767, 32767, 32767)]


def sections(name, code, shape, theta, limit, axes, terms, mrope_layout, **more):
    """M-RoPE: ids t, h, w of text (all equal) and of an image's cells."""
    rope = {"mrope_section": list(more.pop("section", axes)), **more.pop("rope", {})}
    return language(name, code, shape, theta, limit, rope, axes=axes, terms=terms, ids=TEXT_AND_IMAGE,
                    mrope_layout=mrope_layout, **more)


def multimodal():
    plain, mixed = ("contiguous_sections", "contiguous"), ("interleaved_sections", "interleaved")
    yield sections("Qwen2-VL 7B", "qwen2_vl Qwen2VLTextConfig Qwen2VLRotaryEmbedding", (28, 4, 128), 1e6, 32768,
                   (16, 24, 24), *plain)
    yield sections("Qwen2.5-VL 7B", "qwen2_5_vl Qwen2_5_VLTextConfig Qwen2_5_VLRotaryEmbedding", (28, 4, 128), 1e6,
                   128000, (16, 24, 24), *plain)
    yield sections("Qwen2.5-Omni 7B", "qwen2_5_omni Qwen2_5OmniTextConfig Qwen2_5OmniRotaryEmbedding", (28, 4, 128), 1e6,
                   32768, (16, 24, 24), *plain)
    yield sections("Qwen3-VL 8B", "qwen3_vl Qwen3VLTextConfig Qwen3VLTextRotaryEmbedding", (32, 8, 128), 5e6, 262144,
                   (24, 20, 20), *mixed)
    yield sections("Qwen3-Omni 30B", "qwen3_omni_moe Qwen3OmniMoeTextConfig Qwen3OmniMoeThinkerTextRotaryEmbedding",
                   (32, 4, 128), 1e6, 65536, (24, 20, 20), *mixed)
    yield sections("Qwen3.5 27B", "qwen3_5 Qwen3_5TextConfig Qwen3_5TextRotaryEmbedding", (24, 4, 256), 1e7, 262144,
                   (11, 11, 10), *mixed, **partial(0.25))
    yield sections("GLM-4.1V 9B", "glm4v Glm4vTextConfig Glm4vTextRotaryEmbedding", (32, 2, 128), 1e4, 65536, (8, 12, 12),
                   *plain, kind="full_rep", pairing="interleaved", weights=GPTJ, **partial(0.5))
    yield sections("GLM-4.5V", "glm4v_moe Glm4vMoeTextConfig Glm4vMoeTextRotaryEmbedding", (96, 8, 128), 1e4, 65536,
                   (8, 12, 12), *plain, **partial(0.5))
    yield sections("Ernie-4.5-VL", "ernie4_5_vl_moe Ernie4_5_VLMoeTextConfig Ernie4_5_VLMoeTextRotaryEmbedding",
                   (20, 4, 128), 5e5, 131072, (22, 22, 20), "alternating_sections", "hwt", kind="full_rep", held="f32",
                   compute="wide", pairing="interleaved", weights=GPTJ, inv_freq_order="sections")


def packed(name, module, config_class, rotary_class, shape, rotary_dim, held, limit=2048):
    """GPT-J and CodeGen: one table [sin | cos], a function of one tensor, sines before cosines."""
    turn = of(module, "apply_rotary_pos_emb")

    def table(x_type):
        made = of(module, config_class)(n_positions=limit, n_embd=shape[0] * shape[2], n_head=shape[0],
                                        rotary_dim=rotary_dim)
        ids = spread(limit, 3 if shape[2] > 192 else 5)
        sin, cos = of(module, rotary_class)(made)(torch.zeros(1, dtype=DTYPES[x_type]), torch.tensor([ids]))
        return Table({"sincos": torch.cat((sin, cos), -1)}, "packed_sin_cos", "BS", [(i,) for i in ids])

    def apply(q, k, t):
        sin, cos = t["sincos"].chunk(2, -1)
        return turn(q, sin, cos), turn(k, sin, cos)
    return Preset(name, shape, (rotary_dim,), 1e4, f"{module}.{rotary_class}, apply_rotary_pos_emb", table,
                  sliced(apply, 0, rotary_dim), "BSHD", "interleaved", held=held, weights=NO_GGUF,
                  keys={"max_position_embeddings": limit})


def towers(name, code, shape, theta, grid, *, axes=None, pairing="half", kind="full_dup", held="x", compute="wide",
           table_axes="S", layout="SHD", function="apply_rotary_pos_emb_vision", rule="cells h, w of the grid, from 0",
           terms="axis_after_axis", columns_first=False, stored_columns_first=False, scale=None, batch=False, unsqueeze=None, ids=False,
           config=None, **keys):
    """A vision encoder: a rotary module of the ids of cells, a function of q, k, cos and sin."""
    module, config_class, rotary_class = code.split()
    turn = of(module, function)

    def table(x_type):
        made = of(module, config_class)()
        values = {"hidden_size": shape[0] * shape[2], "num_attention_heads": shape[0], "head_dim": shape[2],
                  "rope_parameters": {"rope_type": "axial", "rope_theta": float(theta)}, **(config or {})}
        for key, value in values.items():
            setattr(made, key, value)
        cells = torch.tensor([(0, 0), (0, 1), (1, 0), (grid[0] // 2, 5), (grid[0] - 1, grid[1] - 1)])
        positions = cells.flip(-1) if columns_first else cells
        positions = positions * scale if scale else positions
        rotary = of(module, rotary_class)(made)
        cos, sin = rotary(torch.zeros(1, dtype=DTYPES[x_type]), positions[None] if batch else positions)
        said = positions.flip(-1) if stored_columns_first else positions
        return Table({"cos": cos, "sin": sin}, kind, table_axes, said.double().numpy(), rotary.inv_freq,
                     {"cos": cos, "sin": sin, "ids": positions[None]})

    def apply(q, k, t):
        if ids:
            return turn(q, t["cos"], t["sin"], t["ids"]), turn(k, t["cos"], t["sin"], t["ids"])
        return turn(q, k, t["cos"], t["sin"], **({"unsqueeze_dim": unsqueeze} if unsqueeze is not None else {}))
    keys = {"grid": "x".join(map(str, grid)), **keys}
    return Preset(name, shape, axes or (shape[2] // 2,) * 2, theta, f"{module}.{rotary_class}, {function}", table, apply,
                  layout, pairing, terms=terms, held=held, compute=compute, positions=rule,
                  weights="as Hugging Face has them", keys=keys)


def dinov3():
    shape = (16, 16, 64)

    def table(x_type):
        config = of("dinov3_vit", "DINOv3ViTConfig")(hidden_size=1024, num_attention_heads=16, rope_theta=100.0)
        rotary = of("dinov3_vit", "DINOv3ViTRopePositionEmbedding")(config).eval()
        cos, sin = rotary(torch.empty(1, 3, 14 * 16, 21 * 16, dtype=DTYPES[x_type]))
        coords = of("dinov3_vit", "get_patches_center_coordinates")(14, 21, torch.float32, torch.device("cpu"))
        some = torch.tensor([0, 1, 21, 150, 292, 293])
        return Table({"cos": cos[some], "sin": sin[some]}, "full_dup", "S",
                     (2 * math.pi * coords[some]).double().numpy(), rotary.inv_freq, extra={"centres": coords[some]})

    turn = of("dinov3_vit", "apply_rotary_pos_emb")
    return Preset("DINOv3 L", shape, (32, 32), 100.0, "dinov3_vit.DINOv3ViTRopePositionEmbedding, apply_rotary_pos_emb",
                  table, lambda q, k, t: turn(q, k, t["cos"], t["sin"]), held="x",
                  positions="2 pi * (2 * (i + .5) / n - 1), each step in float; class and register tokens stay",
                  weights="as Hugging Face has them", keys={"grid": "14x21"})


def llama4_vision():
    shape = (16, 16, 88)

    def table(_):
        config = of("llama4", "Llama4VisionConfig")(image_size=336, patch_size=14, hidden_size=1408,
                                                    num_attention_heads=16,
                                                    rope_parameters={"rope_type": "default", "rope_theta": 10000.0})
        freqs = of("llama4", "Llama4VisionRotaryEmbedding")(config)(torch.empty(1))
        some = [0, 1, 24, 300, 575, 576]
        where = [(0, 0) if i == 576 else (i % 24 + 1, i // 24 + 1) for i in some]
        return Table({"freqs": freqs[some]}, "complex", "SH", where)

    turn = of("llama4", "vision_apply_rotary_emb")
    return Preset("Llama 4 vision", shape, (44, 44), 1e4,
                  "llama4.Llama4VisionRotaryEmbedding, vision_apply_rotary_emb", table,
                  lambda q, k, t: turn(q, k, t["freqs"]), "BSHD", "interleaved", held="f32", compute="wide",
                  positions="column + 1, row + 1; the class token, last, at 0, 0", weights=NO_GGUF,
                  keys={"grid": "24x24"})


def eva02():
    from timm.layers.pos_embed_sincos import RotaryEmbeddingCat, apply_rot_embed_cat

    def table(_):
        rope = RotaryEmbeddingCat(64, in_pixels=False, feat_shape=[24, 32], ref_feat_shape=[16, 16])
        some = torch.tensor([0, 1, 32, 400, 766, 767])
        where = torch.cartesian_prod(torch.arange(24.0) / 24 * 16, torch.arange(32.0) / 32 * 16)[some]
        return Table({"freqs": rope.get_embed()[some]}, "packed_sin_cos_full_rep", "S", where.double().numpy())
    return Preset("EVA-02 L", (16, 16, 64), (32, 32), 1e4, "pos_embed_sincos.RotaryEmbeddingCat, apply_rot_embed_cat",
                  table, lambda q, k, t: tuple(apply_rot_embed_cat(x, t["freqs"]) for x in (q, k)), "BHSD",
                  "interleaved", held="f32", positions="i / n * 16 on both axes; the class token stays",
                  weights="as timm has them", keys={"grid": "24x32"}, library=f"timm {version('timm')}")


def vision():
    for name, code, shape in (
            ("Qwen2-VL vision", "qwen2_vl Qwen2VLVisionConfig Qwen2VLVisionRotaryEmbedding", (16, 16, 80)),
            ("Qwen3-VL vision", "qwen3_vl Qwen3VLVisionConfig Qwen3VLVisionRotaryEmbedding", (16, 16, 72)),
            ("GLM-4.1V vision", "glm4v Glm4vVisionConfig Glm4vVisionRotaryEmbedding", (12, 12, 128))):
        yield towers(name, code, shape, 1e4, (36, 54), held="f32")
    yield towers("Kimi-VL vision", "kimi_k25 Kimi_K25VisionConfig Kimi_K25VisionRotaryEmbedding", (16, 16, 72), 1e4,
                 (36, 54), held="f32", stored_columns_first=True, terms="alternating", rule="column, row, from 0",
                 note="the original weights are interleaved")
    yield towers("Pixtral vision", "pixtral PixtralVisionConfig PixtralVisionRotaryEmbedding", (16, 16, 64), 1e4, (48, 64),
                 compute="promoted", layout="BHSD", function="apply_rotary_pos_emb", unsqueeze=0,
                 terms="axis_after_axis; of one list of theta^(-2i/head_dim), h has the even, w the odd")
    yield towers("SAM 3 vision", "sam3 Sam3ViTConfig Sam3ViTRotaryEmbedding", (16, 16, 64), 1e4, (72, 72),
                 pairing="interleaved", kind="full_rep", held="f32", table_axes="HS", layout="BHSD", scale=24 / 72,
                 function="apply_rotary_pos_emb_2d", columns_first=True,
                 rule="column, row; times 24 / 72 in global layers, from 0 in windows of 24")
    yield towers("SAM 2 memory attention", "sam2_video Sam2VideoConfig Sam2VideoVisionRotaryEmbedding", (1, 1, 256), 1e4,
                 (64, 64), pairing="interleaved", kind="full_rep", held="f32", table_axes="HS", layout="BHSD",
                 function="apply_rotary_pos_emb_2d", columns_first=True, rule="column, row, from 0",
                 config={"memory_attention_hidden_size": 256, "memory_attention_downsample_rate": 1,
                         "memory_attention_num_attention_heads": 1})
    yield towers("Gemma 4 vision", "gemma4 Gemma4VisionConfig Gemma4VisionRotaryEmbedding", (12, 12, 64), 100, (36, 54),
                 pairing="block_half", kind="block_full_dup", compute="promoted", table_axes="BS", layout="BSHD",
                 function="apply_multidimensional_rope", batch=True, ids=True, columns_first=True,
                 rule="column, row, from 0")
    yield llama4_vision()
    yield dinov3()
    yield eva02()


def presets():
    yield from decoders()
    yield packed("GPT-J 6B", "gptj", "GPTJConfig", "GPTJRotaryEmbedding", (16, 16, 256), 64, "x")
    yield packed("CodeGen 2B", "codegen", "CodeGenConfig", "CodeGenRotaryEmbedding", (32, 32, 80), 64, "f32")
    yield from more_decoders()
    yield language("ESM-2 650M", "esm EsmConfig EsmRotaryEmbedding", (20, 20, 64), 1e4, 1026, compute="wide",
                   config={"rope_theta": 10000.0})
    yield language("DeepSeek-V4, plain layers", "deepseek_v4 DeepseekV4Config DeepseekV4RotaryEmbedding", (64, 1, 512),
                   1e4, 1048576, layer="main", axes=(64,), offset=448, kind="half", compute="wide",
                   pairing="interleaved", one=True, weights=GPTJ, **partial(0.125))
    yield from multimodal()
    yield from vision()
