// The options of the command line, and which rows they ask for.
#ifndef ROPEWALK_BENCH_OPTIONS_HPP
#define ROPEWALK_BENCH_OPTIONS_HPP

#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace ropewalk_bench {

struct Options {
  bool quick = false;
  bool all_dtypes = false;
  bool list = false;
  std::vector<int> threads = {1, 2};
  int repetitions = 5;
  double min_time = 0.05;  ///< seconds a repetition; 0 leaves it to Google Benchmark's own option
  std::string out;         ///< where the JSON goes; empty: nowhere
  std::string filter;
};

/// Takes our options out of argv and leaves the rest to Google Benchmark.
///
/// Errors   std::invalid_argument: threads or repetitions that are no positive numbers
Options parse_options(int& argc, char** argv);

/// Prints our options, then Google Benchmark's.
void print_help();

/// Tells from a row's name whether the options ask for it.
///
/// Errors   std::regex_error: a filter that is no regular expression
class Selection {
 public:
  explicit Selection(const Options& options);

  bool wants(const std::string& name) const;

 private:
  bool restricted(const std::string& name) const;
  bool left_out_of_quick(const std::string& name) const;

  std::vector<std::pair<std::regex, std::regex>> restrictions_;
  std::vector<std::regex> quick_;
  std::regex filter_;
  bool filter_excludes_ = false;
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_OPTIONS_HPP
