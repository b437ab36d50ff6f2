// Presets of image models; axes h, w, or t, h, w, or t, h, w, l.
#ifndef ROPEWALK_MODELS_IMAGE_HPP
#define ROPEWALK_MODELS_IMAGE_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
inline constexpr Model image_models[] = {
    Model("Flux.1", {24, 24, 128})
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("Flux.2", {48, 48, 128})
        .with_axes(32, 32, 32, 32)
        .with_theta(2000)
        .with_steps(AngleSteps::f64),
    Model("Krea-2", {48, 12, 128})
        .with_axes(32, 48, 48)
        .with_theta(1000)
        .with_steps(AngleSteps::f64),
    Model("Qwen-Image", {24, 24, 128})
        .with_axes(16, 56, 56)
        .with_theta(1e4)
        .with_cells(Model::Cells::centred_planes),
    Model("Z-Image", {30, 30, 128})
        .with_axes(32, 48, 48)
        .with_theta(256)
        .with_steps(AngleSteps::f32_angles),
    Model("Lumina2", {24, 8, 96}).with_axes(32, 32, 32).with_theta(1e4).with_steps(AngleSteps::f64),
    Model("OmniGen2", {21, 7, 120})
        .with_axes(40, 40, 40)
        .with_theta(1e4)
        .with_steps(AngleSteps::f64),
    Model("HunyuanImage-2.1", {28, 28, 128}).with_axes(64, 64).with_theta(256),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_IMAGE_HPP
