// The unit in which an engine's rotary kernels are compiled, once; see own_unit.cpp, which calls
// it.
#include <ropewalk/ropewalk.hpp>
#include <tuple>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model llama = rw::model_named("Llama 3.1 8B");

namespace engine {

rw::Table<bf16> llama_table(rw::Index max_seq) {
  return rw::model_table<bf16>(llama, rw::Grid{max_seq});
}

void rotate_llama(const rw::View<bf16>& q, const rw::View<bf16>& k,
                  const rw::TableView<bf16>& rows) {
  rw::rotate(rw::serial, std::tie(q, k), rw::fixed_model<llama>, rows);
}

}  // namespace engine
