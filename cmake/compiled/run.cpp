// What runs jobs, whatever the types of their tensors.
#include "ropewalk/cpu/run.hpp"

#include "ropewalk/cpu/compiled.hpp"
#include "ropewalk/cpu/token.hpp"
#include "without_flags.hpp"

ROPEWALK_BEGIN_TYPES
namespace detail {

bool compiled::rows_of_token(RowBatch& rows, const RawView& out, const RawView& x,
                             const RawTable& table, const Kernels& kernels) {
  return ROPEWALK_FLAGS_NAMESPACE::rows_of_token(rows, out, x, table, kernels);
}

bool compiled::rows_are_apart(const RawView& a, const RawView& b, std::uint64_t distance) {
  return ROPEWALK_FLAGS_NAMESPACE::rows_are_apart(a, b, distance);
}

void compiled::settle(Job& job, const Kernels& kernels, Stores stores, Normed normed) {
  ROPEWALK_FLAGS_NAMESPACE::settle(job, kernels, stores, normed);
}

void compiled::run(const Job* jobs, const Job* end, Index first_token, Index last_token) {
  ROPEWALK_FLAGS_NAMESPACE::run(jobs, end, first_token, last_token);
}

}  // namespace detail
ROPEWALK_END_TYPES
