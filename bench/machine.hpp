// What a run's figures hold for: the processor, its caches, the compiler.
#ifndef ROPEWALK_BENCH_MACHINE_HPP
#define ROPEWALK_BENCH_MACHINE_HPP

#include <string>
#include <utility>
#include <vector>

namespace ropewalk_bench {

/// Pairs of what and which, for the head of the table and the context of the JSON.
std::vector<std::pair<std::string, std::string>> machine();

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_MACHINE_HPP
