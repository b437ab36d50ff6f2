// models: the presets of real models, data only.
#ifndef ROPEWALK_MODELS_MODELS_HPP
#define ROPEWALK_MODELS_MODELS_HPP

#include <cstddef>
#include <string_view>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/frequencies.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// The presets: name, {heads of q, heads of k, head_dim, first feature that turns}, axes, theta,
/// and where they differ from interleaved pairs, float steps, no scaling, axis after axis, integer
/// cells: pairing, steps, scaling, order of the lanes, cells, steps of frequencies.
///
/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
// Which would put every value of a row on a line of its own.
// clang-format off
inline constexpr Model models[] = {
    // Video: t, h, w.
    {"Helios", {40, 40, 128}, {44, 42, 42}, 1e4},
    {"Wan2.1 14B", {40, 40, 128}, {44, 42, 42}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"Wan2.1 1.3B", {12, 12, 128}, {44, 42, 42}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"Wan2.2 A14B", {40, 40, 128}, {44, 42, 42}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"Wan2.2 5B", {24, 24, 128}, {44, 42, 42}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"SANA-Video", {20, 20, 112}, {40, 36, 36}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"HunyuanVideo", {24, 24, 128}, {16, 56, 56}, 256},
    {"HunyuanVideo-FramePack", {24, 24, 128}, {16, 56, 56}, 256},
    {"HunyuanVideo-1.5", {16, 16, 128}, {16, 56, 56}, 256},
    {"LTX 2B", {32, 32, 64}, {682, 682, 682}, 1e4, Pairing::interleaved, AngleSteps::f32,
     Unscaled{}, LaneRule::increasing, CellRule::by_caller},
    {"LTX 13B", {32, 32, 128}, {1364, 1364, 1364}, 1e4, Pairing::interleaved, AngleSteps::f32,
     Unscaled{}, LaneRule::increasing, CellRule::by_caller},
    {"LTX-2", {32, 32, 128}, {1364, 1364, 1364}, 1e4, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::increasing, CellRule::by_caller, /*double_powers=*/true},
    {"LTX-2 audio", {32, 32, 64}, {2048}, 1e4, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::increasing, CellRule::by_caller, /*double_powers=*/true},
    {"CogVideoX 5B", {48, 48, 64}, {16, 24, 24}, 1e4},
    {"MiniMax-H3", {56, 56, 128}, {32, 32, 32}, 1e4, Pairing::half},

    // Images: h, w, or t, h, w, or t, h, w, l.
    {"Flux.1", {24, 24, 128}, {16, 56, 56}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"Flux.2", {48, 48, 128}, {32, 32, 32, 32}, 2000, Pairing::interleaved, AngleSteps::f64},
    {"Krea-2", {48, 12, 128}, {32, 48, 48}, 1000, Pairing::interleaved, AngleSteps::f64},
    {"Qwen-Image", {24, 24, 128}, {16, 56, 56}, 1e4, Pairing::interleaved, AngleSteps::f32,
     Unscaled{}, LaneRule::axis_after_axis, CellRule::centred_planes},
    {"Z-Image", {30, 30, 128}, {32, 48, 48}, 256, Pairing::interleaved, AngleSteps::f32_angles},
    {"Lumina2", {24, 8, 96}, {32, 32, 32}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"OmniGen2", {21, 7, 120}, {40, 40, 40}, 1e4, Pairing::interleaved, AngleSteps::f64},
    {"HunyuanImage-2.1", {28, 28, 128}, {64, 64}, 256},

    // Audio.
    {"Stable Audio", {24, 24, 64}, {32}, 1e4, Pairing::half},
    {"ACE-Step", {16, 8, 128}, {128}, 1e6, Pairing::half},

    // Language; several axes are those of M-RoPE: t, h, w.
    {"Llama 2 7B", {32, 32, 128}, {128}, 1e4, Pairing::half},
    {"Llama 3 8B", {32, 8, 128}, {128}, 5e5, Pairing::half},
    {"Llama 3.1 8B", {32, 8, 128}, {128}, 5e5, Pairing::half, AngleSteps::f32,
     Llama3{8, 1, 4, 8192}},
    {"Llama 3.2 1B", {32, 8, 64}, {64}, 5e5, Pairing::half, AngleSteps::f32,
     Llama3{32, 1, 4, 8192}},
    {"Mistral 7B", {32, 8, 128}, {128}, 1e4, Pairing::half},
    {"Qwen2 7B", {28, 4, 128}, {128}, 1e6, Pairing::half},
    {"Qwen3 8B", {32, 8, 128}, {128}, 1e6, Pairing::half},
    {"Qwen3 8B, YaRN 4x", {32, 8, 128}, {128}, 1e6, Pairing::half, AngleSteps::f32,
     Yarn{4, 32768}},
    {"gpt-oss", {64, 8, 64}, {64}, 150000, Pairing::half, AngleSteps::f32,
     Yarn{32, 4096, /*truncate=*/false}},
    {"GPT-J 6B", {16, 16, 256}, {64}, 1e4},
    {"GPT-NeoX 20B", {64, 64, 96}, {24}, 1e4, Pairing::half},
    {"Phi-3 mini 4k", {32, 32, 96}, {96}, 1e4, Pairing::half},
    {"Gemma 2 2B", {8, 4, 256}, {256}, 1e4, Pairing::half},
    {"Gemma 3 4B, local layers", {8, 4, 256}, {256}, 1e4, Pairing::half},
    {"Gemma 3 4B, global layers", {8, 4, 256}, {256}, 1e6, Pairing::half, AngleSteps::f32,
     Linear{8}},
    {"DeepSeek-V2", {128, 1, 192, 128}, {64}, 1e4, Pairing::interleaved, AngleSteps::f32,
     Yarn{40, 4096, /*truncate=*/true, 32, 1, 0.707, 0.707}},
    {"DeepSeek-V3", {128, 1, 192, 128}, {64}, 1e4, Pairing::interleaved_to_half, AngleSteps::f32,
     Yarn{40, 4096, /*truncate=*/true, 32, 1, 1, 1}},
    {"ModernBERT base, local layers", {12, 12, 64}, {64}, 1e4, Pairing::half},
    {"ModernBERT base, global layers", {12, 12, 64}, {64}, 160000, Pairing::half},
    {"Qwen2-VL 7B", {28, 4, 128}, {16, 24, 24}, 1e6, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::contiguous_sections},
    {"Qwen3-VL 8B", {32, 8, 128}, {24, 20, 20}, 5e6, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::interleaved_sections},
    {"Cosmos3", {32, 8, 128}, {24, 20, 20}, 5e6, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::interleaved_sections},
    {"Ideogram-4", {18, 18, 256}, {88, 20, 20}, 5e6, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::interleaved_sections},
    {"Ernie-4.5-VL", {20, 4, 128}, {22, 22, 20}, 5e5, Pairing::interleaved, AngleSteps::f32,
     Unscaled{}, LaneRule::alternating_sections},

    // Vision: h, w.
    {"Qwen2-VL vision", {16, 16, 80}, {40, 40}, 1e4, Pairing::half},
    {"EVA-02 L", {16, 16, 64}, {32, 32}, 1e4},
    {"DINOv3 L", {16, 16, 64}, {32, 32}, 100, Pairing::half, AngleSteps::f32, Unscaled{},
     LaneRule::axis_after_axis, CellRule::centres_in_turn},
};
// clang-format on

