// The builder inputs of a golden case, read once: how its model made its table.
#ifndef ROPEWALK_TESTS_GOLDEN_RECIPE_KEYS_HPP
#define ROPEWALK_TESTS_GOLDEN_RECIPE_KEYS_HPP

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "keys.hpp"
#include "older_keys.hpp"
#include "pack.hpp"
#include "recipe_values.hpp"
#include "ropewalk/frequencies.hpp"

namespace ropewalk_test {

using ropewalk::TermRule;

inline constexpr Named<TermRule> term_orders[] = {{"axis_after_axis", TermRule::axis_after_axis},
                                                  {"alternating", TermRule::alternating}};

/// Models call the last one by their own names.
inline constexpr Named<TermRule> section_layouts[] = {
    {"contiguous", TermRule::contiguous_sections},
    {"interleaved", TermRule::interleaved_sections},
    {"alternating", TermRule::alternating_sections},
    {"alternating_hw", TermRule::alternating_sections},
    {"hw_alternating", TermRule::alternating_sections},
    {"hwt", TermRule::alternating_sections},
    {"h,w,t", TermRule::alternating_sections},
    {"ernie", TermRule::alternating_sections},
    {"ernie_vl", TermRule::alternating_sections},
    {"ernie4_5_vl", TermRule::alternating_sections},
    {"video_rope", TermRule::alternating_sections}};

inline constexpr Named<bool> is_increasing[] = {{"decreasing", false}, {"increasing", true}};
inline constexpr Named<bool> is_by_section[] = {{"pairs", false}, {"sections", true}};
inline constexpr Named<bool> is_double[] = {{"f32", false}, {"f64", true}};
inline constexpr Named<bool> is_text_stream[] = {{"img", false}, {"txt", true}};

struct GridInputs {
  std::vector<Index> sizes;
  std::vector<CellRule> cells;  // one an axis
};

/// Frames with ids of their own, each on the same rows and columns.
struct FrameStream {
  std::string name;
  const Tensor* frames;
  Index tokens;
  std::optional<Index> window;  // absent: the smallest that makes so many tokens
};

struct Inputs {
  std::string name;  // of the case
  // Where the tokens stand.
  const Tensor* ids = nullptr;
  const Tensor* coords = nullptr;
  std::vector<double> base;  // of coordinates: what makes them fractions
  std::vector<FrameStream> streams;
  std::vector<GridInputs> grids;
  bool states_cells = false;  // not integers for lack of another word
  double position_scale = 1;
  bool coords_are_positions = false;  // [seq, axes]
  std::optional<Index> text_count;    // text beside the grids, not the grids themselves
  std::optional<Index> text_first;
  // Which frequencies turn them.
  const Tensor* learned = nullptr;
  Index rotary_dim = 0;
  std::optional<double> theta;
  ropewalk::Scaling scaling;
  TermRule terms = TermRule::axis_after_axis;
  std::vector<Index> term_axes;  // empty: in their order
  std::vector<Index> axes_dim;   // empty: equal parts
  std::vector<Index> sections;   // empty: no M-RoPE
  std::vector<double> rope_scale;
  bool increasing = false;
  std::optional<bool> inv_freq_by_section;
  // How it was computed.
  bool in_double = false;
  Index first_length = 0;
};

namespace detail {

/// The value of a builder input that has names; an unknown one leaves the table without a recipe.
template <const auto& names>
auto builder_value(const Case& of, const char* key) {
  const std::string& text = of.at(key);
  if (!is_name<names>(text)) {
    throw NoRecipe("case " + of.name + ": unknown value '" + text + "' of builder input '" + key +
                   "'");
  }
  return value_of<names>(text);
}

inline std::vector<GridInputs> grids_of(const Case& of, const Inputs& inputs) {
  std::vector<GridInputs> grids;
  if (!is_given(of, "grid")) return grids;
  const std::vector<std::string> stated = split(of.get("cells", ""), ';');
  for (const std::string& text : split(of.at("grid"), ';')) {
    GridInputs grid{sizes_of(text), {}};
    const std::size_t index = grids.size();
    const std::size_t axes = grid.sizes.size();
    if (of.has("cells")) {
      grid.cells = cell_rules(of, stated[std::min(index, stated.size() - 1)]);
    } else {
      grid.cells = older_cells(of, grid.sizes, inputs.rotary_dim);
    }
    if (grid.cells.size() == 1) grid.cells.assign(axes, grid.cells[0]);
    if (grid.cells.size() != axes || (index != 0 && axes != grids[0].sizes.size())) {
      throw NoRecipe("case " + of.name + ": grid '" + of.at("grid") + "' and cells '" +
                     of.get("cells", "") + "' differ in axes");
    }
    grids.push_back(grid);
  }
  if (stated.size() != 1 && stated.size() != grids.size()) {
    throw NoRecipe("case " + of.name + ": cells of " + std::to_string(stated.size()) +
                   " grids, there are " + std::to_string(grids.size()));
  }
  return grids;
}

inline std::vector<FrameStream> streams_of(const Case& of) {
  std::vector<FrameStream> streams;
  const auto is_stream = [](const Tensor& tensor) { return tensor.name.rfind("frames_", 0) == 0; };
  if (std::none_of(of.tensors.begin(), of.tensors.end(), is_stream)) return streams;
  const auto windows = named_sizes(of.get("windows", ""));
  for (const auto& [name, tokens] : named_sizes(of.at("tokens"))) {
    streams.push_back({name, &of.tensor("frames_" + name), tokens, std::nullopt});
    for (const auto& [stream, window] : windows) {
      if (stream == name) streams.back().window = window;
    }
  }
  return streams;
}

inline void read_positions(const Case& of, Inputs& inputs) {
  for (const char* name : {"ids", "positions", "position_ids"}) {
    if (of.find(name) != nullptr) inputs.ids = of.find(name);
  }
  inputs.coords = of.find("coords");
  if (has_intervals(of)) inputs.base = reals_of(of.get("base", older_base));
  inputs.streams = streams_of(of);
  if (inputs.ids == nullptr) inputs.grids = grids_of(of, inputs);
  inputs.states_cells = of.has("cells") || has_turns(of);
  inputs.coords_are_positions = of.has("position_scale");
  if (of.has("position_scale")) {
    inputs.position_scale = real_of(of.at("position_scale"));
  } else if (has_turns(of) && !inputs.grids.empty()) {
    inputs.position_scale = older_position_scale;
  }
  if (of.has("stream") && builder_value<is_text_stream>(of, "stream")) {
    inputs.text_count = of.integer("txt_len");
    if (of.has("text_first")) inputs.text_first = of.integer("text_first");
  }
}

inline void read_terms(const Case& of, const RopeParameters& given, Inputs& inputs) {
  inputs.axes_dim = is_given(of, "axes_dim") ? sizes_of(of.at("axes_dim"))
                                             : older_axes_dim(of, inputs.rotary_dim);
  inputs.rope_scale = reals_of(of.get("rope_scale", "1"));
  if (is_given(of, "mrope_section")) {
    inputs.sections = sizes_of(of.at("mrope_section"));
  } else if (given.has("mrope_section")) {
    inputs.sections = sizes_of(given.text("mrope_section", ""));
  }
  if (!inputs.sections.empty()) {
    if (!of.has("mrope_layout")) throw NoRecipe("case " + of.name + ": no mrope_layout");
    inputs.terms = builder_value<section_layouts>(of, "mrope_layout");
  } else if (of.has("term_order")) {
    inputs.terms = builder_value<term_orders>(of, "term_order");
  } else if (alternates_by_older_keys(of, !inputs.axes_dim.empty())) {
    inputs.terms = TermRule::alternating;
  }
  inputs.term_axes = of.has("term_axes") ? sizes_of(of.at("term_axes"))
                                         : older_term_axes(of, !inputs.axes_dim.empty());
  inputs.increasing = of.has("frequency_order")
                          ? builder_value<is_increasing>(of, "frequency_order")
                          : increases_by_older_keys(of);
  if (of.has("inv_freq_order")) {
    inputs.inv_freq_by_section = builder_value<is_by_section>(of, "inv_freq_order");
  }
}

}  // namespace detail

/// A case without any of these tells nothing of its table.
inline bool has_recipe(const Case& of) {
  for (const char* key : {"theta", "base", "rope_parameters", "scaling"}) {
    if (of.has(key)) return true;
  }
  return of.find("pos_frequencies") != nullptr || of.find("angles") != nullptr;
}

/// Whether rows of zeros in the table are padding.
inline bool has_zero_rows(const Case& of) { return is_given(of, "zero_rows"); }

/// Throws NoRecipe for a value that has no meaning here: builder inputs never change `out`.
inline Inputs inputs_of(const Case& of) {
  const RopeParameters given(of);
  Inputs inputs;
  inputs.name = of.name;
  inputs.learned = of.find("pos_frequencies");
  if (of.has("rotary_dim")) {
    inputs.rotary_dim = of.integer("rotary_dim");
  } else if (of.has("head_dim")) {
    inputs.rotary_dim =
        static_cast<Index>(static_cast<double>(of.integer("head_dim")) * rotary_share(of, given));
  }
  for (const char* key : {"base", "theta"}) {
    if (of.has(key) && reals_of(of.at(key)).size() == 1) inputs.theta = real_of(of.at(key));
  }
  if (given.has("rope_theta")) inputs.theta = given.real("rope_theta", 0);
  if (inputs.theta) *inputs.theta *= real_of(of.get("ntk_factor", "1"));
  inputs.scaling = scaling_of(of, given);
  detail::read_positions(of, inputs);
  detail::read_terms(of, given, inputs);
  inputs.in_double = of.has("freqs_dtype") ? detail::builder_value<is_double>(of, "freqs_dtype")
                                           : is_double_by_words(of);
  inputs.first_length = is_given(of, "init_seq_len") ? of.integer("init_seq_len") : 0;
  return inputs;
}
Inputs inputs_of(Case&&) = delete;  // they would point into a case that is gone

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_GOLDEN_RECIPE_KEYS_HPP
