#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "machine.hpp"

namespace ropewalk_bench {
namespace {

using Run = benchmark::BenchmarkReporter::Run;

double seconds(const Run& run) {
  return run.real_accumulated_time / static_cast<double>(run.iterations);
}

template <class Value>
double median(const std::vector<Run>& runs, const Value& value) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const Run& run : runs) values.push_back(value(run));
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

bool measured(const Row& row) { return row.verdict.error.empty() && !row.runs.empty(); }

double median_seconds(const Row& row) { return median(row.runs, seconds); }

double rate(const Row& row) {
  return measured(row) ? static_cast<double>(row.bytes) / median_seconds(row) : 0;
}

Limits limits_of(const Group& group, const Row& of) {
  Limits limits;
  for (const Row& row : group.rows) {
    if (row.kind == Kind::memcpy) limits.memcpy = rate(row);
    if (row.kind == Kind::stream_copy) limits.stream_copy = rate(row);
    if (row.kind == Kind::scale_inplace) limits.scale_inplace = rate(row);
    if (row.kind == Kind::fill) limits.fill = rate(row);
    if (row.name == of.plain) limits.plain = rate(row);
  }
  return limits;
}

/// Half the distance from the slowest to the fastest repetition, as a share of the median.
double spread(const Row& row) {
  const auto [fastest, slowest] =
      std::minmax_element(row.runs.begin(), row.runs.end(),
                          [](const Run& a, const Run& b) { return seconds(a) < seconds(b); });
  return (seconds(*slowest) - seconds(*fastest)) / 2 / median_seconds(row);
}

/// The counters of a run, or of the median. Ratios are to the median of the limit, so that their
/// median over the runs is that of the median row.
void set_counters(Run& run, const Row& row, const Limits& limits) {
  const double bytes_per_second = static_cast<double>(row.bytes) / seconds(run);
  run.counters["bytes_per_second"] = bytes_per_second;
  if (limits.memcpy > 0) run.counters["of_memcpy"] = bytes_per_second / limits.memcpy;
  const double limit = limits.of(row.kind);
  if (limit > 0) run.counters["of_limit"] = bytes_per_second / limit;
  if (limits.plain > 0) run.counters["of_plain"] = bytes_per_second / limits.plain;
  if (row.verdict.differing_share) {
    run.counters["differing_bits_share"] = *row.verdict.differing_share;
  }
}

Run median_run(const Row& row) {
  Run run = row.runs.front();
  // Google Benchmark divides an aggregate's times by the number of repetitions.
  const auto repetitions = static_cast<double>(row.runs.size());
  run.run_type = Run::RT_Aggregate;
  run.aggregate_name = "median";
  run.aggregate_unit = benchmark::kTime;
  run.iterations = static_cast<benchmark::IterationCount>(row.runs.size());
  run.real_accumulated_time = median_seconds(row) * repetitions;
  run.cpu_accumulated_time =
      repetitions * median(row.runs, [](const Run& one) {
        return one.cpu_accumulated_time / static_cast<double>(one.iterations);
      });
  return run;
}

/// "  f32 table: stack_flatten is 1.25 times as fast as strided", for each table.
void print_comparison(const Group& group) {
  for (const Row& strided : group.rows) {
    if (strided.form != "strided") continue;
    for (const Row& stacked : group.rows) {
      if (stacked.form != "stack_flatten" || stacked.table != strided.table) continue;
      if (!measured(strided) || !measured(stacked)) continue;
      const double ratio = rate(stacked) / rate(strided);
      const Row& winner = ratio < 1 ? strided : stacked;
      const Row& loser = ratio < 1 ? stacked : strided;
      std::printf("  %s table: %s is %.2f times as fast as %s\n", strided.table.c_str(),
                  winner.form.c_str(), std::max(ratio, 1 / ratio), loser.form.c_str());
    }
  }
}

}  // namespace

double Limits::of(Kind kind) const {
  if (kind == Kind::out_of_place) return std::max(memcpy, stream_copy);
  if (kind == Kind::in_place) return scale_inplace;
  return kind == Kind::build ? fill : 0;
}

