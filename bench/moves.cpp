#include "moves.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ropewalk_bench {
namespace {

constexpr std::size_t line = 64;

#if defined(__x86_64__)

// The kernels work on whole lines, to an aligned out.
[[gnu::target("avx512f")]] void stream_avx512(float* out, const float* in, std::size_t lines) {
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 16 * lines; i += 16) {
    _mm512_stream_ps(out + i, _mm512_loadu_ps(in + i));
  }
}

[[gnu::target("avx2")]] void stream_avx2(float* out, const float* in, std::size_t lines) {
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 16 * lines; i += 8) {
    _mm256_stream_ps(out + i, _mm256_loadu_ps(in + i));
  }
}

void stream_sse2(float* out, const float* in, std::size_t lines) {
#pragma GCC unroll 16
  for (std::size_t i = 0; i < 16 * lines; i += 4) _mm_stream_ps(out + i, _mm_loadu_ps(in + i));
}

[[gnu::target("avx512f")]] void scale_avx512(float* data, std::size_t lines) {
  const __m512 factor = _mm512_set1_ps(-1);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 16 * lines; i += 16) {
    _mm512_storeu_ps(data + i, _mm512_mul_ps(_mm512_loadu_ps(data + i), factor));
  }
}

[[gnu::target("avx2")]] void scale_avx2(float* data, std::size_t lines) {
  const __m256 factor = _mm256_set1_ps(-1);
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 16 * lines; i += 8) {
    _mm256_storeu_ps(data + i, _mm256_mul_ps(_mm256_loadu_ps(data + i), factor));
  }
}

bool has_avx512() { return __builtin_cpu_supports("avx512f") != 0; }
bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }

#endif

/// In whatever registers the compiler's target has.
void scale_plain(float* data, std::size_t floats) {
  for (std::size_t i = 0; i < floats; ++i) data[i] *= -1.0f;
}

}  // namespace

#if defined(__x86_64__)

const char* limit_isa() { return has_avx512() ? "AVX-512" : has_avx2() ? "AVX2" : "SSE2"; }

void stream_copy(std::byte* out, const std::byte* in, std::size_t bytes) {
  static const auto stream = has_avx512() ? stream_avx512 : has_avx2() ? stream_avx2 : stream_sse2;
  const std::size_t past_line = reinterpret_cast<std::uintptr_t>(out) % line;
  const std::size_t head = std::min(bytes, (line - past_line) % line);
  const std::size_t lines = (bytes - head) / line;
  const std::size_t done = head + lines * line;
  std::memcpy(out, in, head);
  stream(reinterpret_cast<float*>(out + head), reinterpret_cast<const float*>(in + head), lines);
  std::memcpy(out + done, in + done, bytes - done);
  _mm_sfence();
}

void scale_inplace(std::byte* data, std::size_t bytes) {
  auto* floats = reinterpret_cast<float*>(data);
  std::size_t lines = 0;
  if (has_avx512()) {
    scale_avx512(floats, lines = bytes / line);
  } else if (has_avx2()) {
    scale_avx2(floats, lines = bytes / line);
  }
  scale_plain(floats + 16 * lines, bytes / 4 - 16 * lines);
}

#else

const char* limit_isa() { return "the compiler's target"; }

void stream_copy(std::byte* out, const std::byte* in, std::size_t bytes) {
  std::memcpy(out, in, bytes);
}

void scale_inplace(std::byte* data, std::size_t bytes) {
  scale_plain(reinterpret_cast<float*>(data), bytes / 4);
}

#endif

}  // namespace ropewalk_bench
