// Presets of video models; axes t, h, w.
#ifndef ROPEWALK_MODELS_VIDEO_HPP
#define ROPEWALK_MODELS_VIDEO_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of video models.
inline constexpr Model video_models[] = {
    Model("Helios", {40, 40, 128})
        .with_source("diffusers 0.42.1 transformer_helios.HeliosRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("Wan2.1 14B", {40, 40, 128})
        .with_source("diffusers 0.42.1 transformer_wan.WanRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("Wan2.1 1.3B", {12, 12, 128})
        .with_source("diffusers 0.42.1 transformer_wan.WanRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("Wan2.2 A14B", {40, 40, 128})
        .with_source("diffusers 0.42.1 transformer_wan.WanRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("Wan2.2 5B", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_wan.WanRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("SkyReels-V2 14B", {40, 40, 128})
        .with_source("diffusers 0.42.1 transformer_skyreels_v2.SkyReelsV2RotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("SANA-Video", {20, 20, 112})
        .with_source("diffusers 0.42.1 transformer_sana_video.WanRotaryPosEmbed")
        .with_axes(40, 36, 36)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_pairing(Pairing::interleaved),
    Model("HunyuanVideo", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_hunyuan_video.HunyuanVideoRotaryPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(256)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("HunyuanVideo-1.5", {16, 16, 128})
        .with_source("diffusers 0.42.1 transformer_hunyuan_video15.HunyuanVideo15RotaryPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(256)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("HunyuanVideo-FramePack", {24, 24, 128})
        .with_source("diffusers 0.42.1 "
                     "transformer_hunyuan_video_framepack.HunyuanVideoFramepackRotaryPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(256)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("LTX 2B", {32, 32, 64})
        .with_source("diffusers 0.42.1 transformer_ltx.LTXVideoRotaryPosEmbed")
        .with_axes(682, 682, 682)
        .with_theta(1e4)
        .with_increasing_frequencies()
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::fractions)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-5}),
    Model("LTX 13B", {32, 32, 128})
        .with_source("diffusers 0.42.1 transformer_ltx.LTXVideoRotaryPosEmbed")
        .with_axes(1364, 1364, 1364)
        .with_theta(1e4)
        .with_increasing_frequencies()
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::fractions)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-5}),
    Model("LTX-2", {32, 32, 128})
        .with_source("diffusers 0.42.1 transformer_ltx2.LTX2AudioVideoRotaryPosEmbed (split)")
        .with_axes(1364, 1364, 1364)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_increasing_frequencies()
        .with_double_powers()
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::fractions)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("LTX-2 audio", {32, 32, 64})
        .with_source("diffusers 0.42.1 transformer_ltx2.LTX2AudioVideoRotaryPosEmbed (split)")
        .with_axes(2048)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_increasing_frequencies()
        .with_double_powers()
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::fractions)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-6}),
    Model("CogVideoX 5B", {48, 48, 64})
        .with_source("diffusers 0.42.1 embeddings.get_3d_rotary_pos_embed")
        .with_axes(16, 24, 24)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("CogVideoX 1.5 5B", {48, 48, 64})
        .with_source("diffusers 0.42.1 embeddings.get_3d_rotary_pos_embed")
        .with_axes(16, 24, 24)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    Model("ConsisID", {48, 48, 64})
        .with_source("diffusers 0.42.1 embeddings.get_3d_rotary_pos_embed")
        .with_axes(16, 24, 24)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("EasyAnimate 5.1", {48, 48, 64})
        .with_source("diffusers 0.42.1 embeddings.get_3d_rotary_pos_embed")
        .with_axes(16, 24, 24)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("Cosmos3", {32, 8, 128})
        .with_source("diffusers 0.42.1 transformer_cosmos3.Cosmos3VLTextRotaryEmbedding")
        .with_axes(24, 20, 20)
        .with_theta(5e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::interleaved_sections)
        .with_table_type(Model::TableType::like_x)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("AnyFlow 14B", {40, 40, 128})
        .with_source("diffusers 0.42.1 transformer_anyflow.AnyFlowRotaryPosEmbed")
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_table_type(Model::TableType::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::token, 1e-6}),
    Model("MiniMax-H3", {56, 56, 128})
        .with_source("diffusers 0.42.1 transformer_minimax_h3.MiniMaxH3RotaryPosEmbed")
        .with_axes(32, 32, 32)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_table_type(Model::TableType::like_x)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-5}),
    Model("Motif-Video", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_motif_video.MotifVideoRotaryPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(256)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_VIDEO_HPP
