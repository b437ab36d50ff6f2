// Rows off the main road of heads of 128 by shared float tables, and the readable forms.
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cuda_measure.cuh"
#include "cuda_session.cuh"
#include "ropewalk/cuda/apply.cuh"
#include "ropewalk/cuda/forms.cuh"
#include "ropewalk/table_layouts.hpp"

namespace ropewalk_bench {
namespace {

namespace rw = ropewalk;
using rw::Pairing;
using bf16 = __nv_bfloat16;

/// How x and its table lie.
struct Layout {
  Index pairs;                 // of the head_dim / 2
  bool heads_outside = false;  // [batch, heads, seq, head_dim]
  bool per_head = false;       // a table row for each head
  bool gathered = false;       // tokens by their ids
  const char* name = "";
  bool replayed = false;
};

class Corners {
 public:
  explicit Corners(Session& session) : session_(session) {}

  void run() {
    per_head();
    head_dims();
    layouts();
    partial();
    table_types();
    table_orders();
    forms<float>();
    forms<bf16>();
  }

 private:
  static constexpr rw::Shape shape_a{1, 8192, 40, 128};
  static constexpr Index most_entries = Index{8192} * 40 * 64, most_ids = shape_a.seq;

  /// Random entries: how they lie is what a row is about.
  template <class T, class Tab, class How>
  void inplace(const char* form, const rw::Shape& shape, const Layout& layout, double goal,
               const How& pairing) {
    const std::string name = row_name<T, Tab>("fused_inplace", shape, form);
    if (!session_.wanted(name)) return;
    const Index heads = layout.per_head ? shape.heads : 1;
    const Index row = heads * layout.pairs, entries = shape.seq * row;
    const Tab *cos = table_.as<Tab>(), *sin = cos + entries;
    fill<<<2048, 256, 0, session_.stream()>>>(table_.as<Tab>(), 2 * entries);
    const rw::Shape rows{1, shape.seq, heads, layout.pairs};
    const auto table = rw::half_table(rw::cuda::view(cos, rows), rw::cuda::view(sin, rows));
    const auto view = [&](T* data) {
      return layout.heads_outside ? rw::bhsd_view(rw::cuda::as_eigen(data), shape)
                                  : rw::cuda::view(data, shape);
    };
    const auto x = view(session_.x<T>()), out = view(session_.out<T>());
    session_.prepare<T>(size_of(shape));
    Row measured = row_of<T>(name, shape, layout.pairs, goal);
    measured.replayed = layout.replayed;
    session_.measure(
        measured,
        [&] {
          if (layout.gathered) {
            const auto by_ids = table.gather(ids_.as<std::int32_t>(), Index{1}, shape.seq);
            rw::cuda::apply_inplace(session_.stream(), out, by_ids, pairing);
          } else {
            rw::cuda::apply_inplace(session_.stream(), out, table, pairing);
          }
        },
        [&] {
          return wrong_elements(
              Comparison<T, Tab>{session_.x<T>(), session_.out<T>(), shape, x.strides(),
                                 out.strides(), cos, sin, row, layout.per_head ? layout.pairs : 0,
                                 1, layout.pairs, rw::Options(pairing).pairing == Pairing::half});
        });
  }

  /// Beside a copy of what turns; beside a flip of signs in the same gaps, if there are gaps.
  template <class T>
  Row row_of(const std::string& name, const rw::Shape& shape, Index pairs, double goal) {
    const Index rows = shape.batch * shape.seq * shape.heads;
    const auto packs = [](Index features) { return features * static_cast<Index>(sizeof(T)) / 16; };
    const Index turned = packs(2 * pairs), all = packs(shape.head_dim);
    Row row{name, goal, rows * 2 * pairs * static_cast<Index>(sizeof(T))};
    if (turned != all) row.limit = [=] { session_.flip(rows * turned, turned, all); };
    return row;
  }

  template <class T, class Tab = float>
  void both(const rw::Shape& shape, const Layout& layout, double goal, double goal_half) {
    inplace<T, Tab>(layout.name, shape, layout, goal, rw::interleaved_pairs);
    inplace<T, Tab>((std::string("/half") + layout.name).c_str(), shape, layout, goal_half,
                    rw::half_pairs);
  }

