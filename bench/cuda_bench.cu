// CUDA rows: what a call takes as a multiple of a device copy of the same bytes, in the same run.
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
#include <vector>

#include "cuda_eigen_forms.cuh"
#include "cuda_measure.cuh"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/table_layouts.hpp"

namespace ropewalk_bench {
namespace {

namespace rw = ropewalk;

template <class T>
struct Scalar;
template <>
struct Scalar<float> {
  static constexpr const char* name = "f32";
};
template <>
struct Scalar<__half> {
  static constexpr const char* name = "f16";
};
template <>
struct Scalar<__nv_bfloat16> {
  static constexpr const char* name = "bf16";
};

struct Measured {
  std::string name;
  Timing timing;
  double goal;    // times the copy; 0: none
  Index bytes;    // read and written
  bool verified;  // bit for bit; false: promises no bits
};

std::string text_of(const rw::Shape& shape) {
  return std::to_string(shape.batch) + "x" + std::to_string(shape.seq) + "x" +
         std::to_string(shape.heads) + "x" + std::to_string(shape.head_dim);
}

Index size_of(const rw::Shape& shape) {
  return shape.batch * shape.seq * shape.heads * shape.head_dim;
}

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

class Bench {
 public:
  explicit Bench(const std::string& filter) : filter_(filter) { check(cudaStreamCreate(&stream_)); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() { cudaStreamDestroy(stream_); }

  const std::vector<Measured>& rows() const { return rows_; }
  bool all_verified() const { return all_verified_; }

  void run() {
    for (const rw::Shape& shape : {shape_a, shape_b, shape_c, shape_d}) limits(shape);
    limit_in_place<12>(shape_a, "/partial96");
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

  /// A row: `call` turns `views` of out (x holds what was there), timed beside a copy of `bytes`.
  struct Row {
    std::string name;
    double goal;
    Index bytes;  // of x that is moved
    bool replayed = false;
  };

  bool wanted(const std::string& name) const { return name.find(filter_) != std::string::npos; }

  template <class T>
  static std::string name(const char* form, const rw::Shape& shape, const char* more = "") {
    return std::string("cuda/") + form + "/" + Scalar<T>::name + "/f32/" + text_of(shape) + more;
  }

  template <class T>
  void prepare(Index count) {
    fill<<<2048, 256, 0, stream_>>>(x_.as<T>(), count);
    check(cudaMemcpyAsync(out_.as<T>(), x_.as<T>(), static_cast<std::size_t>(count) * sizeof(T),
                          cudaMemcpyDeviceToDevice, stream_));
    check(cudaStreamSynchronize(stream_));
  }

  template <class T, class View>
  unsigned long long wrong(const View& out, const View& x, const rw::TableView<float>& table,
                           bool half_pairing) {
    check(cudaStreamSynchronize(stream_));
    const auto data = [](const View& view) { return reinterpret_cast<const T*>(view.data()); };
    return wrong_elements(Comparison<T>{data(x), data(out), x.shape(), x.strides(), out.strides(),
                                        table.readers().cos_a, table.readers().sin_a,
                                        table.seq_stride(), table.pairs(), half_pairing});
  }

  void copy(Index bytes) {
    check(cudaMemcpyAsync(out_.as<char>(), x_.as<char>(), static_cast<std::size_t>(bytes),
                          cudaMemcpyDeviceToDevice, stream_));
  }

  void copy_by_kernel(Index bytes) {
    const Index packs = bytes / 16;
    const auto blocks = static_cast<unsigned>((packs + 127) / 128);
    copy_kernel<<<blocks, 128, 0, stream_>>>(out_.as<uint4>(), x_.as<uint4>(), packs);
  }

  template <class Call>
  Timing timed(const Row& row, const Call& call) {
    if (!row.replayed)
      return side_by_side(
          stream_, [&] { copy(row.bytes); }, call);
    const Replay copies(stream_, [&] { copy(row.bytes); });
    const Replay calls(stream_, call);
    Timing timing = side_by_side(stream_, copies, calls);
    timing.microseconds /= Replay::calls;
    timing.limit_microseconds /= Replay::calls;
    return timing;
  }

  /// Calls once, verifies, times. `verify` counts wrong elements; none: promises no bits.
  void measure(const Row& row, const std::function<void()>& call,
               const std::function<unsigned long long()>& verify) {
    if (!wanted(row.name)) return;
    call();
    check(cudaStreamSynchronize(stream_));
    const unsigned long long differing = verify ? verify() : 0;
    if (differing != 0) return refuse(row.name, differing);
    rows_.push_back({row.name, timed(row, call), row.goal, 2 * row.bytes, verify != nullptr});
    print(rows_.back());
  }

  void refuse(const std::string& row_name, unsigned long long differing) {
    all_verified_ = false;
    std::printf("%-50s NOT TIMED: %llu elements are wrong\n", row_name.c_str(), differing);
  }

  static void print(const Measured& row) {
    std::printf("%-50s %9.2f us  copy %9.2f us  %6.3f", row.name.c_str(), row.timing.microseconds,
                row.timing.limit_microseconds, row.timing.ratio);
    if (row.goal > 0) {
      std::printf("  goal %.3f %s", row.goal, row.timing.ratio <= row.goal ? "met" : "MISSED");
    }
    std::printf("  %s\n", row.verified ? "verified" : "promises no bits");
    std::fflush(stdout);
  }

  /// Out of place and in place, dense, of x's whole shape.
  template <class T>
  void both(const rw::Shape& shape, const rw::TableView<float>& table, double goal,
            const char* more = "", const rw::Options& options = {}, double moved_in_place = 1) {
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    const auto x = rw::cuda::view(x_.as<T>(), shape);
    const auto out = rw::cuda::view(out_.as<T>(), shape);
    const bool half_pairing = options.pairing == rw::Pairing::half;
    const auto verify = [&] { return wrong<T>(out, x, table, half_pairing); };
    if (!wanted(name<T>("fused", shape, more)) && !wanted(name<T>("fused_inplace", shape, more))) {
      return;
    }
    prepare<T>(size_of(shape));
    measure(
        {name<T>("fused", shape, more), goal, bytes},
        [&] { rw::cuda::apply(stream_, out, x, table, options); }, verify);
    prepare<T>(size_of(shape));
    const auto moved = static_cast<Index>(static_cast<double>(bytes) * moved_in_place);
    measure(
        {name<T>("fused_inplace", shape, more), goal, moved},
        [&] { rw::cuda::apply_inplace(stream_, out, table, options); }, verify);
  }

  /// How near to the driver's copy plain kernels come, of a table's bytes free: one that copies and
  /// one that changes every word in place. Their bytes do not depend on the type.
  void limits(const rw::Shape& shape) {
    using T = __nv_bfloat16;
    const auto x = rw::cuda::view(x_.as<T>(), shape);
    const auto out = rw::cuda::view(out_.as<T>(), shape);
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    prepare<T>(size_of(shape));
    measure(
        {name<T>("limit_copy_kernel", shape), 0, bytes}, [&] { copy_by_kernel(bytes); },
        [&] { return wrong<T>(out, x, tables_.half(shape.seq, 0), false); });
    limit_in_place<16>(shape, "");
  }

  /// Of the first `Packs` 16 bytes of every 128 features.
  template <int Packs>
  void limit_in_place(const rw::Shape& shape, const char* more) {
    using T = __nv_bfloat16;
    const auto x = rw::cuda::view(x_.as<T>(), shape);
    const auto out = rw::cuda::view(out_.as<T>(), shape);
    const Index packs = size_of(shape) / 128 * Packs;
    const auto flip = [&] {
      flip_kernel<Packs><<<static_cast<unsigned>((packs + 127) / 128), 128, 0, stream_>>>(
          out_.as<uint4>(), packs);
    };
    prepare<T>(size_of(shape));
    measure({name<T>("limit_flip_inplace", shape, more), 0, packs * 16}, flip, [&] {
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
    both<T>(shape_a, tables_.half(shape_a.seq, 48), 1.06, "/partial96", {}, 0.75);
    both<T>(shape_a, tables_.half(shape_a.seq, 48), 1.06, "/half_partial96", half, 0.75);
    packed_qkv<T>();
  }

  /// q and k of packed [batch, seq, 3, heads, head_dim] where they lie, in one launch.
  template <class T>
  void packed_qkv() {
    const rw::Shape& shape = shape_a;
    const auto table = tables_.half(shape.seq);
    const auto part = [&](const Memory& memory, Index which) {
      return rw::qkv_view(rw::cuda::as_eigen(memory.as<T>()), shape, which);
    };
    auto q = part(out_, 0), k = part(out_, 1);
    prepare<T>(3 * size_of(shape));
    measure(
        {name<T>("fused_inplace", shape, "/qkv"), 1.06,
         2 * size_of(shape) * static_cast<Index>(sizeof(T))},
        [&] { rw::cuda::apply_inplace(stream_, std::tie(q, k), table); },
        [&] {
          return wrong<T>(q, part(x_, 0), table, false) + wrong<T>(k, part(x_, 1), table, false) +
                 wrong<T>(part(out_, 2), part(x_, 2), tables_.half(shape.seq, 0), false);
        });
  }

  void replays() {
    using T = __nv_bfloat16;
    for (const rw::Shape& shape : {one_token, decode, prefill}) {
      const auto x = rw::cuda::view(x_.as<T>(), shape);
      const auto out = rw::cuda::view(out_.as<T>(), shape);
      const auto table = tables_.half(shape.seq);
      const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
      prepare<T>(size_of(shape));
      measure(
          {name<T>("limit_copy_kernel", shape, "/replay"), 0, bytes, true},
          [&] { copy_by_kernel(bytes); },
          [&] { return wrong<T>(out, x, tables_.half(shape.seq, 0), false); });
      prepare<T>(size_of(shape));
      measure(
          {name<T>("fused", shape, "/replay"), 1.15, bytes, true},
          [&] { rw::cuda::apply(stream_, out, x, table); },
          [&] { return wrong<T>(out, x, table, false); });
    }
    query_and_key<T>();
  }

  /// Beside one tensor by itself, not beside a copy.
  template <class T>
  void query_and_key() {
    const rw::Shape keys{1, 1, 8, 128};
    const std::string row_name = name<T>("fused", one_token, "/q_and_k8/replay");
    if (!wanted(row_name)) return;
    const auto at = [&](const Memory& memory, Index offset, const rw::Shape& shape) {
      return rw::cuda::view(memory.as<T>() + offset, shape);
    };
    const Index q_size = size_of(one_token);
    auto q = at(x_, 0, one_token), k = at(x_, q_size, keys);
    auto q_out = at(out_, 0, one_token), k_out = at(out_, q_size, keys);
    const auto table = tables_.half(1);
    prepare<T>(q_size + size_of(keys));
    const auto call = [&] {
      rw::cuda::apply(stream_, std::tie(q_out, k_out), std::tie(q, k), table);
    };
    call();
    const auto differing = wrong<T>(q_out, q, table, false) + wrong<T>(k_out, k, table, false);
    if (differing != 0) return refuse(row_name, differing);
    const Replay ones(stream_, [&] { rw::cuda::apply(stream_, q_out, q, table); });
    const Replay pairs_of_calls(stream_, call);
    Timing timing = side_by_side(stream_, ones, pairs_of_calls);
    timing.microseconds /= Replay::calls;
    timing.limit_microseconds /= Replay::calls;
    rows_.push_back({row_name + " (copy: q alone)", timing, 1.2,
                     2 * (q_size + size_of(keys)) * static_cast<Index>(sizeof(T)), true});
    print(rows_.back());
  }

  template <class T>
  void eigen_forms() {
    using E = typename ViewOf<T>::Scalar;
    const rw::Shape& shape = shape_a;
    const EigenCall<E> call{reinterpret_cast<E*>(out_.as<T>()),
                            reinterpret_cast<const E*>(x_.as<T>()),
                            tables_.cos.as<float>(),
                            tables_.sin.as<float>(),
                            shape.seq,
                            shape.heads,
                            shape.head_dim};
    const Index bytes = size_of(shape) * static_cast<Index>(sizeof(T));
    prepare<T>(size_of(shape));
    measure(
        {name<T>("eigen_strided", shape), 0, bytes}, [&] { eigen_strided(stream_, call); },
        nullptr);
    measure(
        {name<T>("eigen_stack_flatten", shape), 0, bytes},
        [&] { eigen_stack_flatten(stream_, call); }, nullptr);
  }

  std::string filter_;
  cudaStream_t stream_ = nullptr;
  Memory x_{size_of(shape_c) * 4}, out_{size_of(shape_c) * 4};
  Tables tables_;
  std::vector<Measured> rows_;
  bool all_verified_ = true;
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
         << ", \"times_copy\": " << row.timing.ratio << ", \"goal\": " << row.goal
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
  std::printf("%s; a call's time, a device copy's, and their ratio: medians of 25 rounds\n",
              device_name().c_str());
  Bench bench(filter);
  bench.run();
  if (!out.empty()) write_json(out, bench.rows());
  return bench.all_verified() ? 0 : 1;
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
