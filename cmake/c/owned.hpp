// Tables whose memory is the library's, until ropewalk_table_free.
#ifndef ROPEWALK_CMAKE_C_OWNED_HPP
#define ROPEWALK_CMAKE_C_OWNED_HPP

#include <memory>
#include <utility>

#include "arguments.hpp"

namespace ropewalk_c {

/// What a table's owner points to.
class Owner {
 public:
  Owner() = default;
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  virtual ~Owner() = default;
};

template <class T>
struct OwnedTable : Owner {
  explicit OwnedTable(rw::Table<T>&& made) : table(std::move(made)) {}

  rw::Table<T> table;
};

/// A table that is to be set: what it owns would be lost.
inline ropewalk_table& given_to_set(const char* function, const char* argument,
                                    ropewalk_table* pointer) {
  ropewalk_table& of = given_sized(function, argument, pointer);
  if (of.owner != nullptr) {
    detail::fail({function, argument}, "owner",
                 "is not null, must be: zero a table at first, free it before it is set anew");
  }
  return of;
}

/// Sets the fields that say where rows lie; ids and owner are none.
template <class T>
void set_rows(ropewalk_table& table, const rw::TableView<T>& view) {
  const auto reader = [](const rw::CoefficientReader<T>& of) {
    return ropewalk_reader{of.data, of.stride, of.negative ? 1 : 0, 0};
  };
  const rw::PairReaders<T> readers = view.readers();
  table = {table.struct_size,
           dtype_of<T>(),
           0,
           {view.batch(), view.seq(), view.heads(), view.pairs()},
           {view.batch_stride(), view.seq_stride(), view.heads_stride()},
           reader(readers.cos_a),
           reader(readers.cos_b),
           reader(readers.sin_a),
           reader(readers.sin_b),
           nullptr,
           {0, 0},
           0,
           0,
           0,
           0,
           0,
           nullptr};
}

template <class T>
void set_owned(ropewalk_table& table, rw::Table<T>&& made) {
  auto owner = std::make_unique<OwnedTable<T>>(std::move(made));
  set_rows(table, owner->table.view());
  table.owner = static_cast<Owner*>(owner.release());
}

}  // namespace ropewalk_c

#endif  // ROPEWALK_CMAKE_C_OWNED_HPP
