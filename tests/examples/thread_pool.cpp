// A thread pool: the engine's own, by Eigen's ThreadPoolDevice. A call is split by tokens; one of a
// single token, or one made by a thread of the pool, stays on the thread that makes it.
#define EIGEN_USE_THREADS  // before the first include of Eigen's tensors, in every unit alike
#include <cstdio>
#include <cstring>
#include <ropewalk/ropewalk.hpp>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

namespace rw = ropewalk;
using bf16 = Eigen::bfloat16;
static constexpr rw::Model llama = rw::model_named("Llama 3.2 1B");

int main() {
  Eigen::ThreadPool pool(2);
  // It does not own the pool. The pool itself in its place does not compile: "ropewalk: the device
  // is a bare pool, must be an Eigen::ThreadPoolDevice of it".
  const Eigen::ThreadPoolDevice device(&pool, 2);

  const rw::Shape shape{1, 512, llama.shape.heads, llama.shape.head_dim};
  std::vector<bf16> serial;
  for (rw::Index i = 0; i < shape.seq * shape.heads * shape.head_dim; ++i) {
    serial.push_back(bf16(float(i % 251) / 64 - 2));
  }
  std::vector<bf16> split = serial, inside = serial;
  const auto table = rw::model_table<bf16>(llama, rw::Grid{shape.seq});
  const auto turn = [&](const auto& by, std::vector<bf16>& x) {
    rw::rotate(by, rw::View<bf16>(x.data(), shape), rw::fixed_model<llama>, table);
  };
  turn(rw::serial, serial);
  turn(device, split);

  // A task of the pool may pass the same device: the call does not wait for other threads.
  Eigen::Barrier done(1);
  pool.Schedule([&] {
    turn(device, inside);
    done.Notify();
  });
  done.Wait();

  const std::size_t bytes = serial.size() * sizeof(bf16);
  const bool same = std::memcmp(split.data(), serial.data(), bytes) == 0 &&
                    std::memcmp(inside.data(), serial.data(), bytes) == 0;
  std::puts(same ? "the same bits" : "OTHER BITS");
  return same ? 0 : 1;
}
