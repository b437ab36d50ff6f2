// Presets of vision towers; axes h, w.
#ifndef ROPEWALK_MODELS_VISION_HPP
#define ROPEWALK_MODELS_VISION_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of vision models.
inline constexpr Model vision_models[] = {
    Model("Qwen2-VL vision", {16, 16, 80})
        .with_source("transformers 5.24.0 qwen2_vl.Qwen2VLVisionRotaryEmbedding")
        .with_axes(40, 40)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller),
    Model("Qwen3-VL vision", {16, 16, 72})
        .with_source("transformers 5.24.0 qwen3_vl.Qwen3VLVisionRotaryEmbedding")
        .with_axes(36, 36)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller),
    Model("GLM-4.1V vision", {12, 12, 128})
        .with_source("transformers 5.24.0 glm4v.Glm4vVisionRotaryEmbedding")
        .with_axes(64, 64)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller),
    Model("Kimi-VL vision", {16, 16, 72})
        .with_source("transformers 5.24.0 kimi_k25.Kimi_K25VisionRotaryEmbedding")
        .with_axes(36, 36)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::alternating)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller),
    Model("SAM 3 vision", {16, 16, 64})
        .with_source("transformers 5.24.0 sam3.Sam3ViTRotaryEmbedding")
        .with_axes(32, 32)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("SAM 2 memory attention", {1, 1, 256})
        .with_source("transformers 5.24.0 sam2_video.Sam2VideoVisionRotaryEmbedding")
        .with_axes(128, 128)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("Llama 4 vision", {16, 16, 88})
        .with_source("transformers 5.24.0 llama4.Llama4VisionRotaryEmbedding")
        .with_axes(44, 44)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("DINOv3 L", {16, 16, 64})
        .with_source("transformers 5.24.0 dinov3_vit.DINOv3ViTRopePositionEmbedding")
        .with_axes(32, 32)
        .with_theta(100)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x)
        .with_cells(Model::Cells::centres_in_turn),
    Model("EVA-02 L", {16, 16, 64})
        .with_source("timm 1.0.31 pos_embed_sincos.RotaryEmbeddingCat")
        .with_axes(32, 32)
        .with_theta(1e4)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_VISION_HPP
