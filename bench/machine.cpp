#include "machine.hpp"

#include <benchmark/benchmark.h>

#include <fstream>

#include "devices.hpp"
#include "moves.hpp"
#include "ropewalk/isa.hpp"
#include "ropewalk/version.hpp"

namespace ropewalk_bench {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string text; std::getline(info, text);) {
    // AArch64 has no such line.
    if (text.compare(0, 10, "model name") == 0) return text.substr(text.find(':') + 2);
  }
  return "unknown";
}

std::string caches() {
  std::string text;
  for (const auto& cache : benchmark::CPUInfo::Get().caches) {
    if (cache.type == "Instruction") continue;
    const int kib = cache.size / 1024;
    text += (text.empty() ? "L" : ", L") + std::to_string(cache.level) + " " +
            (kib < 1024 ? std::to_string(kib) + " KiB" : std::to_string(kib / 1024) + " MiB") +
            " for " + std::to_string(cache.num_sharing);
  }
  return text;
}

std::string version(int major, int minor, int patch) {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string compiler() {
#if defined(__clang__)
  return __VERSION__;
#else
  return "GCC " __VERSION__;
#endif
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine() {
  return {
      {"cpu", cpu_model()},
      {"cores", std::to_string(benchmark::CPUInfo::Get().num_cpus)},
      {"data caches", caches()},
      {"limits use", limit_isa()},
      {"fused uses", ropewalk::isa_name(ropewalk::default_isa())},
      {"compiler", compiler()},
      {"Eigen", version(EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION)},
      {"ropewalk", version(ROPEWALK_VERSION_MAJOR, ROPEWALK_VERSION_MINOR, ROPEWALK_VERSION_PATCH)},
  };
}

}  // namespace ropewalk_bench
