// What is measured: shapes of models, and which rows of them. Data only.
#ifndef ROPEWALK_BENCH_PRESETS_HPP
#define ROPEWALK_BENCH_PRESETS_HPP

#include "devices.hpp"
#include "ropewalk/view.hpp"

namespace ropewalk_bench {

struct Preset {
  const char* name;
  ropewalk::Shape shape;
};

inline constexpr Preset presets[] = {
    {"Helios full resolution", {1, 11040, 40, 128}},
    {"Helios stage 0", {1, 2940, 40, 128}},
    {"equivalence suite, video scale", {1, 8192, 4, 64}},
    {"8192 tokens, 40 heads", {1, 8192, 40, 128}},
    {"in cache", {1, 512, 32, 128}},
    {"LTX-like", {1, 7392, 32, 64}},
    {"one token", {1, 1, 32, 128}},
    {"4 tokens", {1, 4, 32, 128}},
    {"16 tokens", {1, 16, 32, 128}},
    {"64 tokens", {1, 64, 32, 128}},
    {"128 tokens", {1, 128, 32, 128}},
    {"Wan2.2 480p", {1, 32760, 40, 128}},
};

/// Rows whose whole name matches `rows` are left out unless it matches `except`, too.
struct Restriction {
  const char* rows;
  const char* except;
};

// The first is 50 times slower than the others; variants, forced instruction sets and short
// sequences are many.
inline constexpr Restriction restrictions[] = {
    {"rope/eigen_expression/.*", ".*/(1x8192x40x128|1x512x32x128)/.*"},
    {"rope/.*/(half|packed|bhsd|partial96|gathered|per_head)", ".*/1x8192x40x128/.*"},
    {"rope/[^/]*@.*", "[^/]*/[^/]*/[^/]*/f32/(1x8192x40x128|1x512x32x128|1x1x32x128)/.*"},
    {"[^/]*/.*/1x(4|16|64|128)x32x128/.*", "(limit/.*|rope/fused(_inplace)?/[^/]*/f32/[^/]*)/t1"},
};

/// Left out unless --all-dtypes: two tensors of 671 MB in float.
inline constexpr const char* large_rows = "(rope|limit)/[^/]*/(f32|f16)/([^/]*/)?1x32760x40x128/.*";

/// The rows of --quick: those for which goals are set.
inline constexpr const char* quick_rows[] = {
    "rope/(strided|stack_flatten)/f32/f32/(1x8192x40x128|1x512x32x128|1x1x32x128)/t1",
    "rope/(strided|stack_flatten)/bf16/f32/1x8192x40x128/t1",
    "rope/fused(_inplace)?/(f32|f16|bf16)/f32/1x8192x40x128/t[12]",
    "rope/fused(_inplace)?@avx2/(f32|f16|bf16)/f32/1x8192x40x128/t2",
    "rope/fused_inplace/(f32|f16|bf16)/f32/1x512x32x128/t[12]",
    "rope/fused_inplace/(f32|f16|bf16)/f32/1x1x32x128/t1",
    "rope/fused(_inplace)?/(f32|f16|bf16)/f32/1x(4|16|64|128)x32x128/t1",
    "rope/fused(_inplace)?/bf16/f32/1x8192x40x128/t2/.*",
    "table/.*",
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_PRESETS_HPP
