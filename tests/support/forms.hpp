// Every way to call the library: the readable forms, and the fused one on every instruction set.
#ifndef ROPEWALK_TESTS_SUPPORT_FORMS_HPP
#define ROPEWALK_TESTS_SUPPORT_FORMS_HPP

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>
#include <vector>

#include "ropewalk/ropewalk.hpp"
// Units compiled with ROPEWALK_TESTS_ON_CUDA run the same tests on a device.
#if defined(ROPEWALK_TESTS_ON_CUDA)
#include "cuda_form.hpp"
#endif

namespace ropewalk_test {

using ropewalk::Index;

inline std::size_t count_of(Index size) { return static_cast<std::size_t>(size); }

inline std::size_t size_of(const ropewalk::Shape& shape) {
  return count_of(shape.batch * shape.seq * shape.heads * shape.head_dim);
}

struct Form {
  enum Kind { strided, stack_flatten, fused, fused_inplace, cuda, cuda_inplace };

  Kind kind;
  ropewalk::Isa isa;  // of the fused kinds

  bool in_place() const { return kind == fused_inplace || kind == cuda_inplace; }

  std::string name() const {
    if (kind == strided) return "strided";
    if (kind == stack_flatten) return "stack_flatten";
    if (kind == cuda) return "cuda";
    if (kind == cuda_inplace) return "cuda_inplace";
    return std::string(kind == fused ? "fused@" : "fused_inplace@") + ropewalk::isa_name(isa);
  }
};

/// Every form that reads an X and writes an Out; in place only where the types are one.
template <class Out, class X>
std::vector<Form> forms_of() {
#if defined(ROPEWALK_TESTS_ON_CUDA)
  std::vector<Form> on_cuda = {{Form::cuda, {}}};
  if (std::is_same_v<Out, X>) on_cuda.push_back({Form::cuda_inplace, {}});
  return on_cuda;
#endif
  std::vector<Form> forms = {{Form::strided, {}}, {Form::stack_flatten, {}}};
  for (const ropewalk::Isa isa : ropewalk::available_isas()) {
    forms.push_back({Form::fused, isa});
    if (std::is_same_v<Out, X>) forms.push_back({Form::fused_inplace, isa});
  }
  return forms;
}

/// Copies every bit; x and out have the same type and shape.
template <class T>
void copy_rows(const ropewalk::View<T>& out, const ropewalk::View<const T>& x) {
  const std::size_t bytes = count_of(x.head_dim()) * sizeof(T);
  for (Index b = 0; b < x.batch(); ++b) {
    for (Index s = 0; s < x.seq(); ++s) {
      for (Index h = 0; h < x.heads() && bytes > 0; ++h) {
        std::memcpy(static_cast<void*>(out.row(b, s, h)), x.row(b, s, h), bytes);
      }
    }
  }
}

/// What a test tells a call: the options of every form, and the stores of the fused one.
struct CallOptions : ropewalk::Options {
  CallOptions() = default;
  CallOptions(const ropewalk::Options& options) : Options(options) {}

