// Norms before the rotation whose instructions are counted. In calls.cpp they would change what the
// compiler inlines of the other calls.
#include <Eigen/Core>
#include <cstddef>
#include <vector>

#include "counted.hpp"
#include "ropewalk/norm.hpp"

namespace {

using namespace counted;

/// Per head, as torch.nn.RMSNorm and as Hugging Face's models.
template <class T>
void count_norms(Token<T>& of) {
  const std::vector<T> weight(static_cast<std::size_t>(of.shape.head_dim), T(0.75f));
  count(of.name("fused_norm"), [&] {
    rw::apply_inplace(rw::serial, of.x, rw::rms_norm_torch(weight.data(), of.shape.head_dim),
                      of.table, rw::interleaved_pairs);
  });
  count(of.name("fused_norm") + "/hf_half", [&] {
    rw::apply_inplace(rw::serial, of.x, rw::rms_norm_hf(weight.data(), of.shape.head_dim), of.table,
                      rw::half_pairs);
  });
}

template <class T>
void count_type() {
  Token<T> token(32, 128), least(1, 8);
  count_norms(token);
  count_norms(least);
}

}  // namespace

int main(int argc, char** argv) {
  begin(argc, argv);
  count_type<float>();
  count_type<Eigen::half>();
  count_type<Eigen::bfloat16>();
}
