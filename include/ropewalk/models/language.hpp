// Presets of language models; one axis.
#ifndef ROPEWALK_MODELS_LANGUAGE_HPP
#define ROPEWALK_MODELS_LANGUAGE_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/models/transformers.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of language models.
inline constexpr Model language_models[] = {
    detail::transformers_model("Llama 2 7B", {32, 32, 128}, 1e4,
                               "transformers 5.24.0 llama.LlamaRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("Llama 3 8B", {32, 8, 128}, 5e5,
                               "transformers 5.24.0 llama.LlamaRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("Llama 3.1 8B", {32, 8, 128}, 5e5,
                               "transformers 5.24.0 llama.LlamaRotaryEmbedding")
        .with_weights_in_two_orders()
        .with_scaling(Llama3{8, 1, 4, 8192}),
    detail::transformers_model("Llama 3.2 1B", {32, 8, 64}, 5e5,
                               "transformers 5.24.0 llama.LlamaRotaryEmbedding")
        .with_weights_in_two_orders()
        .with_scaling(Llama3{32, 1, 4, 8192}),
    detail::transformers_model("Mistral 7B", {32, 8, 128}, 1e4,
                               "transformers 5.24.0 mistral.MistralRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("Qwen2 7B", {28, 4, 128}, 1e6,
                               "transformers 5.24.0 qwen2.Qwen2RotaryEmbedding"),
    detail::transformers_model("Qwen3 8B", {32, 8, 128}, 1e6,
                               "transformers 5.24.0 qwen3.Qwen3RotaryEmbedding")
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    detail::transformers_model("Qwen3 8B, YaRN 4x", {32, 8, 128}, 1e6,
                               "transformers 5.24.0 qwen3.Qwen3RotaryEmbedding")
        .with_scaling(Yarn{4, 32768})
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    detail::transformers_model("gpt-oss", {64, 8, 64}, 1.5e5,
                               "transformers 5.24.0 gpt_oss.GptOssRotaryEmbedding")
        .with_scaling(Yarn{32, 4096}.without_truncation()),
    detail::transformers_model("GPT-NeoX 20B", {64, 64, 96}, 1e4,
                               "transformers 5.24.0 gpt_neox.GPTNeoXRotaryEmbedding")
        .with_axes(24),
    detail::transformers_model("Phi-3 mini 4k", {32, 32, 96}, 1e4,
                               "transformers 5.24.0 phi3.Phi3RotaryEmbedding"),
    detail::transformers_model("Gemma 2 2B", {8, 4, 256}, 1e4,
                               "transformers 5.24.0 gemma2.Gemma2RotaryEmbedding"),
    detail::transformers_model("Gemma 7B", {16, 16, 256}, 1e4,
                               "transformers 5.24.0 gemma.GemmaRotaryEmbedding"),
    detail::transformers_model(
        "Gemma 3 4B, local layers", {8, 4, 256}, 1e4,
        "transformers 5.24.0 gemma3.Gemma3RotaryEmbedding (sliding_attention)")
        .with_norm({NormFinish::one_plus_weight, NormOver::head, 1e-6}),
    detail::transformers_model("Gemma 3 4B, global layers", {8, 4, 256}, 1e6,
                               "transformers 5.24.0 gemma3.Gemma3RotaryEmbedding (full_attention)")
        .with_scaling(Linear{8})
        .with_norm({NormFinish::one_plus_weight, NormOver::head, 1e-6}),
    detail::transformers_model(
        "Gemma 3n E4B, global layers", {8, 2, 256}, 1e6,
        "transformers 5.24.0 gemma3n.Gemma3nRotaryEmbedding (full_attention)")
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6, NormOrder::cuda_reduce}),
    detail::transformers_model(
        "Gemma 4 26B-A4B, local layers", {16, 8, 256}, 1e4,
        "transformers 5.24.0 gemma4.Gemma4TextRotaryEmbedding (sliding_attention)")
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6, NormOrder::cuda_reduce}),
    detail::transformers_model(
        "Gemma 4 26B-A4B, global layers", {16, 2, 512}, 1e6,
        "transformers 5.24.0 gemma4.Gemma4TextRotaryEmbedding (full_attention)")
        .with_scaling(Proportional{0.25})
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6, NormOrder::cuda_reduce}),
    Model("DeepSeek-V2", {128, 1, 192, 128})
        .with_source("transformers 5.24.0 deepseek_v2.DeepseekV2RotaryEmbedding")
        .with_axes(64)
        .with_theta(1e4)
        .with_scaling(Yarn{40, 4096}.with_mscales(0.707, 0.707))
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("DeepSeek-V3", {128, 1, 192, 128}, 1e4,
                               "transformers 5.24.0 deepseek_v3.DeepseekV3RotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved_to_half)
        .with_scaling(Yarn{40, 4096}.with_mscales(1, 1)),
    detail::transformers_model("Kimi K2", {64, 1, 192, 128}, 5e4,
                               "transformers 5.24.0 deepseek_v3.DeepseekV3RotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved_to_half)
        .with_scaling(Yarn{32, 4096, true, 1, 1}.with_mscales(1, 1)),
    detail::transformers_model("LongCat-Flash", {64, 1, 192, 128}, 1e7,
                               "transformers 5.24.0 longcat_flash.LongcatFlashRotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved_to_half),
    detail::transformers_model(
        "ModernBERT base, local layers", {12, 12, 64}, 1e4,
        "transformers 5.24.0 modernbert.ModernBertRotaryEmbedding (sliding_attention)")
        .with_compute(Compute::wide),
    detail::transformers_model(
        "ModernBERT base, global layers", {12, 12, 64}, 1.6e5,
        "transformers 5.24.0 modernbert.ModernBertRotaryEmbedding (full_attention)")
        .with_compute(Compute::wide),
    detail::transformers_model("GPT-J 6B", {16, 16, 256}, 1e4,
                               "transformers 5.24.0 gptj.GPTJRotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved),
    Model("CodeGen 2B", {32, 32, 80})
        .with_source("transformers 5.24.0 codegen.CodeGenRotaryEmbedding")
        .with_axes(64)
        .with_theta(1e4)
        .with_pairing(Pairing::interleaved),
    Model("Llama 4 Maverick", {40, 8, 128})
        .with_source("transformers 5.24.0 llama4.Llama4TextRotaryEmbedding")
        .with_axes(128)
        .with_theta(5e5)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    Model("Llama 4 Scout", {40, 8, 128})
        .with_source("transformers 5.24.0 llama4.Llama4TextRotaryEmbedding")
        .with_axes(128)
        .with_theta(5e5)
        .with_scaling(Llama3{16, 1, 1, 8192})
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("Mistral Small 3 24B", {32, 8, 128}, 1e8,
                               "transformers 5.24.0 mistral.MistralRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("SmolLM2 1.7B", {32, 32, 64}, 1.3e5,
                               "transformers 5.24.0 llama.LlamaRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("Mixtral 8x7B", {32, 8, 128}, 1e6,
                               "transformers 5.24.0 mixtral.MixtralRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("Ministral 3 8B", {32, 8, 128}, 1e6,
                               "transformers 5.24.0 ministral3.Ministral3RotaryEmbedding")
        .with_weights_in_two_orders()
        .with_scaling(Yarn{16, 16384}.with_mscales(1, 1)),
    detail::transformers_model("Qwen3-Next 80B", {16, 2, 256}, 1e7,
                               "transformers 5.24.0 qwen3_next.Qwen3NextRotaryEmbedding")
        .with_axes(64)
        .with_norm({NormFinish::one_plus_weight, NormOver::head, 1e-6}),
    detail::transformers_model("Phi-2", {32, 32, 80}, 1e4,
                               "transformers 5.24.0 phi.PhiRotaryEmbedding")
        .with_axes(32),
    detail::transformers_model("Phi-4", {40, 10, 128}, 2.5e5,
                               "transformers 5.24.0 phi3.Phi3RotaryEmbedding"),
    detail::transformers_model("GLM-4 9B", {32, 2, 128}, 1e4,
                               "transformers 5.24.0 glm.GlmRotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("GLM-4-0414 9B", {32, 2, 128}, 1e4,
                               "transformers 5.24.0 glm4.Glm4RotaryEmbedding")
        .with_axes(64)
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("GLM-4.5", {96, 8, 128}, 1e6,
                               "transformers 5.24.0 glm4_moe.Glm4MoeRotaryEmbedding")
        .with_axes(64)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    Model("OLMo 2 7B", {32, 32, 128})
        .with_source("transformers 5.24.0 olmo2.Olmo2RotaryEmbedding")
        .with_axes(128)
        .with_theta(5e5)
        .with_pairing(Pairing::half)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6, NormOrder::cuda_reduce}),
    Model("OLMo 3 7B, local layers", {32, 32, 128})
        .with_source("transformers 5.24.0 olmo3.Olmo3RotaryEmbedding (sliding_attention)")
        .with_axes(128)
        .with_theta(5e5)
        .with_pairing(Pairing::half)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6, NormOrder::cuda_reduce}),
    Model("OLMo 3 7B, global layers", {32, 32, 128})
        .with_source("transformers 5.24.0 olmo3.Olmo3RotaryEmbedding (full_attention)")
        .with_axes(128)
        .with_theta(5e5)
        .with_pairing(Pairing::half)
        .with_scaling(Yarn{8, 8192})
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6, NormOrder::cuda_reduce}),
    detail::transformers_model("OLMoE 1B-7B", {16, 16, 128}, 1e4,
                               "transformers 5.24.0 olmoe.OlmoeRotaryEmbedding")
        .with_norm({NormFinish::round_then_weight, NormOver::token, 1e-5}),
    detail::transformers_model("Granite 3.3 8B", {32, 8, 128}, 1e7,
                               "transformers 5.24.0 granite.GraniteRotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("SmolLM3 3B", {16, 4, 128}, 5e6,
                               "transformers 5.24.0 smollm3.SmolLM3RotaryEmbedding")
        .with_weights_in_two_orders(),
    detail::transformers_model("StableLM 3B", {32, 32, 80}, 1e4,
                               "transformers 5.24.0 stablelm.StableLmRotaryEmbedding")
        .with_axes(20),
    detail::transformers_model("Command R 35B", {64, 64, 128}, 8e6,
                               "transformers 5.24.0 cohere.CohereRotaryEmbedding")
        .with_pairing(Pairing::interleaved)
        .with_compute(Compute::wide),
    detail::transformers_model("Command R7B", {32, 8, 128}, 5e4,
                               "transformers 5.24.0 cohere2.Cohere2RotaryEmbedding")
        .with_pairing(Pairing::interleaved)
        .with_compute(Compute::wide),
    Model("Ernie 4.5 0.3B", {16, 2, 128})
        .with_source("transformers 5.24.0 ernie4_5.Ernie4_5RotaryEmbedding")
        .with_axes(128)
        .with_theta(5e5)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("Falcon 7B", {71, 1, 64}, 1e4,
                               "transformers 5.24.0 falcon.FalconRotaryEmbedding"),
    detail::transformers_model("Falcon-H1 7B", {12, 2, 128}, 1e11,
                               "transformers 5.24.0 falcon_h1.FalconH1RotaryEmbedding"),
    detail::transformers_model("MiniMax-M2", {48, 8, 128}, 5e6,
                               "transformers 5.24.0 minimax_m2.MiniMaxM2RotaryEmbedding")
        .with_axes(64)
        .with_norm({NormFinish::round_then_weight, NormOver::token, 1e-6}),
    detail::transformers_model("Minitron 4B", {24, 8, 128}, 1e4,
                               "transformers 5.24.0 nemotron.NemotronRotaryEmbedding")
        .with_axes(64),
    detail::transformers_model("Persimmon 8B", {64, 64, 64}, 2.5e4,
                               "transformers 5.24.0 persimmon.PersimmonRotaryEmbedding")
        .with_axes(32),
    detail::transformers_model("Bamba 9B", {32, 8, 128}, 1e4,
                               "transformers 5.24.0 bamba.BambaRotaryEmbedding")
        .with_axes(64),
    detail::transformers_model("Seed-OSS 36B", {80, 8, 128}, 1e7,
                               "transformers 5.24.0 seed_oss.SeedOssRotaryEmbedding"),
    detail::transformers_model("Hunyuan A13B", {32, 8, 128}, 1e4,
                               "transformers 5.24.0 hunyuan_v1_moe.HunYuanMoEV1RotaryEmbedding")
        .with_scaling(StaticNtk{1000}),
    detail::transformers_model("EXAONE 4.0 32B", {40, 8, 128}, 1e6,
                               "transformers 5.24.0 exaone4.Exaone4RotaryEmbedding")
        .with_scaling(Llama3{16, 1, 4, 8192})
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    detail::transformers_model("StarCoder2 7B", {36, 4, 128}, 1e6,
                               "transformers 5.24.0 starcoder2.Starcoder2RotaryEmbedding"),
    detail::transformers_model("DBRX", {48, 8, 128}, 5e5,
                               "transformers 5.24.0 dbrx.DbrxRotaryEmbedding"),
    detail::transformers_model("RecurrentGemma 2B", {10, 1, 256}, 1e4,
                               "transformers 5.24.0 recurrent_gemma.RecurrentGemmaRotaryEmbedding")
        .with_axes(128),
    detail::transformers_model("LFM2 1.2B", {32, 8, 64}, 1e6,
                               "transformers 5.24.0 lfm2.Lfm2RotaryEmbedding")
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    detail::transformers_model("Apertus 8B", {32, 8, 128}, 1.2e7,
                               "transformers 5.24.0 apertus.ApertusRotaryEmbedding")
        .with_scaling(Llama3{8, 1, 4, 8192})
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    detail::transformers_model("Helium 1 2B", {20, 20, 128}, 1e5,
                               "transformers 5.24.0 helium.HeliumRotaryEmbedding")
        .with_pairing(Pairing::interleaved),
    detail::transformers_model("EuroBERT 210M", {12, 12, 64}, 2.5e5,
                               "transformers 5.24.0 eurobert.EuroBertRotaryEmbedding"),
    detail::transformers_model("nomic-embed-text v1.5", {12, 12, 64}, 1e3,
                               "transformers 5.24.0 nomic_bert.NomicBertRotaryEmbedding"),
    detail::transformers_model(
        "MiMo-V2-Flash, global layers", {64, 4, 192}, 5e6,
        "transformers 5.24.0 mimo_v2_flash.MiMoV2FlashRotaryEmbedding (full_attention)")
        .with_axes(64),
    detail::transformers_model("ESM-2 650M", {20, 20, 64}, 1e4,
                               "transformers 5.24.0 esm.EsmRotaryEmbedding")
        .with_compute(Compute::wide),
    detail::transformers_model("DeepSeek-V4, plain layers", {64, 1, 512, 448}, 1e4,
                               "transformers 5.24.0 deepseek_v4.DeepseekV4RotaryEmbedding (main)")
        .with_axes(64)
        .with_pairing(Pairing::interleaved)
        .with_compute(Compute::wide),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_LANGUAGE_HPP
