// A step of a row: as many pairs as a register has lanes.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Where the steps of a group begin. GCC would otherwise keep a register for the distance of each
/// from the row's first feature, and run out of them.
template <class T>
ROPEWALK_INLINE T* steps_from(T* features) {
  asm("" : "+r"(features));
  return features;
}

/// The coefficients of the pairs that one step turns.
template <class Arithmetic, int Count>
struct Coefficients {
  Value<Arithmetic, Count> cos_a, cos_b, sin_a, sin_b;
};

template <class Arithmetic, int Count>
ROPEWALK_INLINE Coefficients<Arithmetic, Count> coefficients_at(
    const WidenedRow<Carrier<Arithmetic>>& coefficients, Index i) {
  using C = Carrier<Arithmetic>;
  return {{load<C, Count>(coefficients.cos_a + i)},
          {load<C, Count>(coefficients.cos_b + i)},
          {load<C, Count>(coefficients.sin_a + i)},
          {load<C, Count>(coefficients.sin_b + i)}};
}

/// Turns Count pairs of a row of `pairs`, from pair `at` on.
template <class Arithmetic, Pairing From, Pairing To, int Count, class Out, class X>
ROPEWALK_INLINE void rotate_pairs(Out* out, const X* x, Index at, Index pairs,
                                  const Coefficients<Arithmetic, Count>& with) {
  using C = Carrier<Arithmetic>;
  static_assert(std::is_same_v<Arithmetic, C> || std::is_same_v<Arithmetic, Out>,
                "ropewalk: a store rounds to out's type alone");
  Register<Carrier<X>, Count> x_a, x_b;
  load_pairs<From>(x, at, pairs, x_a, x_b);
  const Value<Arithmetic, Count> a{in_carrier<C>(x_a)}, b{in_carrier<C>(x_b)};
  store_pairs<To>(out, at, pairs,
                  in_carrier<Carrier<Out>>(rotated_first(a, b, with.cos_a, with.sin_a)),
                  in_carrier<Carrier<Out>>(rotated_second(a, b, with.cos_b, with.sin_b)));
}

// Half pairs of bfloat16 two steps at once: the words of 32 bits that a row is made of hold an even
// and an odd pair each, so that they are widened and packed like interleaved features, at two
// thirds of the cost of packing 16 bits by themselves.

template <Pairing From, Pairing To, class Out, class X>
constexpr bool splits = From == Pairing::half&& To ==
                        Pairing::half&& std::is_same_v<X, Eigen::bfloat16>&& std::is_same_v<Out, X>;

/// The coefficients of 2 * Count pairs, those of even and of odd pairs apart. `same`: both features
/// of a pair are known to have the same.
template <class Arithmetic, int Count>
ROPEWALK_INLINE void split_coefficients(const WidenedRow<Carrier<Arithmetic>>& coefficients,
                                        Index i, Coefficients<Arithmetic, Count>& even,
                                        Coefficients<Arithmetic, Count>& odd, bool same) {
  const auto split = [i](const Carrier<Arithmetic>* from, Value<Arithmetic, Count>& to_even,
                         Value<Arithmetic, Count>& to_odd) {
    load_pairs<Pairing::interleaved>(from + i, 0, Count, to_even.lanes, to_odd.lanes);
  };
  split(coefficients.cos_a, even.cos_a, odd.cos_a);
  even.cos_b = even.cos_a, odd.cos_b = odd.cos_a;
  if (!same) split(coefficients.cos_b, even.cos_b, odd.cos_b);
  split(coefficients.sin_a, even.sin_a, odd.sin_a);
  even.sin_b = even.sin_a, odd.sin_b = odd.sin_a;
  if (!same) split(coefficients.sin_b, even.sin_b, odd.sin_b);
}

/// Turns 2 * Count half pairs, from pair `at` on, of features and their partners.
template <class Arithmetic, int Count, class Step>
ROPEWALK_INLINE void rotate_split_pairs(Eigen::bfloat16* out, Eigen::bfloat16* out_partners,
                                        const Eigen::bfloat16* x, const Eigen::bfloat16* x_partners,
                                        Index at, const Coefficients<Arithmetic, Count>& even,
                                        const Coefficients<Arithmetic, Count>& odd,
                                        const Step& prefetched) {
  prefetched.prefetch_l2(0);
  Value<Arithmetic, Count> a[2], b[2];
  load_pairs<Pairing::interleaved>(x + at, 0, Count, a[0].lanes, a[1].lanes);
  load_pairs<Pairing::interleaved>(x_partners + at, 0, Count, b[0].lanes, b[1].lanes);
  store_pairs<Pairing::interleaved>(out + at, 0, Count,
                                    rotated_first(a[0], b[0], even.cos_a, even.sin_a),
                                    rotated_first(a[1], b[1], odd.cos_a, odd.sin_a));
  prefetched.prefetch_l2(1);
  store_pairs<Pairing::interleaved>(out_partners + at, 0, Count,
                                    rotated_second(a[0], b[0], even.cos_b, even.sin_b),
                                    rotated_second(a[1], b[1], odd.cos_b, odd.sin_b));
}
