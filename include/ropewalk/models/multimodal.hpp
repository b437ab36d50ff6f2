// Presets of models of text, images and video by M-RoPE; axes t, h, w in sections.
#ifndef ROPEWALK_MODELS_MULTIMODAL_HPP
#define ROPEWALK_MODELS_MULTIMODAL_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/models/transformers.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of multimodal models.
inline constexpr Model multimodal_models[] = {
    detail::transformers_model("Qwen2-VL 7B", {28, 4, 128}, 1e6,
                               "transformers 5.24.0 qwen2_vl.Qwen2VLRotaryEmbedding")
        .with_axes(16, 24, 24)
        .with_terms(TermRule::contiguous_sections),
    detail::transformers_model("Qwen2.5-VL 7B", {28, 4, 128}, 1e6,
                               "transformers 5.24.0 qwen2_5_vl.Qwen2_5_VLRotaryEmbedding")
        .with_axes(16, 24, 24)
        .with_terms(TermRule::contiguous_sections),
    detail::transformers_model("Qwen2.5-Omni 7B", {28, 4, 128}, 1e6,
                               "transformers 5.24.0 qwen2_5_omni.Qwen2_5OmniRotaryEmbedding")
        .with_axes(16, 24, 24)
        .with_terms(TermRule::contiguous_sections),
    detail::transformers_model("Qwen3-VL 8B", {32, 8, 128}, 5e6,
                               "transformers 5.24.0 qwen3_vl.Qwen3VLTextRotaryEmbedding")
        .with_axes(24, 20, 20)
        .with_terms(TermRule::interleaved_sections)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    detail::transformers_model(
        "Qwen3-Omni 30B", {32, 4, 128}, 1e6,
        "transformers 5.24.0 qwen3_omni_moe.Qwen3OmniMoeThinkerTextRotaryEmbedding")
        .with_axes(24, 20, 20)
        .with_terms(TermRule::interleaved_sections)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    detail::transformers_model("Qwen3.5 27B", {24, 4, 256}, 1e7,
                               "transformers 5.24.0 qwen3_5.Qwen3_5TextRotaryEmbedding")
        .with_axes(11, 11, 10)
        .with_terms(TermRule::interleaved_sections)
        .with_norm({NormFinish::one_plus_weight, NormOver::head, 1e-6}),
    detail::transformers_model("PaddleOCR-VL", {16, 2, 128}, 5e5,
                               "transformers 5.24.0 paddleocr_vl.PaddleOCRRotaryEmbedding")
        .with_axes(16, 24, 24)
        .with_terms(TermRule::contiguous_sections),
    detail::transformers_model("GLM-4.1V 9B", {32, 2, 128}, 1e4,
                               "transformers 5.24.0 glm4v.Glm4vTextRotaryEmbedding")
        .with_axes(8, 12, 12)
        .with_pairing(Pairing::interleaved)
        .with_terms(TermRule::contiguous_sections),
    detail::transformers_model("GLM-4.5V", {96, 8, 128}, 1e4,
                               "transformers 5.24.0 glm4v_moe.Glm4vMoeTextRotaryEmbedding")
        .with_axes(8, 12, 12)
        .with_terms(TermRule::contiguous_sections),
    Model("Ernie-4.5-VL", {20, 4, 128})
        .with_source("transformers 5.24.0 ernie4_5_vl_moe.Ernie4_5_VLMoeTextRotaryEmbedding")
        .with_axes(22, 22, 20)
        .with_theta(5e5)
        .with_terms(TermRule::alternating_sections)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_MULTIMODAL_HPP
