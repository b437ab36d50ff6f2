// Presets of image models; axes as each names them.
#ifndef ROPEWALK_MODELS_IMAGE_HPP
#define ROPEWALK_MODELS_IMAGE_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets of image models.
inline constexpr Model image_models[] = {
    Model("Flux.1", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_flux.FluxPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Flux.2", {48, 48, 128})
        .with_source("diffusers 0.42.1 transformer_flux2.Flux2PosEmbed")
        .with_axes(32, 32, 32, 32)
        .with_theta(2e3)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Krea-2", {48, 12, 128})
        .with_source("diffusers 0.42.1 transformer_krea2.Krea2RotaryPosEmbed")
        .with_axes(32, 48, 48)
        .with_theta(1e3)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_plus_weight, NormOver::head, 1e-5, NormOrder::cuda_fused}),
    Model("Chroma", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_chroma.FluxPosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Bria 3.2", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_bria.BriaEmbedND")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("FIBO", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_bria_fibo.BriaFiboEmbedND")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("LongCat-Image", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_longcat_image.LongCatImagePosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Ovis-Image", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_ovis_image.OvisImagePosEmbed")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Qwen-Image", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_qwenimage.QwenEmbedRope")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::centred_planes)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("Qwen-Image-2.1", {32, 32, 128})
        .with_source("diffusers 0.42.1 transformer_qwenimage21.QwenImage21Rope")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("NucleusMoE-Image", {16, 16, 128})
        .with_source("diffusers 0.42.1 transformer_nucleusmoe_image.NucleusMoEEmbedRope")
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::centred_planes)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("Z-Image", {30, 30, 128})
        .with_source("diffusers 0.42.1 transformer_z_image.RopeEmbedder")
        .with_axes(32, 48, 48)
        .with_theta(256)
        .with_steps(AngleSteps::f32_angles)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    Model("FIBO 2", {28, 28, 128})
        .with_source("diffusers 0.42.1 transformer_bria_fibo2.RopeEmbedder")
        .with_axes(32, 48, 48)
        .with_theta(256)
        .with_steps(AngleSteps::f32_angles)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    Model("Flux.3", {24, 24, 128})
        .with_source("diffusers 0.42.1 transformer_flux3.Flux3PosEmbed")
        .with_axes(32, 32, 32, 32)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    Model("Lumina2", {24, 8, 96})
        .with_source("diffusers 0.42.1 transformer_lumina2.Lumina2RotaryPosEmbed")
        .with_axes(32, 32, 32)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_table_type(Model::TableType::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    Model("OmniGen2", {21, 7, 120})
        .with_source("diffusers 0.42.1 transformer_lumina2.Lumina2RotaryPosEmbed")
        .with_axes(40, 40, 40)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_table_type(Model::TableType::f64)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
    Model("Lumina-Next", {32, 8, 72})
        .with_source("diffusers 0.42.1 embeddings.get_2d_rotary_pos_embed_lumina")
        .with_axes(36, 36)
        .with_theta(1e4)
        .with_terms(TermRule::alternating)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved),
    Model("HunyuanImage-2.1", {28, 28, 128})
        .with_source("diffusers 0.42.1 transformer_hunyuanimage.HunyuanImageRotaryPosEmbed")
        .with_axes(64, 64)
        .with_theta(256)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("CogView4", {32, 32, 128})
        .with_source("diffusers 0.42.1 transformer_cogview4.CogView4RotaryPosEmbed")
        .with_axes(64, 64)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller),
    Model("GLM-Image", {32, 32, 128})
        .with_source("diffusers 0.42.1 transformer_glm_image.GlmImageRotaryPosEmbed")
        .with_axes(64, 64)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_compute(Compute::wide),
    Model("HunyuanDiT 1.2", {16, 16, 88})
        .with_source("diffusers 0.42.1 embeddings.get_2d_rotary_pos_embed")
        .with_axes(44, 44)
        .with_theta(1e4)
        .with_compute(Compute::wide)
        .with_cells(Model::Cells::by_caller)
        .with_pairing(Pairing::interleaved),
    Model("HiDream-I1", {20, 20, 128})
        .with_source("diffusers 0.42.1 transformer_hidream_image.HiDreamImageEmbedND")
        .with_axes(64, 32, 32)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::token, 1e-5}),
    Model("PRX", {28, 28, 64})
        .with_source("diffusers 0.42.1 transformer_prx.PRXEmbedND")
        .with_axes(32, 32)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-6}),
    Model("JoyImage-Edit", {24, 24, 128})
        .with_source("diffusers 0.42.1 "
                     "transformer_joyimage.JoyImageEditTransformer3DModel.get_rotary_pos_embed")
        .with_axes(16, 56, 56)
        .with_theta(256)
        .with_compute(Compute::wide)
        .with_pairing(Pairing::interleaved)
        .with_norm({NormFinish::one_rounding, NormOver::head, 1e-6}),
    Model("Ideogram-4", {18, 18, 256})
        .with_source("diffusers 0.42.1 transformer_ideogram4.Ideogram4MRoPE")
        .with_axes(88, 20, 20)
        .with_theta(5e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::interleaved_sections)
        .with_table_type(Model::TableType::like_x)
        .with_norm({NormFinish::round_then_weight, NormOver::head, 1e-5}),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_IMAGE_HPP