  /// The table's own bytes make 2.0 of a copy of x.
  void per_head() {
    both<bf16>(shape_a, {64, false, true, false, "/per_head"}, 2.1, 2.1);
    both<bf16>({1, 7392, 32, 128}, {64, false, true, false, "/per_head"}, 2.1, 2.1);  // LTX-2
  }

  void head_dims() {
    for (const rw::Shape& shape : {rw::Shape{1, 32768, 40, 32}, rw::Shape{1, 65536, 16, 32},
                                   rw::Shape{1, 32768, 40, 48}, rw::Shape{1, 65536, 16, 48}}) {
      both<bf16>(shape, {shape.head_dim / 2}, 1.08, 1.08);
    }
    for (const rw::Shape& shape :
         {rw::Shape{1, 16384, 40, 72}, rw::Shape{1, 16384, 40, 80}, rw::Shape{1, 8192, 40, 112},
          rw::Shape{1, 8192, 40, 120}, rw::Shape{1, 16384, 16, 256}, rw::Shape{1, 8192, 40, 512}}) {
      both<bf16>(shape, {shape.head_dim / 2}, 1.06, 1.06);
    }
    both<bf16>({1, 32768, 8, 128}, {64}, 1.06, 1.06);  // keys of grouped queries
  }

  void layouts() {
    both<bf16>(shape_a, {64, true, false, false, "/bhsd"}, 1.06, 1.06);
    both<bf16>({1, 32760, 40, 128}, {64, true, false, false, "/bhsd"}, 1.06, 1.06);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(most_ids));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
    check(cudaMemcpy(ids_.as<std::int32_t>(), ids.data(), ids.size() * sizeof(std::int32_t),
                     cudaMemcpyHostToDevice));
    both<bf16>(shape_a, {64, false, false, true, "/gathered"}, 1.06, 1.06);
    both<bf16>(shape_a, {32, false, false, true, "/gathered_partial64"}, 1.06, 1.06);
    both<bf16>(shape_a, {64, true, false, true, "/gathered_bhsd"}, 1.06, 1.06);
  }

  /// In place beside a flip of signs in the same gaps; out of place beside a copy of whole rows.
  void partial() {
    both<bf16>({1, 16384, 16, 256}, {32, false, false, false, "/partial64"}, 1.0, 1.0);  // GPT-J
    both<bf16>({1, 65536, 16, 256}, {32, false, false, false, "/partial64"}, 1.0, 1.0);
    both<bf16>(shape_a, {32, false, false, false, "/partial64"}, 1.0, 1.0);
    both<bf16>(shape_a, {48, false, false, false, "/partial96"}, 1.0, 1.0);
    out_of_place("/partial96", 48, rw::interleaved_pairs);
    out_of_place("/half/partial96", 48, rw::half_pairs);
  }

  void table_types() {
    both<double, double>(shape_a, {64}, 1.05, 1.05);
    both<bf16, double>(shape_a, {64}, 1.06, 1.06);
    both<bf16, bf16>(shape_a, {64}, 1.06, 1.06);
    both<__half, __half>(shape_a, {64}, 1.06, 1.06);
    // Of few tokens, as models of text have them.
    const Layout replayed{64, false, false, false, "/replay", true};
    both<bf16>({1, 1000, 32, 128}, replayed, 0, 0);
    both<bf16, bf16>({1, 1000, 32, 128}, replayed, 0, 0);
  }

  /// Entries two apart.
  void table_orders() {
    const Index width = 128, entries = shape_a.seq * width;
    const auto *cos = table_.as<float>(), *sin = cos + entries;
    const rw::Shape rows{1, shape_a.seq, 1, width};
    const auto cos_view = rw::cuda::view(cos, rows), sin_view = rw::cuda::view(sin, rows);
    ordered("/repeated", rw::repeated_table(cos_view, sin_view), cos, sin, width, 2);
    ordered("/even_odd", rw::even_odd_table(cos_view, sin_view), cos, sin + 1, width, 2);
  }

