// Presets of audio models.
#ifndef ROPEWALK_MODELS_AUDIO_HPP
#define ROPEWALK_MODELS_AUDIO_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
inline constexpr Model audio_models[] = {
    Model("Stable Audio", {24, 24, 64}).with_axes(32).with_theta(1e4).with_pairing(Pairing::half),
    Model("ACE-Step", {16, 8, 128}).with_axes(128).with_theta(1e6).with_pairing(Pairing::half),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_AUDIO_HPP
