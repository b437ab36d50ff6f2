// Presets of video models; axes t, h, w.
#ifndef ROPEWALK_MODELS_VIDEO_HPP
#define ROPEWALK_MODELS_VIDEO_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
inline constexpr Model video_models[] = {
    Model("Helios", {40, 40, 128}).with_axes(44, 42, 42).with_theta(1e4),
    Model("Wan2.1 14B", {40, 40, 128})
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("Wan2.1 1.3B", {12, 12, 128})
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("Wan2.2 A14B", {40, 40, 128})
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("Wan2.2 5B", {24, 24, 128})
        .with_axes(44, 42, 42)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("SANA-Video", {20, 20, 112})
        .with_axes(40, 36, 36)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("HunyuanVideo", {24, 24, 128}).with_axes(16, 56, 56).with_theta(256),
    Model("HunyuanVideo-FramePack", {24, 24, 128}).with_axes(16, 56, 56).with_theta(256),
    Model("HunyuanVideo-1.5", {16, 16, 128}).with_axes(16, 56, 56).with_theta(256),
    Model("LTX 2B", {32, 32, 64})
        .with_axes(682, 682, 682)
        .with_theta(1e4)
        .with_increasing_frequencies()
        .with_cells(Model::Cells::fractions),
    Model("LTX 13B", {32, 32, 128})
        .with_axes(1364, 1364, 1364)
        .with_theta(1e4)
        .with_increasing_frequencies()
        .with_cells(Model::Cells::fractions),
    Model("LTX-2", {32, 32, 128})
        .with_axes(1364, 1364, 1364)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_increasing_frequencies()
        .with_cells(Model::Cells::fractions)
        .with_double_powers(),
    Model("LTX-2 audio", {32, 32, 64})
        .with_axes(2048)
        .with_theta(1e4)
        .with_pairing(Pairing::half)
        .with_increasing_frequencies()
        .with_cells(Model::Cells::fractions)
        .with_double_powers(),
    Model("CogVideoX 5B", {48, 48, 64}).with_axes(16, 24, 24).with_theta(1e4),
    Model("MiniMax-H3", {56, 56, 128})
        .with_axes(32, 32, 32)
        .with_theta(1e4)
        .with_pairing(Pairing::half),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_VIDEO_HPP
