// A row of the benchmark: its name, what it times, and how it is verified.
#ifndef ROPEWALK_BENCH_ROWS_HPP
#define ROPEWALK_BENCH_ROWS_HPP

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devices.hpp"
#include "presets.hpp"
#include "verify.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

enum class Kind { memcpy, stream_copy, scale_inplace, fill, out_of_place, in_place, build };

inline bool is_limit(Kind kind) { return kind < Kind::out_of_place; }

struct Row {
  Kind kind;
  std::string name;
  std::string form;               ///< "@<isa>" behind it where one is forced, "norm/" before it
  std::string table;              ///< table dtype and variant; empty for limits
  std::string plain;              ///< the name of the row without the norm; empty for none
  std::int64_t bytes = 0;         ///< read from x plus written to out, a call; see Moved
  std::function<void()> prepare;  ///< before each timing, untimed
  std::function<void()> call;
  std::function<Verdict()> verify;
  Verdict verdict;
  std::vector<benchmark::BenchmarkReporter::Run> runs;  ///< one a repetition
};

/// The rows of one shape, dtype and number of threads: the limits, then what is compared to them.
struct Group {
  const Preset* preset;
  std::string dtype;
  int threads;
  std::vector<Row> rows;
};

template <class T>
const char* dtype_name() {
  if constexpr (std::is_same_v<T, double>) return "f64";
  if constexpr (std::is_same_v<T, float>) return "f32";
  if constexpr (std::is_same_v<T, Eigen::half>) return "f16";
  if constexpr (std::is_same_v<T, Eigen::bfloat16>) return "bf16";
}

inline std::string shape_name(const ropewalk::Shape& shape) {
  return std::to_string(shape.batch) + "x" + std::to_string(shape.seq) + "x" +
         std::to_string(shape.heads) + "x" + std::to_string(shape.head_dim);
}

/// The end of every name: <shape>/t<threads>.
inline std::string place_name(const Group& group) {
  return shape_name(group.preset->shape) + "/t" + std::to_string(group.threads);
}

/// What tells the names of a RowMaker's rows apart from others of the same form.
struct Names {
  std::string table;      ///< its dtype
  std::string variant{};  ///< the last field; empty for none
  std::string what = "rope";
};

/// Where a call moves other bytes than all of x and all of out.
struct Moved {
  double share_in_place = 1;     ///< of x, where features that do not turn are not touched
  std::int64_t table_bytes = 0;  ///< counted where the table is as large as x
};

/// Adds rows that rotate the workspace's x by one table, all held to one reference.
///
/// `reference` writes what out must be to the workspace's expected and says what is wrong with it,
/// empty for nothing.
template <class X>
class RowMaker {
 public:
  RowMaker(Group& group, Workspace<X>& work, const Names& names,
           std::function<std::string()> reference, const Moved& moved = {})
      : group_(group),
        work_(work),
        what_(names.what),
        table_(names.table),
        variant_(names.variant.empty() ? "" : "/" + names.variant),
        reference_(std::move(reference)),
        moved_(moved) {}

  void out_of_place(const std::string& form, const std::function<void()>& call) {
    out_of_place(form, call, [&work = work_] { return compare_bits(work); });
  }

  /// `check` compares out to expected.
  void out_of_place(const std::string& form, const std::function<void()>& call,
                    const std::function<Verdict()>& check) {
    Row& row = add(Kind::out_of_place, form, call);
    row.prepare = [] {};
    row.verify = verification([&work = work_] { work.poison_out(); }, call, check);
  }

  /// `call` rotates the workspace's out where it lies.
  Row& in_place(const std::string& form, const std::function<void()>& call) {
    Row& row = add(Kind::in_place, form, call);
    // A fresh start each time: rounding would move the values on from call to call.
    row.prepare = [&work = work_] { work.copy_x_to_out(); };
    row.verify = verification(row.prepare, call, [&work = work_] { return compare_bits(work); });
    return row;
  }

 private:
  Row& add(Kind kind, const std::string& form, const std::function<void()>& call) {
    Row row;
    row.kind = kind;
    row.form = what_ == "rope" ? form : what_ + "/" + form;
    row.table = table_ + variant_;
    row.name = what_ + "/" + form + "/" + group_.dtype + "/" + table_ + "/" + place_name(group_) +
               variant_;
    row.bytes =
        moved_.table_bytes +
        2 * (kind == Kind::in_place ? static_cast<std::int64_t>(moved_.share_in_place *
                                                                static_cast<double>(work_.bytes()))
                                    : work_.bytes());
    row.call = call;
    group_.rows.push_back(std::move(row));
    return group_.rows.back();
  }

  std::function<Verdict()> verification(const std::function<void()>& prepare,
                                        const std::function<void()>& call,
                                        const std::function<Verdict()>& check) const {
    const std::string tag = what_ + "/" + table_ + variant_;
    return [&work = work_, tag, reference = reference_, prepare, call, check] {
      std::string& written = work.expected_tag();
      if (written != tag) {
        const std::string error = reference();
        if (!error.empty()) return Verdict{"the reference is wrong: " + error, std::nullopt};
        written = tag;
      }
      prepare();
      call();
      return check();
    };
  }

  Group& group_;
  Workspace<X>& work_;
  std::string what_;
  std::string table_;
  std::string variant_;  ///< with its slash
  std::function<std::string()> reference_;
  Moved moved_;
};

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_ROWS_HPP
