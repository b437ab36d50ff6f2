// Presets of audio models; one axis.
#ifndef ROPEWALK_MODELS_AUDIO_HPP
#define ROPEWALK_MODELS_AUDIO_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of audio models.
inline constexpr Model audio_models[] = {
    Model("Stable Audio", {24, 24, 64})
        .with_source("diffusers 0.42.1 embeddings.get_1d_rotary_pos_embed")
        .with_axes(32)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide),
    Model("Stable Audio 3", {24, 24, 64})
        .with_source("diffusers 0.42.1 transformer_stable_audio3.StableAudio3RotaryEmbedding")
        .with_axes(32)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6, NormOrder::cuda_reduce}),
    Model("ACE-Step", {16, 8, 128})
        .with_source("diffusers 0.42.1 ace_step_transformer._ace_step_rotary_freqs")
        .with_axes(128)
        .with_theta(1e6)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x)
        .with_compute(Compute::wide)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("LongCat-AudioDiT", {24, 24, 64})
        .with_source("diffusers 0.42.1 transformer_longcat_audio_dit.AudioDiTRotaryEmbedding")
        .with_axes(64)
        .with_theta(1e5)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x)
        .with_compute(Compute::wide)
        .with_norm({NormFinish::round_then_weight, NormOver::token, 1e-6}),
    Model("MiniMax-Music 3", {32, 32, 64})
        .with_source("diffusers 0.42.1 transformer_minimax_music3.MiniMaxMusic3RotaryEmbedding")
        .with_axes(32)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x),
    Model("Moshi 7B", {32, 32, 128})
        .with_source("transformers 5.24.0 moshi.MoshiRotaryEmbedding")
        .with_axes(128)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x),
    Model("Mimi", {8, 8, 64})
        .with_source("transformers 5.24.0 mimi.MimiRotaryEmbedding")
        .with_axes(64)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x),
    Model("Moonshine base", {8, 8, 52})
        .with_source("transformers 5.24.0 moonshine.MoonshineRotaryEmbedding")
        .with_axes(32)
        .with_theta(1e4)
        .with_table_type(Model::TableType::like_x)
        .with_pairing(Pairing::interleaved),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_AUDIO_HPP
