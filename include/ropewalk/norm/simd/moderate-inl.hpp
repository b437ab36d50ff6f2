// Moderate numbers, which are rounded to bfloat16 quickly.
//
// A float is rounded to bfloat16 by two operations that may be fused, where integers and
// conversions take four: y * (2^16 - 1), of 24 bits, is a multiple of the unit of y * 2^16, which
// is that of bfloat16, and what is left of y * 2^16 is y rounded to nearest; where y is a tie, y *
// 2^16 is an even multiple, so that it goes to even. This holds while y is normal and y * 2^16
// finite. A zero loses its sign, which shows where what is turned is zero, too.
//
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// 2^16 w and (2^16 - 1) w of a bfloat16 w, exact because w has 8 bits; or of 1.
template <int Count>
struct RoundedBy {
  Register<float, Count> unit, less;

  /// y * w rounded to bfloat16 as a float, 0 for -0: of a bfloat16 y, whose product with w is
  /// exact; of any y where w is 1.
  ROPEWALK_INLINE Register<float, Count> operator()(Register<float, Count> y) const {
    const auto by_less = exact_product(y, less);
    asm("vfmsub132ps {%2, %1, %0|%0, %1, %2}" : "+v"(y.v) : "v"(by_less.v), "v"(unit.v));
    return y;
  }
};

constexpr float rounding_unit = 0x1p16f;

template <int Count>
ROPEWALK_INLINE RoundedBy<Count> rounded_by(const Register<float, Count>& factor) {
  return {exact_product(factor, broadcast<float, Count>(rounding_unit)),
          exact_product(factor, broadcast<float, Count>(rounding_unit - 1.0f))};
}

/// Numbers in these limits, rounded to bfloat16 as floats; 0 for -0.
template <int Count>
ROPEWALK_INLINE Register<float, Count> quickly_rounded(const Register<float, Count>& y) {
  return RoundedBy<Count>{broadcast<float, Count>(rounding_unit),
                          broadcast<float, Count>(rounding_unit - 1.0f)}(y);
}

/// Takes note of magnitudes that are not at least 2^-31 and less than 2^97: of 128 exponents, which
/// is half of all, so that the upper bit tells.
template <class Lane, int Count>
ROPEWALK_INLINE void take_immoderate(Register<Lane, Count>& found, const Register<Lane, Count>& r) {
  constexpr int exponent_at = 8 * int{sizeof(Lane)} - 8;  // without the sign
  found.v |= r.v + r.v - static_cast<Lane>(Lane{96} << exponent_at);
}

/// Whether a lane has the upper bit.
template <class Lane, int Count>
ROPEWALK_INLINE bool has_upper_bit(const Register<Lane, Count>& r) {
  Lane lanes[std::size_t{Count}];
  store(lanes, r);
  Lane all = 0;
  for (const Lane lane : lanes) all = static_cast<Lane>(all | lane);
  return all >> (8 * int{sizeof(Lane)} - 1) != 0;
}

/// Whether reciprocals are at least 2^-31, and no NaN or infinity.
ROPEWALK_INLINE bool are_moderate(const SumsOfLanes& sums, Index rows) {
  constexpr int count = rows_abreast;
  Register<std::uint32_t, count> found{};
  for (Index r = 0; r < rows; r += count) {
    take_immoderate(found, load<std::uint32_t, count>(sums.totals + r));
  }
  return !has_upper_bit(found);
}

/// Whether coefficients are less than 2, as those of a rotation are.
ROPEWALK_INLINE bool are_moderate(const WidenedRow<float>& coefficients, Index pairs) {
  constexpr int count = register_bytes / int{sizeof(float)};
  Register<std::uint32_t, count> all{};
  for (Index i = 0; i < pairs; i += count) {
    all.v |= load<std::uint32_t, count>(coefficients.cos_a + i).v |
             load<std::uint32_t, count>(coefficients.sin_a + i).v;
  }
  all.v += all.v;  // in the place of the sign, the bit of exponents from that of 2 on
  return !has_upper_bit(all);
}

/// Whether features that are moderate stay so by the weights: from 2^-63 on, by at least 2^-31
/// twice, they are normal; normalised they are at most the root of the row's size, 2^12 by
/// check_norm, and turned less than 2^112.
template <class X, class W>
bool turns_by_weights(const NormRows& norm, Index size) {
  constexpr int count = register_bytes / int{sizeof(float)};
  const bool adds_one = norm.finish == NormFinish::one_plus_weight;
  const auto* weight = static_cast<const W*>(norm.weight);
  if (!are_words<X>) return norm.finish != NormFinish::round_then_weight || sizeof(X) == 4;
  if (weight == nullptr) return true;
  if (are_words<W> && !adds_one) {
    Register<std::uint16_t, 2 * count> found{};
    for (Index i = 0; i < size; i += Index{2} * count) {
      take_immoderate(found, load<std::uint16_t, 2 * count>(weight + i));
    }
    return !has_upper_bit(found);
  }
  Register<std::uint32_t, count> found{};
  for (Index i = 0; i < size; i += Index{2} * count) {
    const auto weights = load_weights<X, count>(weight + i, adds_one);
    take_immoderate(found, as_bits<std::uint32_t>(weights.a));
    take_immoderate(found, as_bits<std::uint32_t>(weights.b));
  }
  return !has_upper_bit(found);
}
