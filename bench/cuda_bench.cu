// CUDA rows: what a call takes as a multiple of its limit in the same run, a device copy of the
// same bytes if it has no other.
//
//   ropewalk_cuda_bench [--out=FILE] [--filter=TEXT]   FILE: JSON; TEXT: part of the rows' names
#include <cuda_runtime.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "cuda_eigen_forms.cuh"
#include "cuda_measure.cuh"
#include "cuda_session.cuh"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/table_layouts.hpp"

namespace ropewalk_bench {
namespace {

namespace rw = ropewalk;

constexpr rw::Shape shape_a{1, 8192, 40, 128}, shape_b{1, 32760, 40, 128};
constexpr rw::Shape shape_c{1, 75600, 40, 128}, shape_d{4, 4096, 32, 128};
constexpr rw::Shape one_token{1, 1, 32, 128}, decode{64, 1, 32, 128}, prefill{1, 256, 40, 128};
constexpr Index most_tokens = 75600, pairs = 64;

/// The tables in device memory: cos and sin, and Helios' packed form of the first rows of them.
struct Tables {
  static constexpr Index packed_rows = 8192;
  Memory cos{most_tokens * pairs * 4}, sin{most_tokens * pairs * 4};
  Memory packed{packed_rows * 4 * pairs * 4};

  Tables() {
    std::vector<float> c(most_tokens * pairs), s(c.size()), p(packed_rows * 4 * pairs);
    for (Index t = 0; t < most_tokens; ++t) {
      for (Index i = 0; i < pairs; ++i) {
        const double angle = static_cast<double>(t) *
                             std::pow(1e4, -static_cast<double>(i) / static_cast<double>(pairs));
        const auto at = static_cast<std::size_t>(t * pairs + i);
        c[at] = static_cast<float>(std::cos(angle));
        s[at] = static_cast<float>(std::sin(angle));
        if (t >= packed_rows) continue;
        const auto row = static_cast<std::size_t>(t * 4 * pairs + 2 * i);
        p[row] = p[row + 1] = c[at];
        p[row + 2 * pairs] = p[row + 2 * pairs + 1] = s[at];
      }
    }
    upload(cos, c);
    upload(sin, s);
    upload(packed, p);
  }

  rw::TableView<float> half(Index seq, Index width = pairs) const {
    const rw::Shape shape{1, seq, 1, width};
    const rw::Strides strides{0, pairs, 0};
    return rw::half_table(rw::View<float>(cos.as<float>(), shape, strides),
                          rw::View<float>(sin.as<float>(), shape, strides));
  }

  rw::TableView<float> helios(Index seq) const {
    return rw::packed_table(rw::View<float>(packed.as<float>(), {1, seq, 1, 4 * pairs}));
  }

 private:
  static void upload(const Memory& to, const std::vector<float>& from) {
    check(cudaMemcpy(to.as<float>(), from.data(), from.size() * sizeof(float),
                     cudaMemcpyHostToDevice));
  }
};

/// Heads of 128 by shared float tables.
class Bench {
 public:
  explicit Bench(Session& session) : session_(session) {}

  void run() {
    for (const rw::Shape& shape : {shape_a, shape_b, shape_c, shape_d}) limits(shape);
    dense_rows<__nv_bfloat16>(1.045, 1.03);
    dense_rows<__half>(1.045, 1.03);
    dense_rows<float>(1.03, 1.03);
    other_layouts();
    replays();
    eigen_forms<float>();
    eigen_forms<__nv_bfloat16>();
  }

 private:
  template <class T>
  using ViewOf = decltype(rw::cuda::view(std::declval<T*>(), rw::Shape{}));

  cudaStream_t stream() const { return session_.stream(); }

  template <class T, class View>
  unsigned long long wrong(const View& out, const View& x, const rw::TableView<float>& table,
                           bool half_pairing) {
    check(cudaStreamSynchronize(stream()));
    const auto data = [](const View& view) { return reinterpret_cast<const T*>(view.data()); };
    const rw::CoefficientReader<float> cos = table.readers().cos_a;
    return wrong_elements(Comparison<T, float>{data(x), data(out), x.shape(), x.strides(),
                                               out.strides(), cos.data, table.readers().sin_a.data,
                                               table.seq_stride(), 0, cos.stride, table.pairs(),
                                               half_pairing});
  }

  void copy_by_kernel(Index bytes) {
    const Index packs = bytes / 16;
    const auto blocks = static_cast<unsigned>((packs + 127) / 128);
    copy_kernel<<<blocks, 128, 0, stream()>>>(session_.out<uint4>(), session_.x<uint4>(), packs);
  }