namespace detail {

inline char lower_case(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// How many letters must be put in, taken out or changed to make `wanted` of `name`, upper and
/// lower case being one (Levenshtein 1966).
inline int distance(std::string_view name, std::string_view wanted) {
  constexpr std::size_t most = 64;
  if (wanted.size() >= most) return static_cast<int>(most + name.size());
  int row[most];
  for (std::size_t j = 0; j <= wanted.size(); ++j) row[j] = static_cast<int>(j);
  for (std::size_t i = 0; i < name.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (std::size_t j = 0; j < wanted.size(); ++j) {
      const int changed = diagonal + (lower_case(name[i]) != lower_case(wanted[j]) ? 1 : 0);
      const int moved = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
      diagonal = row[j + 1];
      row[j + 1] = changed < moved ? changed : moved;
    }
  }
  return row[wanted.size()];
}

}  // namespace detail

/// The preset of that name.
///
/// Errors   std::invalid_argument that gives the nearest name, then all there are
inline const Model& model_named(std::string_view name) {
  const Model* nearest = models;
  for (const Model& model : models) {
    if (model.name == name) return model;
    if (detail::distance(name, model.name) < detail::distance(name, nearest->name)) {
      nearest = &model;
    }
  }
  detail::Text names;
  for (const Model& model : models) names.add("%s%s", &model == models ? "" : "; ", model.name);
  detail::fail("model_named", "there is no model \"%.*s\"; the nearest is \"%s\" of: %s",
               detail::shown(name), name.data(), nearest->name, names.c_str());
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_MODELS_HPP