Report::Report(const std::string& json) : path_(json) {
  if (path_.empty()) return;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  file_.open(path_);
  if (!file_) throw std::runtime_error("cannot write " + path_);
  json_.SetOutputStream(&file_);
}

void Report::begin() {
  for (const auto& [what, which] : machine()) {
    std::printf("%-12s %s\n", what.c_str(), which.c_str());
    benchmark::AddCustomContext(what, which);
  }
  std::puts(
      "\nGB/s: x read plus out written, medians of the repetitions. of limit: out of place, to\n"
      "the faster of memcpy and stream_copy; in place, to scale_inplace; a table, to\n"
      "filling its memory, both in memory touched before. +-: half the distance from the slowest "
      "to the fastest repetition.\n"
      "of plain: with a norm, to the rate of the same rotation without it.");
  if (!path_.empty()) json_.ReportContext(benchmark::BenchmarkReporter::Context());
}

void Report::begin(const Group& group) {
  std::printf("\n%s, %s, %s, %d thread%s\n", group.preset->name,
              shape_name(group.preset->shape).c_str(), group.dtype.c_str(), group.threads,
              group.threads == 1 ? "" : "s");
  std::printf("  %-33s %11s %8s %9s %10s %7s\n", "form/table", "us", "GB/s", "of limit",
              "of memcpy", "+-");
  std::fflush(stdout);
}

void Report::print(const Row& row, const Limits& limits) {
  const std::string title = is_limit(row.kind) ? "limit/" + row.form : row.form + "/" + row.table;
  if (!measured(row)) {
    std::printf("  %-33s FAILED: %s\n", title.c_str(), row.verdict.error.c_str());
    return;
  }
  const auto ratio = [&](double limit) {
    char text[16] = "";
    if (limit > 0) std::snprintf(text, sizeof(text), "%.2f", rate(row) / limit);
    return std::string(text);
  };
  std::printf("  %-33s %11.2f %8.2f %9s %10s %5.0f %%", title.c_str(), median_seconds(row) * 1e6,
              rate(row) / 1e9, ratio(limits.of(row.kind)).c_str(), ratio(limits.memcpy).c_str(),
              spread(row) * 100);
  if (row.verdict.differing_share) {
    std::printf("  other bits in %.2g %% of out", *row.verdict.differing_share * 100);
  }
  if (limits.plain > 0) std::printf("  %.2f of plain", rate(row) / limits.plain);
  std::puts("");
}

void Report::write(const Row& row, const Limits& limits) {
  std::vector<Run> runs = row.runs;
  if (measured(row)) runs.push_back(median_run(row));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Run& run = runs[i];
    // Without the options that Google Benchmark puts behind a name.
    run.run_name = benchmark::BenchmarkName();
    run.run_name.function_name = row.name;
    run.family_index = rows_;
    run.repetitions = static_cast<std::int64_t>(row.runs.size());
    if (run.run_type == Run::RT_Iteration) run.repetition_index = static_cast<std::int64_t>(i);
    if (measured(row)) set_counters(run, row, limits);
  }
  json_.ReportRuns(runs);
}

void Report::add(const Group& group) {
  for (const Row& row : group.rows) {
    const Limits limits = limits_of(group, row);
    print(row, limits);
    if (!path_.empty()) write(row, limits);
    ++rows_;
    if (!row.verdict.error.empty()) ++failures_;
  }
  print_comparison(group);
  std::fflush(stdout);
  file_.flush();
}

int Report::finish() {
  if (!path_.empty()) json_.Finalize();
  if (rows_ == 0) {
    std::fputs("ropewalk_bench: no row was asked for\n", stderr);
    return 1;
  }
  if (failures_ > 0) {
    std::fprintf(stderr, "\n%d of %d rows FAILED verification\n", failures_, rows_);
    return 1;
  }
  std::printf("\n%d rows, each verified before it was timed\n", rows_);
  if (!path_.empty()) std::printf("Raw results: %s\n", path_.c_str());
  return 0;
}

}  // namespace ropewalk_bench
