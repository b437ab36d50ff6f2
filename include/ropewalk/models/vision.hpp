// Presets of vision encoders; axes h, w.
#ifndef ROPEWALK_MODELS_VISION_HPP
#define ROPEWALK_MODELS_VISION_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
inline constexpr Model vision_models[] = {
    Model("Qwen2-VL vision", {16, 16, 80})
        .with_axes(40, 40)
        .with_theta(1e4)
        .with_pairing(Pairing::half),
    Model("EVA-02 L", {16, 16, 64}).with_axes(32, 32).with_theta(1e4),
    Model("DINOv3 L", {16, 16, 64})
        .with_axes(32, 32)
        .with_theta(100)
        .with_pairing(Pairing::half)
        .with_cells(Model::Cells::centres_in_turn),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_VISION_HPP
