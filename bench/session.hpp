// One run of the benchmark: groups of rows, verified, timed in rounds and reported.
#ifndef ROPEWALK_BENCH_SESSION_HPP
#define ROPEWALK_BENCH_SESSION_HPP

#include <map>
#include <type_traits>
#include <utility>
#include <vector>

#include "devices.hpp"
#include "forms.hpp"
#include "limits.hpp"
#include "norms.hpp"
#include "options.hpp"
#include "report.hpp"
#include "rows.hpp"
#include "variants.hpp"
#include "workspace.hpp"

namespace ropewalk_bench {

class Session {
 public:
  explicit Session(const Options& options);

  /// The numbers of threads that were asked for.
  const std::vector<int>& threads() const { return options_.threads; }

  /// Whether rows are only listed, which takes no threads.
  bool lists() const { return options_.list; }

  const Eigen::ThreadPoolDevice& pool(int threads) { return pools_.at(threads).device; }

  /// Drops the rows that were not asked for; false if none is left to run.
  bool select(Group& group) const;

  /// Verifies the rows, times them in rounds and reports them.
  void run(Group& group);

  /// Ends the report; the program's exit status.
  int finish() { return options_.list ? 0 : report_.finish(); }

 private:
  Options options_;
  Selection selection_;
  std::map<int, Pool> pools_;  ///< by their threads
  Report report_;
};

template <class X, class Device>
void run_group(Session& session, Workspace<X>& work, const Device& device, int threads) {
  Group group{&work.preset(), dtype_name<X>(), threads, {}};
  add_limits(group, work, device);
  add_forms<float>(group, work, device);
  if constexpr (!std::is_same_v<X, float>) add_forms<X>(group, work, device);
  add_variants(group, work, device);
  add_slots(group, work, device);
  add_norms(group, work, device);
  if (!session.select(group)) return;
  work.fill();
  session.run(group);
}

template <class X>
void run_dtype(Session& session, const Preset& preset) {
  Workspace<X> work(preset);
  for (const int threads : session.threads()) {
    if (threads == 1 || session.lists()) {
      run_group(session, work, Eigen::DefaultDevice(), threads);
    } else {
      run_group(session, work, session.pool(threads), threads);
    }
  }
}

// Each in a file of its own, so that they compile side by side.
extern template void run_dtype<float>(Session&, const Preset&);
extern template void run_dtype<Eigen::half>(Session&, const Preset&);
extern template void run_dtype<Eigen::bfloat16>(Session&, const Preset&);

}  // namespace ropewalk_bench

#endif  // ROPEWALK_BENCH_SESSION_HPP
