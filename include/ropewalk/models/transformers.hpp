// Where most presets of language models begin.
#ifndef ROPEWALK_MODELS_TRANSFORMERS_HPP
#define ROPEWALK_MODELS_TRANSFORMERS_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// A model as most of those in transformers: whole heads turn in half pairs, by cos and sin in x's
/// type.
constexpr Model transformers_model(const char* name, const Model::Shape& shape, double theta,
                                   const char* source) {
  return Model(name, shape)
      .with_source(source)
      .with_axes(shape.head_dim)
      .with_theta(theta)
      .with_pairing(Pairing::half)
      .with_table_type(Model::TableType::like_x);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_MODELS_TRANSFORMERS_HPP
