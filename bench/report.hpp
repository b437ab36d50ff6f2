// What was measured: rates, ratios to the limits, as JSON and as a table.
#ifndef ROPEWALK_BENCH_REPORT_HPP
#define ROPEWALK_BENCH_REPORT_HPP

#include <benchmark/benchmark.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "rows.hpp"

namespace ropewalk_bench {

/// Rates in bytes a second, the medians over the repetitions; 0 where one was not measured.
struct Limits {
  double memcpy = 0;
  double stream_copy = 0;
  double scale_inplace = 0;
  double fill = 0;
  double plain = 0;  ///< of the row without the norm

  /// What a row of that kind is held to.
  double of(Kind kind) const;
};

class Report {
 public:
  /// Errors   std::runtime_error: `json` is not empty and cannot be written
  explicit Report(const std::string& json);

  /// Prints what the machine is.
  void begin();

  /// Prints what is measured next.
  void begin(const Group& group);

  /// Computes the counters from the group's runs, writes and prints them.
  void add(const Group& group);

  /// Ends the JSON and prints a summary; the program's exit status.
  int finish();

 private:
  void write(const Row& row, const Limits& limits);
  void print(const Row& row, const Limits& limits);

  std::string path_;
  std::ofstream file_;
  benchmark::JSONReporter json_;
  int rows_ = 0;
  int failures_ = 0;
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_REPORT_HPP
