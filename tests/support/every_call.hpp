// Calls of everything that the library offers for one pair of types, again and again.
#ifndef ROPEWALK_TESTS_SUPPORT_EVERY_CALL_HPP
#define ROPEWALK_TESTS_SUPPORT_EVERY_CALL_HPP

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "bits.hpp"
#include "forms.hpp"
#include "reader_tables.hpp"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_test {

/// Every call that the library offers for one pair of types, by every form and with every option;
/// asks for no memory after its construction.
template <class X, class Tab>
class EveryCall {
 public:
  void operator()() {
    for (const Shape& each : shapes) {
      for (const Form& form : forms_) call_all(each, form);
    }
  }

 private:
  struct Shape {
    ropewalk::Shape x;
    Index pairs;
    Layout layout;
    bool gathered;
  };
  static constexpr Shape shapes[] = {{{1, 5, 3, 94}, 47, Layout::half, false},
                                     {{2, 3, 2, 640}, 300, Layout::packed, true},
                                     {{1, 1, 4, 128}, 64, Layout::four, false}};
  using P = ropewalk::Promoted<X, Tab>;

  void call_all(const Shape& shape, const Form& form) {
    ropewalk::TableView<Tab> table =
        table_over(table_.data(), shape.layout, {1, shape.x.seq, 1, shape.pairs});
    if (shape.gathered) table = table.gather(ids_);
    const ropewalk::View<const X> x(x_.data(), shape.x);
    for (const ropewalk::Pairing pairing :
         {ropewalk::Pairing::interleaved, ropewalk::Pairing::half}) {
      for (const ropewalk::Compute compute :
           {ropewalk::Compute::promoted, ropewalk::Compute::wide}) {
        for (const ropewalk::Stores stores :
             {ropewalk::Stores::automatic, ropewalk::Stores::nontemporal}) {
          CallOptions options;
          options.pairing = pairing;
          options.compute = compute;
          options.stores = stores;
          Forms<X, Tab>::like_x(form, ropewalk::View<X>(out_.data(), shape.x), x, table, options);
          if (form.in_place()) continue;
          Forms<X, Tab>::promoted(form, ropewalk::View<P>(wide_.data(), shape.x), x, table,
                                  options);
        }
      }
    }
  }

  static constexpr std::size_t size = std::size_t{2} * 3 * 2 * 640;
  std::vector<Form> forms_ = forms_of<X, X>();
  std::vector<X> x_ = random_values<X>(size, Values::special, 1);
  std::vector<Tab> table_ = random_values<Tab>(size, Values::special, 2);
  std::vector<X> out_ = std::vector<X>(size);
  std::vector<P> wide_ = std::vector<P>(size);
  Eigen::Tensor<std::int32_t, 1, Eigen::RowMajor> ids_ = [] {
    Eigen::Tensor<std::int32_t, 1, Eigen::RowMajor> ids(3);
    ids.setValues({2, 0, 2});
    return ids;
  }();
};

/// check(calls) for x of that type and tables of every type.
template <class X, class Check>
void with_every_table(const Check& check) {
  check(EveryCall<X, double>());
  check(EveryCall<X, float>());
  check(EveryCall<X, Eigen::half>());
  check(EveryCall<X, Eigen::bfloat16>());
}

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_EVERY_CALL_HPP
