// What C gives as data, checked and made into the headers' types.
#ifndef ROPEWALK_CMAKE_C_ARGUMENTS_HPP
#define ROPEWALK_CMAKE_C_ARGUMENTS_HPP

#include <Eigen/Core>
#include <atomic>
#include <cinttypes>
#include <cstdint>

#include "ropewalk/norm.hpp"
#include "ropewalk/ropewalk.h"
#include "ropewalk/ropewalk.hpp"

namespace ropewalk_c {

namespace rw = ropewalk;
namespace detail = ropewalk::detail;
using detail::Place;
using rw::Index;

template <class T>
T& given(const char* function, const char* argument, T* pointer) {
  if (pointer == nullptr) detail::fail(function, "%s is null, must not be", argument);
  return *pointer;
}

/// A struct whose caller says how much of it there is.
template <class T>
T& given_sized(const char* function, const char* argument, T* pointer) {
  T& of = given(function, argument, pointer);
  detail::check_equal({function, argument}, "struct_size", of.struct_size, sizeof(T));
  return of;
}

/// A number of an enumeration whose numbers are 0 to `last`.
inline std::int32_t checked_number(const Place& place, const char* property, std::int32_t number,
                                   std::int32_t last) {
  if (number < 0 || number > last) {
    detail::fail(place, property, "is %" PRId32 ", must be 0 to %" PRId32, number, last);
  }
  return number;
}

/// Calls work(TypeTag<T>{}) with the type of that number, and returns its result.
template <class Work>
auto with_dtype(const Place& place, std::int32_t dtype, const Work& work) {
  switch (checked_number(place, "dtype", dtype, ROPEWALK_DTYPE_BF16)) {
    case ROPEWALK_DTYPE_F64:
      return work(detail::TypeTag<double>{});
    case ROPEWALK_DTYPE_F16:
      return work(detail::TypeTag<Eigen::half>{});
    case ROPEWALK_DTYPE_BF16:
      return work(detail::TypeTag<Eigen::bfloat16>{});
    case ROPEWALK_DTYPE_F32:
    default:
      return work(detail::TypeTag<float>{});
  }
}

template <class T>
constexpr std::int32_t dtype_of() {
  if (std::is_same_v<T, float>) return ROPEWALK_DTYPE_F32;
  if (std::is_same_v<T, double>) return ROPEWALK_DTYPE_F64;
  return std::is_same_v<T, Eigen::half> ? ROPEWALK_DTYPE_F16 : ROPEWALK_DTYPE_BF16;
}

// Tensors -----------------------------------------------------------------------------------------

template <class T>
rw::View<T> view_of(const ropewalk_tensor& tensor) {
  const std::int64_t* shape = tensor.shape;
  const std::int64_t* strides = tensor.strides;
  return {static_cast<T*>(tensor.data),
          {shape[0], shape[1], shape[2], shape[3]},
          {strides[0], strides[1], strides[2]}};
}

inline detail::RawView raw_view(const Place& place, const ropewalk_tensor& tensor) {
  detail::check_equal(place, "reserved", tensor.reserved, 0);
  return with_dtype(place, tensor.dtype, [&](auto type) {
    return detail::RawView(view_of<typename decltype(type)::type>(tensor));
  });
}

// Tables ------------------------------------------------------------------------------------------

template <class T>
rw::CoefficientReader<T> reader_of(const ropewalk_reader& reader) {
  return {static_cast<const T*>(reader.data), reader.stride, reader.negative != 0};
}

/// The rows in memory.
template <class T>
rw::TableView<T> rows_of(const ropewalk_table& table) {
  const std::int64_t* shape = table.shape;
  return {{reader_of<T>(table.cos_a), reader_of<T>(table.cos_b), reader_of<T>(table.sin_a),
           reader_of<T>(table.sin_b)},
          {shape[0], shape[1], shape[2], shape[3]},
          table.strides[0],
          table.strides[1],
          table.strides[2]};
}

/// The table of the rows that `by` names with its ids; how they lie is for raw_table.
template <class Id, class T>
rw::TableView<T> gathered(const rw::TableView<T>& rows, const ropewalk_table& by) {
  const auto* const ids = static_cast<const Id*>(by.ids);
  const Index batch = by.id_shape[0], seq = by.id_shape[1];
  if (by.ids_are_starts != 0) return rows.rows_of_each(ids, batch, seq);
  return rows.gather(ids, batch, seq);
}

template <class T>
rw::TableView<T> gathered(const Place& place, const rw::TableView<T>& rows,
                          const ropewalk_table& by) {
  const Place of_ids{place.function, "the position ids"};
  detail::check_not_negative(of_ids, "batch", by.id_shape[0]);
  detail::check_not_negative(of_ids, "seq", by.id_shape[1]);
  if (by.id_bits == 32) return gathered<std::int32_t>(rows, by);
  if (by.id_bits != 64) {
    detail::fail(place, "id_bits", "is %" PRId32 ", must be 32 or 64", by.id_bits);
  }
  return gathered<std::int64_t>(rows, by);
}

/// Whether there are ids; without them nothing may be said of them.
inline bool has_ids(const Place& place, const ropewalk_table& table) {
  if (table.id_bits != 0) return true;
  if (table.ids_are_starts != 0 || table.leaves != 0 || table.first_position != 0) {
    detail::check_said_of_ids(place.function, {});
  }
  return false;
}

/// Calls work(TableView<T>) with the shape and the rows that a table's fields say.
template <class Work>
auto with_table(const Place& place, const ropewalk_table& table, const Work& work) {
  return with_dtype(place, table.dtype, [&](auto type) {
    const auto rows = rows_of<typename decltype(type)::type>(table);
    return work(has_ids(place, table) ? gathered(place, rows, table) : rows);
  });
}

/// The same without its type, with all that is said of its ids.
detail::RawTable raw_table(const Place& place, const ropewalk_table& table);

// Threads -----------------------------------------------------------------------------------------

/// The caller's threads as a device. What their parallel_for leaves out, or does twice, is an error
/// afterwards, as far as the number of tokens tells.
class Device {
 public:
  explicit Device(const char* function, const ropewalk_threads* threads)
      : function_(function), threads_(threads) {
    if (threads != nullptr && threads->parallel_for == nullptr) {
      detail::fail(function, "parallel_for of the threads is null, must not be");
    }
  }

  template <class Cost, class Work>
  void parallelFor(Index count, const Cost& cost, const Work& work) const {
    struct Task {
      const Work& work;
      const Index count;
      std::atomic<Index> done;
    } task{work, count, {0}};
    const auto run = [](void* context, std::int64_t begin, std::int64_t end) {
      Task& of = *static_cast<Task*>(context);
      if (begin < 0 || end < begin || end > of.count) return;  // not a range of the memory
      of.work(begin, end);
      of.done.fetch_add(end - begin, std::memory_order_relaxed);  // the callback waits for all
    };
    const auto bytes = static_cast<Index>(cost.bytes_loaded + cost.bytes_stored);
    threads_->parallel_for(threads_->context, count, bytes, run, &task);
    const Index done = task.done.load(std::memory_order_relaxed);
    if (done != count) {
      detail::fail(function_,
                   "parallel_for of the threads ran ranges of %" PRId64 " tokens, must be %" PRId64
                   ", each once",
                   done, count);
    }
  }
  /// As on a thread of a pool where there is none: then the work is not split.
  int currentThreadId() const { return threads_ == nullptr ? 0 : -1; }

 private:
  const char* function_;
  const ropewalk_threads* threads_;
};

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_ARGUMENTS_HPP