  /// Out of place and in place, dense, of x's whole shape.
  template <class T>
  void both(const rw::Shape& shape, const rw::TableView<float>& table, double goal,
            const char* more = "", const rw::Options& options = {}) {
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    const auto x = rw::cuda::view(session_.x<T>(), shape);
    const auto out = rw::cuda::view(session_.out<T>(), shape);
    const bool half_pairing = options.pairing == rw::Pairing::half;
    const auto verify = [&] { return wrong<T>(out, x, table, half_pairing); };
    if (!session_.wanted(row_name<T>("fused", shape, more)) &&
        !session_.wanted(row_name<T>("fused_inplace", shape, more))) {
      return;
    }
    session_.prepare<T>(size_of(shape));
    session_.measure(
        {row_name<T>("fused", shape, more), goal, bytes},
        [&] { rw::cuda::apply(stream(), out, x, table, options); }, verify);
    session_.prepare<T>(size_of(shape));
    session_.measure(
        {row_name<T>("fused_inplace", shape, more), goal, bytes},
        [&] { rw::cuda::apply_inplace(stream(), out, table, options); }, verify);
  }

  /// How near to the driver's copy plain kernels come, of a table's bytes free: one that copies and
  /// one that changes every word in place. Their bytes do not depend on the type.
  void limits(const rw::Shape& shape) {
    using T = __nv_bfloat16;
    const auto x = rw::cuda::view(session_.x<T>(), shape);
    const auto out = rw::cuda::view(session_.out<T>(), shape);
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    session_.prepare<T>(size_of(shape));
    session_.measure(
        {row_name<T>("limit_copy_kernel", shape), 0, bytes}, [&] { copy_by_kernel(bytes); },
        [&] { return wrong<T>(out, x, tables_.half(shape.seq, 0), false); });
    limit_in_place(shape);
  }

  void limit_in_place(const rw::Shape& shape) {
    using T = __nv_bfloat16;
    const auto x = rw::cuda::view(session_.x<T>(), shape);
    const auto out = rw::cuda::view(session_.out<T>(), shape);
    const Index packs = size_of(shape) / 8;
    const auto flip = [&] { session_.flip(packs, 1, 1); };
    session_.prepare<T>(size_of(shape));
    session_.measure({row_name<T>("limit_flip_inplace", shape), 0, packs * 16}, flip, [&] {
      flip();
      return wrong<T>(out, x, tables_.half(shape.seq, 0), false);
    });
  }

  template <class T>
  void dense_rows(double goal_a, double goal) {
    both<T>(shape_a, tables_.half(shape_a.seq), goal_a);
    both<T>(shape_b, tables_.half(shape_b.seq), goal);
    both<T>(shape_c, tables_.half(shape_c.seq), goal);
    both<T>(shape_d, tables_.half(shape_d.seq), goal);
  }

  void other_layouts() {
    using T = __nv_bfloat16;
    rw::Options half;
    half.pairing = rw::Pairing::half;
    both<T>(shape_a, tables_.helios(shape_a.seq), 1.07, "/packed");
    both<T>(shape_a, tables_.half(shape_a.seq), 1.06, "/half", half);
    packed_qkv<T>();
  }

  /// q and k of packed [batch, seq, 3, heads, head_dim] where they lie, in one launch.
  template <class T>
  void packed_qkv() {
    const rw::Shape& shape = shape_a;
    const auto table = tables_.half(shape.seq);
    const auto part = [&](T* data, Index which) {
      return rw::qkv_view(rw::cuda::as_eigen(data), shape, which);
    };
    auto q = part(session_.out<T>(), 0), k = part(session_.out<T>(), 1);
    session_.prepare<T>(3 * size_of(shape));
    session_.measure(
        {row_name<T>("fused_inplace", shape, "/qkv"), 1.06,
         2 * size_of(shape) * static_cast<Index>(sizeof(T))},
        [&] { rw::cuda::apply_inplace(stream(), std::tie(q, k), table); },
        [&] {
          return wrong<T>(q, part(session_.x<T>(), 0), table, false) +
                 wrong<T>(k, part(session_.x<T>(), 1), table, false) +
                 wrong<T>(part(session_.out<T>(), 2), part(session_.x<T>(), 2),
                          tables_.half(shape.seq, 0), false);
        });
  }

  void replays() {
    using T = __nv_bfloat16;
    const std::pair<rw::Shape, double> shapes_and_goals[] = {
        {one_token, 1.15}, {decode, 1.06}, {prefill, 1.15}};
    for (const auto& [of, goal] : shapes_and_goals) {
      const rw::Shape& shape = of;  // which lambdas can hold
      const auto x = rw::cuda::view(session_.x<T>(), shape);
      const auto out = rw::cuda::view(session_.out<T>(), shape);
      const auto table = tables_.half(shape.seq);
      const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
      session_.prepare<T>(size_of(shape));
      session_.measure(
          {row_name<T>("limit_copy_kernel", shape, "/replay"), 0, bytes, true},
          [&] { copy_by_kernel(bytes); },
          [&] { return wrong<T>(out, x, tables_.half(shape.seq, 0), false); });
      session_.prepare<T>(size_of(shape));
      session_.measure(
          {row_name<T>("fused", shape, "/replay"), goal, bytes, true},
          [&] { rw::cuda::apply(stream(), out, x, table); },
          [&] { return wrong<T>(out, x, table, false); });
    }
    query_and_key<T>();
  }

