#include "options.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <stdexcept>

#include "devices.hpp"
#include "presets.hpp"

namespace ropewalk_bench {
namespace {

/// The value of "--name=value", or null if `argument` is another option.
const char* value_of(const std::string& argument, const std::string& name, const char* text) {
  const std::string prefix = name + "=";
  return argument.compare(0, prefix.size(), prefix) == 0 ? text + prefix.size() : nullptr;
}

constexpr int most_threads = 1024;

int positive(const char* option, const std::string& text) {
  const int number = std::atoi(text.c_str());
  if (number < 1 || text != std::to_string(number)) {
    throw std::invalid_argument(std::string(option) + " is \"" + text +
                                "\", must be a positive number");
  }
  return number;
}

/// Numbers between commas, in order, each once.
std::vector<int> numbers(const char* option, const std::string& text) {
  std::set<int> found;
  std::istringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) found.insert(positive(option, part));
  if (*found.rbegin() > most_threads) {
    throw std::invalid_argument(std::string(option) + " is \"" + text + "\", must be at most " +
                                std::to_string(most_threads));
  }
  return {found.begin(), found.end()};
}

/// True if the option is ours.
bool take(Options& options, const char* text) {
  const std::string argument = text;
  if (argument == "--quick") {
    options.quick = true;
  } else if (argument == "--all-dtypes") {
    options.all_dtypes = true;
  } else if (argument == "--benchmark_list_tests" || argument == "--benchmark_list_tests=true") {
    options.list = true;
  } else if (const char* out = value_of(argument, "--out", text)) {
    options.out = out;
  } else if (const char* benchmark_out = value_of(argument, "--benchmark_out", text)) {
    options.out = benchmark_out;
  } else if (const char* count = value_of(argument, "--benchmark_repetitions", text)) {
    options.repetitions = positive("--benchmark_repetitions", count);
  } else if (const char* threads = value_of(argument, "--threads", text)) {
    options.threads = numbers("--threads", threads);
  } else {
    return false;
  }
  return true;
}

}  // namespace

Options parse_options(int& argc, char** argv) {
  Options options;
  bool theirs = false;
  char** const end = std::remove_if(argv + std::min(argc, 1), argv + argc, [&](char* text) {
    theirs = theirs || value_of(text, "--benchmark_min_time", text) != nullptr;
    return take(options, text);
  });
  argc = static_cast<int>(end - argv);
  if (options.quick) options.min_time = 0.02;
  if (theirs) options.min_time = 0;
  return options;
}

void print_help() {
  std::puts(
      "ropewalk_bench: the forms of RoPE against the rate at which this machine copies memory\n"
      "\n"
      "  [--quick]         only the rows for which goals are set, about a minute\n"
      "  [--all-dtypes]    Wan2.2 480p in f32 and f16, too\n"
      "  [--threads=<numbers>]  between commas; 1,2 unless given\n"
      "  [--out=<file>]    write the results there as JSON; --benchmark_out is the same\n"
      "  [--benchmark_repetitions=<number>]  rounds over each group of rows; 5 unless given\n"
      "\n"
      "Names are rope/<form>/<dtype>/<table dtype>/<shape>/t<threads>, with a norm before the\n"
      "rotation norm/<form>/...; what else varies is one more field. A filter on them takes the\n"
      "limits and the rows along that its rows are compared with. The other options are Google\n"
      "Benchmark's:\n");
  benchmark::PrintDefaultHelp();
}

Selection::Selection(const Options& options) {
  for (const Restriction& restriction : restrictions) {
    restrictions_.emplace_back(std::regex(restriction.rows), std::regex(restriction.except));
  }
  if (!options.all_dtypes) restrictions_.emplace_back(std::regex(large_rows), std::regex("none"));
  if (options.quick) quick_.assign(std::begin(quick_rows), std::end(quick_rows));
  std::string filter = options.filter == "all" ? "" : options.filter;
  // As Google Benchmark has it: a minus in front excludes what matches.
  if (!filter.empty() && filter.front() == '-') {
    filter_excludes_ = true;
    filter.erase(0, 1);
  }
  filter_ = std::regex(filter, std::regex::extended);
}

bool Selection::restricted(const std::string& name) const {
  return std::any_of(restrictions_.begin(), restrictions_.end(), [&](const auto& restriction) {
    return std::regex_match(name, restriction.first) && !std::regex_match(name, restriction.second);
  });
}

bool Selection::left_out_of_quick(const std::string& name) const {
  return !quick_.empty() && std::none_of(quick_.begin(), quick_.end(), [&](const std::regex& row) {
    return std::regex_match(name, row);
  });
}

bool Selection::wants(const std::string& name) const {
  return !restricted(name) && !left_out_of_quick(name) &&
         std::regex_search(name, filter_) != filter_excludes_;
}

}  // namespace ropewalk_bench
