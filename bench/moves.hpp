// What limits how fast bytes move: the best copies and multiplications of this machine.
#ifndef ROPEWALK_BENCH_MOVES_HPP
#define ROPEWALK_BENCH_MOVES_HPP

#include <cstddef>

namespace ropewalk_bench {

/// The instruction set that they use, the best of the machine.
const char* limit_isa();

/// Copies past the caches; an ordinary copy where the machine has no such stores.
void stream_copy(std::byte* out, const std::byte* in, std::size_t bytes);

/// Multiplies `bytes / 4` floats by -1.
void scale_inplace(std::byte* data, std::size_t bytes);

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_MOVES_HPP
