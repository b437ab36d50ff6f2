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
    {"1024 tokens, 40 heads", {1, 1024, 40, 128}},
    {"head_dim 32", {1, 1024, 160, 32}},
    {"head_dim 80", {1, 1024, 64, 80}},
    {"head_dim 96", {1, 1024, 40, 96}},
    {"head_dim 112", {1, 1024, 40, 112}},
    {"one head", {1, 40960, 1, 128}},
    {"one wide head", {1, 1024, 1, 5120}},
    {"one token, 32 and 8 heads", {1, 1, 40, 128}},
    {"64 tokens, 40 heads", {1, 64, 40, 128}},
    {"Wan2.2 480p", {1, 32760, 40, 128}},
};

/// Rows whose whole name matches `rows` are left out unless it matches `except`, too.
struct Restriction {
  const char* rows;
  const char* except;
};

// The first is 50 times slower than the others; variants, forced instruction sets, short sequences
// and widths are many. Of widths only what is in place, in both pairings. Norms are timed beyond
// the caches and of few tokens, where a call's fixed cost counts.
inline constexpr Restriction restrictions[] = {
    {"rope/eigen_expression/.*", ".*/(1x8192x40x128|1x512x32x128)/.*"},
    {"rope/.*/(half|packed|bhsd|partial96|gathered|per_head|slots)",
     ".*/1x8192x40x128/.*|.*/(1x1024x(40x128|160x32|64x80|40x96|40x112)|1x40960x1x128)/.*/half"},
    {"rope/[^/]*@.*", "[^/]*/[^/]*/[^/]*/f32/(1x8192x40x128|1x512x32x128|1x1x32x128)/.*"},
    {"[^/]*/.*/1x((4|16|64|128)x32|64x40)x128/.*",
     "(limit/.*|rope/fused(_inplace)?/[^/]*/f32/[^/]*)/t[0-9]+|norm/.*"},
    {"norm/.*", ".*/1x((1|4|16|64)x32|(1|64|32760)x40)x128/.*"},
    {"norm/.*/over_token", ".*/bf16/.*/1x(64|32760)x40x128/.*"},
    {"norm/.*/hf_half", ".*/bf16/.*"},
    {"[^/]*/.*/1x1x40x128/.*", "limit/.*|.*/q32_k8"},
    {"(rope|norm)/.*/q32_k8", ".*/1x1x40x128/.*"},
    {"[^/]*/.*/(1x1024x(40x128|160x32|64x80|40x96|40x112|1x5120)|1x40960x1x128)/.*",
     "(limit|rope/fused_inplace)/.*"},
};

/// Left out unless --all-dtypes: two tensors of 671 MB in float.
inline constexpr const char* large_rows =
    "(rope|norm|limit)/[^/]*/(f32|f16)/([^/]*/)?1x32760x40x128/.*";

/// The rows of --quick: those for which goals are set.
inline constexpr const char* quick_rows[] = {
    "rope/(strided|stack_flatten)/f32/f32/(1x8192x40x128|1x512x32x128|1x1x32x128)/t1",
    "rope/(strided|stack_flatten)/bf16/f32/1x8192x40x128/t1",
    "rope/fused(_inplace)?/(f32|f16|bf16)/f32/1x8192x40x128/t[0-9]+",
    "rope/fused(_inplace)?@avx2/(f32|f16|bf16)/f32/1x8192x40x128/t2",
    "rope/fused_inplace/(f32|f16|bf16)/f32/1x512x32x128/t[0-9]+",
    "rope/fused_inplace/(f32|f16|bf16)/f32/1x1x32x128/t1",
    "rope/fused(_inplace)?/(f32|f16|bf16)/f32/1x(4|16|64|128)x32x128/t1",
    "rope/fused(_inplace)?/bf16/f32/1x8192x40x128/t2/.*",
    "norm/fused_inplace/(f32|f16|bf16)/f32/1x((1|4|16|64)x32|64x40)x128/t1",
    "norm/fused_inplace/bf16/f32/1x(1|64)x40x128/t1/.*",
    "table/.*",
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_PRESETS_HPP
