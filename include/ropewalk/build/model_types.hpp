// Model: what a preset says of a model's rotary embedding, as constant data.
#ifndef ROPEWALK_BUILD_MODEL_TYPES_HPP
#define ROPEWALK_BUILD_MODEL_TYPES_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/pairing.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/norm_rule.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NESTED(detail)

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_weights(const char* model) {
  fail("with_weights", "the weights of %s are in one order, must be in two to choose", model);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_pairing(const char* model) {
  fail("options", "the pairing of %s was never said, must be: with_pairing(Pairing::half), say",
       model);
}

ROPEWALK_END_NESTED

ROPEWALK_BEGIN_TYPES

/// The rotary embedding of one model (or of one kind of its layers), a complete rule, made step by
/// step:
///   Model("Helios", {40, 40, 128}).with_axes(44, 42, 42).with_pairing(Pairing::interleaved)
/// Each step returns a model with one thing changed; the defaults are what most models have. The
/// pairing has none: half of the models have the other, and with it no size would differ.
///
/// Source   the presets, each with its own: models/
struct Model {
  /// The type in which the model's code holds cos and sin, all of them computed in `steps`: another
  /// one gives other bits.
  enum class TableType {
    f32,     ///< float
    like_x,  ///< the type of the queries and keys: transformers
    f64,     ///< double, also where the code holds complex numbers of it: Lumina2
  };

  /// The order of features that the pairing presumes of the projection's weights, where a model has
  /// weights in more than one.
  enum class Weights {
    any,           ///< there is one order
    hugging_face,  ///< permuted for half pairs
    meta,          ///< as trained, interleaved: Meta's own, GGUF's
  };

  /// Where a grid's cells stand on its axes.
  enum class Cells {
    integers,         ///< 0, 1, ... on every axis
    centred_planes,   ///< axis 0 (frames) from 0, the others around 0: Qwen-Image
    centres_in_turn,  ///< middles of the cells from -2 pi to 2 pi: DINOv3
    by_caller,        ///< as no grid tells: columns before rows, blocks of patches, a crop box
    fractions,  ///< fractions, from 0 to 1, of extents that the caller knows (seconds, pixels);
                ///< the model turns by 2 * fraction - 1: LTX. No grid gives them
  };

  /// Sizes of an attention layer.
  struct Shape {
    ROPEWALK_INLINE constexpr Shape() : Shape(1, 1, 0) {}
    ROPEWALK_INLINE constexpr Shape(Index of_queries, Index of_keys, Index features,
                                    Index first_feature = 0)
        : heads(of_queries), kv_heads(of_keys), head_dim(features), offset(first_feature) {}

    Index heads;     ///< of queries
    Index kv_heads;  ///< of keys
    Index head_dim;  ///< features of a head
    Index offset;    ///< the first feature that turns: those before it pass through
  };

  /// Any of the scaling rules but LongRope, which holds lists.
  using Scaling = detail::PlainScaling;

  ROPEWALK_INLINE constexpr Model() = default;
  ROPEWALK_INLINE constexpr Model(const char* model_name, const Shape& model_shape)
      : name(model_name), shape(model_shape) {}

  const char* name = "";  ///< by which model_named finds a preset, and errors name it
  Shape shape{};
  /// Rotary features along each axis of the positions, or pairs where the terms are in sections, as
  /// models' configurations have them; 0 stands for no axis.
  Index axes[4] = {};
  double theta = 1e4;  ///< the base of the frequencies
  Scaling scaling;
  TermRule terms = TermRule::axis_after_axis;
  bool increasing = false;  ///< LTX: from pi / 2 to theta * pi / 2, over all heads together;
                            ///< the scaling has no effect
  Cells cells = Cells::integers;
  Pairing pairing = Pairing::interleaved;
  bool has_pairing = false;  ///< whether with_pairing has said so: set pairing by it alone
  AngleSteps steps = AngleSteps::f32;
  bool double_powers = false;  ///< frequencies in double, whatever the steps (LTX-2)
  TableType table_type = TableType::f32;
  Compute compute = Compute::promoted;
  NormRule norm;  ///< that of queries and keys right before they turn, each with its own weight
  bool has_norm = false;  ///< whether with_norm has said so: set norm by it alone
  Weights weights = Weights::any;
  const char* source = "";  ///< the code whose bits these are

 private:
  // Before its uses: clang++ 14 does not find it in a constant expression otherwise.
  template <class T>
  ROPEWALK_INLINE constexpr Model with(T Model::*member, const T& value) const {
    Model model = *this;
    model.*member = value;
    return model;
  }

 public:
  /// The same model with one thing changed, as are those that follow.
  ROPEWALK_INLINE constexpr Model with_axes(Index first, Index second = 0, Index third = 0,
                                            Index fourth = 0) const {
    Model model = *this;
    model.axes[0] = first;
    model.axes[1] = second;
    model.axes[2] = third;
    model.axes[3] = fourth;
    return model;
  }
  ROPEWALK_INLINE constexpr Model with_theta(double of) const { return with(&Model::theta, of); }
  ROPEWALK_INLINE constexpr Model with_scaling(const Scaling& of) const {
    return with(&Model::scaling, of);
  }
  ROPEWALK_INLINE constexpr Model with_terms(TermRule of) const { return with(&Model::terms, of); }
  ROPEWALK_INLINE constexpr Model with_cells(Cells of) const { return with(&Model::cells, of); }
  ROPEWALK_INLINE constexpr Model with_pairing(Pairing of) const {
    return with(&Model::has_pairing, true).with(&Model::pairing, of);
  }
  ROPEWALK_INLINE constexpr Model with_steps(AngleSteps of) const {
    return with(&Model::steps, of);
  }
  ROPEWALK_INLINE constexpr Model with_increasing_frequencies() const {
    return with(&Model::increasing, true).with_terms(TermRule::alternating);
  }
  ROPEWALK_INLINE constexpr Model with_double_powers() const {
    return with(&Model::double_powers, true);
  }
  ROPEWALK_INLINE constexpr Model with_table_type(TableType of) const {
    return with(&Model::table_type, of);
  }
  ROPEWALK_INLINE constexpr Model with_compute(Compute of) const {
    return with(&Model::compute, of);
  }
  /// Its attention normalises queries and keys, which turn right after that.
  ROPEWALK_INLINE constexpr Model with_norm(const NormRule& of) const {
    return with(&Model::has_norm, true).with(&Model::norm, of);
  }
  ROPEWALK_INLINE constexpr Model with_source(const char* of) const {
    return with(&Model::source, of);
  }
  /// An axis that turned the whole head does so again; others stay as wide as they are.
  ROPEWALK_INLINE constexpr Model with_head_dim(Index of) const {
    Model model = *this;
    if (axes[0] == shape.head_dim) model.axes[0] = of;
    model.shape.head_dim = of;
    return model;
  }
  /// Its weights are to be had in both orders; the pairing is that of Hugging Face's.
  ROPEWALK_INLINE constexpr Model with_weights_in_two_orders() const {
    return with(&Model::weights, Weights::hugging_face).with_pairing(Pairing::half);
  }
  /// The same model with weights in that order, which decides the pairing.
  ///
  /// Errors   std::invalid_argument: a model whose weights have one order
  ROPEWALK_INLINE constexpr Model with_weights(Weights of) const {
    if (weights == Weights::any || of == Weights::any) detail::fail_weights(name);
    const Pairing wanted = of == Weights::meta ? Pairing::interleaved : Pairing::half;
    return with(&Model::weights, of).with_pairing(wanted);
  }

  /// The options for apply.
  ///
  /// Errors   std::invalid_argument: a model whose pairing was never said
  ROPEWALK_INLINE constexpr Options options() const {
    if (!has_pairing) detail::fail_pairing(name);
    return Options(pairing, compute);
  }
};

/// A model that is known when a call is compiled, of a constant:
///   static constexpr Model llama = model_named("Llama 3.1 8B");
///   rotate(device, std::tie(q, k), fixed_model<llama>, table);
/// compiles the kernels of its pairing and arithmetic alone.
template <const Model& Of>
struct FixedModel {
  ROPEWALK_INLINE constexpr operator const Model&() const { return Of; }
  ROPEWALK_INLINE static constexpr FixedOptions<Of.pairing, Of.compute> options() {
    static_assert(Of.has_pairing,
                  "ropewalk: the pairing of the model was never said, must be: "
                  "with_pairing(Pairing::half), say");
    return {};
  }
  static constexpr Model::TableType table_type = Of.table_type;
};

ROPEWALK_END_TYPES

ROPEWALK_BEGIN_NAMESPACE

/// The value of a FixedModel, as the argument of a call.
template <const Model& Of>
inline constexpr FixedModel<Of> fixed_model{};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_BUILD_MODEL_TYPES_HPP
