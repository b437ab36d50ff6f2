// The benchmark binary; see print_help for its options.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>

#include "options.hpp"
#include "session.hpp"
#include "tables.hpp"

namespace {

int run(const ropewalk_bench::Options& options) {
  ropewalk_bench::Session session(options);
  for (const ropewalk_bench::Preset& preset : ropewalk_bench::presets) {
    ropewalk_bench::run_dtype<float>(session, preset);
    ropewalk_bench::run_dtype<Eigen::half>(session, preset);
    ropewalk_bench::run_dtype<Eigen::bfloat16>(session, preset);
  }
  ropewalk_bench::run_tables(session);
  return session.finish();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    ropewalk_bench::Options options = ropewalk_bench::parse_options(argc, argv);
    benchmark::Initialize(&argc, argv, ropewalk_bench::print_help);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    options.filter = benchmark::GetBenchmarkFilter();
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ropewalk_bench: %s\n", error.what());
    return 1;
  }
}