  template <class Table>
  void ordered(const char* more, const Table& table, const float* cos, const float* sin, Index row,
               Index step) {
    fill<<<2048, 256, 0, session_.stream()>>>(table_.as<float>(), 2 * shape_a.seq * 128);
    const auto x = rw::cuda::view(session_.x<bf16>(), shape_a);
    const auto out = rw::cuda::view(session_.out<bf16>(), shape_a);
    session_.prepare<bf16>(size_of(shape_a));
    session_.measure(
        {row_name<bf16>("fused_inplace", shape_a, more), 1.06, size_of(shape_a) * 2},
        [&] { rw::cuda::apply_inplace(session_.stream(), out, table, rw::interleaved_pairs); },
        [&] {
          return wrong_elements(Comparison<bf16, float>{session_.x<bf16>(), session_.out<bf16>(),
                                                        shape_a, x.strides(), out.strides(), cos,
                                                        sin, row, 0, step, 64, false});
        });
  }

  template <class How>
  void out_of_place(const char* more, Index pairs, const How& pairing) {
    const Index entries = shape_a.seq * pairs;
    const auto *cos = table_.as<float>(), *sin = cos + entries;
    fill<<<2048, 256, 0, session_.stream()>>>(table_.as<float>(), 2 * entries);
    const rw::Shape rows{1, shape_a.seq, 1, pairs};
    const auto table = rw::half_table(rw::cuda::view(cos, rows), rw::cuda::view(sin, rows));
    const auto x = rw::cuda::view(session_.x<bf16>(), shape_a);
    const auto out = rw::cuda::view(session_.out<bf16>(), shape_a);
    session_.prepare<bf16>(size_of(shape_a));
    session_.measure(
        {row_name<bf16>("fused", shape_a, more), 1.06, size_of(shape_a) * 2},
        [&] { rw::cuda::apply(session_.stream(), out, x, table, pairing); },
        [&] {
          return wrong_elements(Comparison<bf16, float>{
              session_.x<bf16>(), session_.out<bf16>(), shape_a, x.strides(), out.strides(), cos,
              sin, pairs, 0, 1, pairs, rw::Options(pairing).pairing == Pairing::half});
        });
  }

  /// A kernel that differs from another by its stores alone.
  template <class T>
  void forms() {
    const Index entries = shape_a.seq * 64;
    const auto *cos = table_.as<float>(), *sin = cos + entries;
    fill<<<2048, 256, 0, session_.stream()>>>(table_.as<float>(), 2 * entries);
    const rw::Shape rows{1, shape_a.seq, 1, 64};
    const auto table = rw::half_table(rw::cuda::view(cos, rows), rw::cuda::view(sin, rows));
    const auto x = rw::cuda::view(session_.x<T>(), shape_a);
    const auto out = rw::cuda::view(session_.out<T>(), shape_a);
    const auto verify = [&] {
      return wrong_elements(Comparison<T, float>{session_.x<T>(), session_.out<T>(), shape_a,
                                                 x.strides(), out.strides(), cos, sin, 64, 0, 1, 64,
                                                 false});
    };
    const Index bytes = size_of(shape_a) * static_cast<Index>(sizeof(T));
    session_.prepare<T>(size_of(shape_a));
    session_.measure(
        {row_name<T>("strided", shape_a), 0, bytes},
        [&] { rw::cuda::apply_strided(session_.stream(), out, x, table, rw::interleaved_pairs); },
        verify);
    session_.prepare<T>(size_of(shape_a));
    session_.measure(
        {row_name<T>("stack_flatten", shape_a), 0, bytes},
        [&] {
          rw::cuda::apply_stack_flatten(session_.stream(), out, x, table, rw::interleaved_pairs);
        },
        verify);
  }

  Session& session_;
  Memory table_{2 * most_entries * 4}, ids_{most_ids * 4};
};

}  // namespace

void measure_corners(Session& session) { Corners(session).run(); }

}  // namespace ropewalk_bench
