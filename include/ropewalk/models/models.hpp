// models: the presets of all kinds, and the one of a name.
#ifndef ROPEWALK_MODELS_MODELS_HPP
#define ROPEWALK_MODELS_MODELS_HPP

#include <cstddef>
#include <string_view>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/model.hpp"
#include "ropewalk/models/audio.hpp"
#include "ropewalk/models/image.hpp"
#include "ropewalk/models/language.hpp"
#include "ropewalk/models/multimodal.hpp"
#include "ropewalk/models/video.hpp"
#include "ropewalk/models/vision.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// Presets one after the other.
template <std::size_t Count>
struct ModelList {
  Model list[Count];

  constexpr const Model* begin() const { return list; }
  constexpr const Model* end() const { return list + Count; }
  constexpr std::size_t size() const { return Count; }
  constexpr const Model& operator[](std::size_t i) const { return list[i]; }
};

template <std::size_t... Counts>
constexpr auto joined(const Model (&... kinds)[Counts]) {
  ModelList<(Counts + ...)> all;
  Model* next = all.list;
  const auto append = [&next](const auto& kind) {
    for (const Model& model : kind) *next++ = model;
  };
  (append(kinds), ...);
  return all;
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The presets of every kind.
inline constexpr auto models = detail::joined(video_models, image_models, audio_models,
                                              language_models, multimodal_models, vision_models);

ROPEWALK_END_NAMESPACE

ROPEWALK_BEGIN_NESTED(detail)

inline char lower_case(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// How many letters must be put in, taken out or changed to make `wanted` of `name`, upper and
/// lower case being one (Levenshtein 1966).
inline int distance(std::string_view name, std::string_view wanted) {
  constexpr std::size_t most = 64;
  if (wanted.size() >= most) return static_cast<int>(most + name.size());
  int row[most] = {};
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

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_name(std::string_view name) {
  const Model* nearest = models.begin();
  Text names;
  for (const Model& model : models) {
    if (distance(name, model.name) < distance(name, nearest->name)) nearest = &model;
    names.add("%s%s", &model == models.begin() ? "" : "; ", model.name);
  }
  fail("model_named", "there is no model \"%.*s\"; the nearest is \"%s\" of: %s", shown(name),
       name.data(), nearest->name, names.c_str());
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_NAMESPACE

/// The preset of that name; of a name that is known when the program is compiled, a constant.
///
/// Errors   std::invalid_argument that gives the nearest name, then all there are
constexpr const Model& model_named(std::string_view name) {
  for (const Model& model : models) {
    if (model.name == name) return model;
  }
  detail::fail_name(name);
}

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_MODELS_HPP
