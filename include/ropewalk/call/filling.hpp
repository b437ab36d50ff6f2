// What a call that fills a cache checks beyond each of its tensors.
#ifndef ROPEWALK_CALL_FILLING_HPP
#define ROPEWALK_CALL_FILLING_HPP

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/arguments.hpp"
#include "ropewalk/call/overlap.hpp"
#include "ropewalk/call/slots.hpp"
#include "ropewalk/options.hpp"
#include "ropewalk/table_view.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// The slots of one tensor beside every out of the call, and the table beside one that is copied.
/// All have passed their own checks; of an empty tensor neither is read.
template <class Of, class... All>
void check_filling(const Names& names, Slots how, const Of& of, const All&... all) {
  if (of.x.empty()) return;
  if (const RawTable* table = of.unused_table()) {
    check_apart_from_table(names, span_of(of.out), *table, checked_extent(names.table, *table));
  }
  const SlotRows* slots = of.slots();
  if (slots == nullptr) return;
  Place out = names.out;
  if (out.index >= 0) out.index = 0;
  const Span read = span_of_slots(*slots);
  const auto check_apart = [&](const RawView& written) {
    if (overlap(span_of(written), read)) fail_overlap(out, names.slots());
    ++out.index;
  };
  (check_apart(all.out), ...);
  if (how == Slots::checked) check_slots_differ(names.out, *slots);
}

/// The same of every tensor.
template <class... All>
void check_all_filling(const Names& names, Slots how, const All&... all) {
  Names named = names;
  ((check_filling(named, how, all, all...), named.next()), ...);
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_FILLING_HPP
