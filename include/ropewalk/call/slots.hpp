// What is checked of the slots that rows of an out go to.
#ifndef ROPEWALK_CALL_SLOTS_HPP
#define ROPEWALK_CALL_SLOTS_HPP

#include <cinttypes>

#include "ropewalk/base/check.hpp"
#include "ropewalk/base/config.hpp"
#include "ropewalk/base/row_ids.hpp"
#include "ropewalk/base/shape.hpp"
#include "ropewalk/call/overlap.hpp"

ROPEWALK_BEGIN_NESTED(detail)

/// The shape of the tokens that go to slots of a cache.
inline Shape shape_of_tokens(const RawView& cache, const SlotRows& slots) {
  return {slots.batch, slots.seq, cache.shape.heads, cache.shape.head_dim};
}

inline Span span_of_slots(const SlotRows& slots) {
  const Index last = (slots.batch - 1) * slots.ids.batch_stride() + slots.seq;
  return span_of(slots.ids.data(), last, slots.ids.are_64_bit() ? 8 : 4);
}

/// Names a slot as the caller gave it.
inline void add_slot(Text& text, const SlotRows& slots, Index b, Index s) {
  text.add("slot [");
  if (slots.batch != 1) text.add("%" PRId64 ", ", b);
  text.add("%" PRId64 "]", s);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_slot(const Place& place,
                                                             const SlotRows& slots, Index b,
                                                             Index s) {
  Text property;
  add_slot(property, slots, b, s);
  fail(place, property.c_str(),
       "is %" PRId64 ", must be below %" PRId64
       ", the rows of the cache, or negative, which leaves the token",
       slots.slot(b, s), slots.ids.rows());
}

inline void check_slots_given(const Place& place, const SlotRows& slots) {
  if (slots.ids.data() == nullptr) fail(place, "slots", "are null, must point to the slots");
}

/// Checks every slot of some tokens, [batch, seq] of them; one pass.
inline void check_slots(const Place& place, const SlotRows& slots) {
  for (Index b = 0; b < slots.batch; ++b) {
    for (Index s = 0; s < slots.seq; ++s) {
      if (slots.slot(b, s) >= slots.ids.rows()) fail_slot(place, slots, b, s);
    }
  }
}

/// Whether a token before [b, s] has its slot.
inline bool is_taken(const SlotRows& slots, Index b, Index s) {
  const Index slot = slots.slot(b, s);
  for (Index other_b = 0; other_b <= b; ++other_b) {
    const Index end = other_b == b ? s : slots.seq;
    for (Index other_s = 0; other_s < end; ++other_s) {
      if (slots.slot(other_b, other_s) == slot) return true;
    }
  }
  return false;
}

/// Refuses two tokens of one slot. Of as many steps as pairs of tokens, since it needs no memory.
inline void check_slots_differ(const Place& place, const SlotRows& slots) {
  for (Index b = 0; b < slots.batch; ++b) {
    for (Index s = 0; s < slots.seq; ++s) {
      if (slots.slot(b, s) < 0 || !is_taken(slots, b, s)) continue;
      Text property;
      add_slot(property, slots, b, s);
      fail(place, property.c_str(), "is %" PRId64 ", must not be that of a token before it",
           slots.slot(b, s));
    }
  }
}

ROPEWALK_END_NESTED

#endif  // ROPEWALK_CALL_SLOTS_HPP