  /// Beside one tensor by itself, not beside a copy.
  template <class T>
  void query_and_key() {
    const rw::Shape keys{1, 1, 8, 128};
    const Index q_size = size_of(one_token), size = q_size + size_of(keys);
    const auto at = [](T* memory, Index offset, const rw::Shape& shape) {
      return rw::cuda::view(memory + offset, shape);
    };
    T *x = session_.x<T>(), *out = session_.out<T>();
    auto q = at(x, 0, one_token), k = at(x, q_size, keys);
    auto q_out = at(out, 0, one_token), k_out = at(out, q_size, keys);
    const auto table = tables_.half(1);
    session_.prepare<T>(size);
    const auto of_q = [&] { rw::cuda::apply(stream(), q_out, q, table); };
    session_.measure(
        {row_name<T>("fused", one_token, "/q_and_k8/replay"), 1.2,
         size * static_cast<Index>(sizeof(T)), true, of_q},
        [&] { rw::cuda::apply(stream(), std::tie(q_out, k_out), std::tie(q, k), table); },
        [&] { return wrong<T>(q_out, q, table, false) + wrong<T>(k_out, k, table, false); });
  }

  template <class T>
  void eigen_forms() {
    using E = typename ViewOf<T>::Scalar;
    const rw::Shape& shape = shape_a;
    const EigenCall<E> call{reinterpret_cast<E*>(session_.out<T>()),
                            reinterpret_cast<const E*>(session_.x<T>()),
                            tables_.cos.as<float>(),
                            tables_.sin.as<float>(),
                            shape.seq,
                            shape.heads,
                            shape.head_dim};
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    session_.prepare<T>(size_of(shape));
    session_.measure(
        {row_name<T>("eigen_strided", shape), 0, bytes}, [&] { eigen_strided(stream(), call); },
        nullptr);
    session_.measure(
        {row_name<T>("eigen_stack_flatten", shape), 0, bytes},
        [&] { eigen_stack_flatten(stream(), call); }, nullptr);
  }

  Session& session_;
  Tables tables_;
};

std::string device_name() {
  cudaDeviceProp properties = {};
  check(cudaGetDeviceProperties(&properties, 0));
  return properties.name;
}

void write_json(const std::string& path, const std::vector<Measured>& rows) {
  std::ofstream file(path);
  file << "{\n  \"context\": {\"device\": \"" << device_name()
       << "\", \"cuda_runtime\": " << CUDART_VERSION << "},\n  \"benchmarks\": [";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Measured& row = rows[i];
    const double seconds = row.timing.microseconds * 1e-6;
    file << (i == 0 ? "" : ",") << "\n    {\"name\": \"" << row.name
         << "\", \"real_time\": " << row.timing.microseconds << ", \"time_unit\": \"us\""
         << ", \"limit_time\": " << row.timing.limit_microseconds
         << ", \"times_limit\": " << row.timing.ratio << ", \"goal\": " << row.goal
         << ", \"bytes_per_second\": " << static_cast<double>(row.bytes) / seconds
         << ", \"verified\": " << (row.verified ? "true" : "false") << "}";
  }
  file << "\n  ]\n}\n";
  if (!file) throw std::runtime_error("cannot write " + path);
}

int run(int argc, char** argv) {
  std::string out, filter;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--out=", 0) == 0) {
      out = argument.substr(6);
    } else if (argument.rfind("--filter=", 0) == 0) {
      filter = argument.substr(9);
    } else {
      std::fprintf(stderr, "usage: %s [--out=FILE] [--filter=TEXT]\n", argv[0]);
      return 2;
    }
  }
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::fprintf(stderr, "note: no CUDA device here; nothing measured\n");
    return 77;
  }
  std::printf(
      "%s; a call's time, its limit's (a device copy's, if no other), and their ratio: "
      "medians of 25 rounds\n",
      device_name().c_str());
  Session session(filter);
  Bench(session).run();
  measure_corners(session);
  measure_norms(session);
  if (!out.empty()) write_json(out, session.rows());
  return session.all_verified() ? 0 : 1;
}

}  // namespace
}  // namespace ropewalk_bench

int main(int argc, char** argv) {
  try {
    return ropewalk_bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ropewalk_cuda_bench: %s\n", error.what());
    return 1;
  }
}
