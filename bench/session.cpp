#include "session.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ropewalk_bench {
namespace {

/// Gathers what Google Benchmark measures, row by row.
class Collector : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(Group& group) {
    for (Row& row : group.rows) rows_[row.name] = &row;
  }

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration) {
        rows_.at(run.run_name.function_name)->runs.push_back(run);
      }
    }
  }

 private:
  std::map<std::string, Row*> rows_;
};

Verdict verified(const Row& row) {
  try {
    return row.verify();
  } catch (const std::exception& error) {
    return {error.what(), std::nullopt};
  }
}

void time_row(benchmark::State& state, const Row& row, const char* label) {
  state.SetLabel(label);
  if (!row.verdict.error.empty()) {
    state.SkipWithError(row.verdict.error.c_str());
    return;
  }
  row.prepare();
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): the loop's own counter
    row.call();
    benchmark::ClobberMemory();
  }
}

}  // namespace

Session::Session(const Options& options)
    : options_(options), selection_(options), report_(options.list ? "" : options.out) {
  for (const int threads : options.threads) {
    if (threads > 1 && !options.list) pools_.try_emplace(threads, threads);
  }
  if (!options.list) report_.begin();
}

bool Session::select(Group& group) const {
  std::vector<Row>& rows = group.rows;
  const auto wanted = [&](const Row& row) { return selection_.wants(row.name); };
  const bool any_form = std::any_of(
      rows.begin(), rows.end(), [&](const Row& row) { return !is_limit(row.kind) && wanted(row); });
  std::set<std::string> plain;
  for (const Row& row : rows) {
    if (wanted(row)) plain.insert(row.plain);
  }
  const auto unwanted = [&](const Row& row) {
    return !wanted(row) && !(any_form && is_limit(row.kind)) && plain.count(row.name) == 0;
  };
  rows.erase(std::remove_if(rows.begin(), rows.end(), unwanted), rows.end());
  if (!options_.list) return !rows.empty();
  for (const Row& row : rows) std::puts(row.name.c_str());
  return false;
}

void Session::run(Group& group) {
  report_.begin(group);
  for (Row& row : group.rows) row.verdict = verified(row);
  benchmark::ClearRegisteredBenchmarks();
  for (const Row& row : group.rows) {
    auto* timed = benchmark::RegisterBenchmark(
        row.name.c_str(), [&row, label = group.preset->name](benchmark::State& state) {
          time_row(state, row, label);
        });
    timed->UseRealTime();
    if (options_.min_time > 0) timed->MinTime(options_.min_time);
  }
  // Round by round, and not each row's repetitions in a row: the machine's changing load falls on
  // the limits as on what is compared to them.
  Collector collector(group);
  for (int round = 0; round < options_.repetitions; ++round) {
    benchmark::RunSpecifiedBenchmarks(&collector, ".");
  }
  report_.add(group);
}

}  // namespace ropewalk_bench