  ropewalk::Stores stores = ropewalk::Stores::automatic;
};

/// Every form for one pair of types; with Out like X and with Out like what both promote to.
template <class X, class Tab>
struct Forms {
  template <class Out>
  using Call = void(const Form&, const ropewalk::View<Out>& out, const ropewalk::View<const X>& x,
                    const ropewalk::TableView<Tab>& table, const CallOptions& options);
  static Call<X> like_x;
  static Call<ropewalk::Promoted<X, Tab>> promoted;
  /// Two tensors in one call of the fused form.
  static void two(const std::array<ropewalk::View<X>, 2>& outs,
                  const std::array<ropewalk::View<const X>, 2>& xs,
                  const ropewalk::TableView<Tab>& table, const ropewalk::Options& options,
                  const ropewalk::CpuOptions& cpu);
};

namespace detail {

template <class Device, class Out, class X, class Tab>
void call_form(const Form& form, const Device& device, const ropewalk::View<Out>& out,
               const ropewalk::View<const X>& x, const ropewalk::TableView<Tab>& table,
               const CallOptions& options) {
  const ropewalk::CpuOptions cpu{options.stores, form.isa};
  switch (form.kind) {
    case Form::strided:
      return ropewalk::apply_strided(device, out, x, table, options);
    case Form::stack_flatten:
      return ropewalk::apply_stack_flatten(device, out, x, table, options);
    case Form::fused:
      return ropewalk::apply(device, out, x, table, options, cpu);
    case Form::fused_inplace:
      if constexpr (std::is_same_v<Out, X>) {
        copy_rows(out, x);
        ropewalk::apply_inplace(device, out, table, options, cpu);
      }
      break;
    case Form::cuda:  // called by apply_form
    case Form::cuda_inplace:
      break;
  }
}

}  // namespace detail

/// An instruction set that is forced.
inline ropewalk::CpuOptions forced(ropewalk::Isa isa,
                                   ropewalk::Stores stores = ropewalk::Stores::automatic) {
  return {stores, isa};
}

/// Calls the library by `form`; in place: after x has been copied to out. The instruction set is
/// the form's.
template <class Device, class Out, class X, class Tab>
void apply_form(const Form& form, const Device& device, const ropewalk::View<Out>& out,
                const ropewalk::View<const X>& x, const ropewalk::TableView<Tab>& table,
                const CallOptions& options = {}) {
#if defined(ROPEWALK_TESTS_ON_CUDA)
  if constexpr (std::is_same_v<Out, X>) {
    if (form.in_place()) copy_rows(out, x);
  }
  static_cast<void>(device);
  apply_on_cuda(out, x, table, options, form.in_place());
#else
  if constexpr (!std::is_same_v<Device, Eigen::DefaultDevice>) {
    detail::call_form(form, device, out, x, table, options);
  } else if constexpr (std::is_same_v<Out, X>) {
    Forms<X, Tab>::like_x(form, out, x, table, options);
  } else {
    Forms<X, Tab>::promoted(form, out, x, table, options);
  }
#endif
}

/// The strided form on the CPU: what the others are compared with.
template <class Out, class X, class Tab>
void apply_definition(const ropewalk::View<Out>& out, const ropewalk::View<const X>& x,
                      const ropewalk::TableView<Tab>& table,
                      const ropewalk::Options& options = {}) {
#if defined(ROPEWALK_TESTS_ON_CUDA)
  ropewalk::apply_strided(Eigen::DefaultDevice{}, out, x, table, options);
#else
  apply_form({Form::strided, {}}, Eigen::DefaultDevice{}, out, x, table, options);
#endif
}

template <class X, class Tab>
void Forms<X, Tab>::like_x(const Form& form, const ropewalk::View<X>& out,
                           const ropewalk::View<const X>& x, const ropewalk::TableView<Tab>& table,
                           const CallOptions& options) {
  detail::call_form(form, Eigen::DefaultDevice{}, out, x, table, options);
}

template <class X, class Tab>
void Forms<X, Tab>::promoted(const Form& form,
                             const ropewalk::View<ropewalk::Promoted<X, Tab>>& out,
                             const ropewalk::View<const X>& x,
                             const ropewalk::TableView<Tab>& table, const CallOptions& options) {
  detail::call_form(form, Eigen::DefaultDevice{}, out, x, table, options);
}

template <class X, class Tab>
void Forms<X, Tab>::two(const std::array<ropewalk::View<X>, 2>& outs,
                        const std::array<ropewalk::View<const X>, 2>& xs,
                        const ropewalk::TableView<Tab>& table, const ropewalk::Options& options,
                        const ropewalk::CpuOptions& cpu) {
  ropewalk::apply(Eigen::DefaultDevice{}, std::tie(outs[0], outs[1]), std::tie(xs[0], xs[1]), table,
                  options, cpu);
}

// Thousands of kernels: the build compiles them once, in forms_*.cpp, for all tests.
#if defined(ROPEWALK_TESTS_COMPILED_FORMS)
extern template struct Forms<double, double>;
extern template struct Forms<double, float>;
extern template struct Forms<double, Eigen::half>;
extern template struct Forms<double, Eigen::bfloat16>;
extern template struct Forms<float, double>;
extern template struct Forms<float, float>;
extern template struct Forms<float, Eigen::half>;
extern template struct Forms<float, Eigen::bfloat16>;
extern template struct Forms<Eigen::half, double>;
extern template struct Forms<Eigen::half, float>;
extern template struct Forms<Eigen::half, Eigen::half>;
extern template struct Forms<Eigen::half, Eigen::bfloat16>;
extern template struct Forms<Eigen::bfloat16, double>;
extern template struct Forms<Eigen::bfloat16, float>;
extern template struct Forms<Eigen::bfloat16, Eigen::half>;
extern template struct Forms<Eigen::bfloat16, Eigen::bfloat16>;
#endif

}  // namespace ropewalk_test

#endif  // ROPEWALK_TESTS_SUPPORT_FORMS_HPP
