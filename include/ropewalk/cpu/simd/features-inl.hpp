// Pairs of features from memory into registers and back, and their arithmetic.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

template <int Count, class T>
ROPEWALK_INLINE Register<Carrier<T>, Count> load_wide(const T* from) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    return load_halves<Count>(from);
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    const auto bits = convert_lanes<std::uint32_t>(load<std::uint16_t, Count>(from));
    return as_bits<float>(Register<std::uint32_t, Count>{bits.v << 16});
  } else {
    return load<T, Count>(from);
  }
}

template <class T, int Count>
ROPEWALK_INLINE void store_narrow(T* to, const Register<Carrier<T>, Count>& r) {
  if constexpr (std::is_same_v<T, Eigen::half>) {
    store_halves(to, r);
  } else if constexpr (std::is_same_v<T, Eigen::bfloat16>) {
    store(to, narrow_bfloat16s(r));
  } else {
    store(to, r);
  }
}

/// The features of pairs i, i + 1, ... of a row: first those that come first, then their partners.
template <Pairing From, int Count, class X>
ROPEWALK_INLINE void load_pairs(const X* x, Index i, Index pairs, Register<Carrier<X>, Count>& a,
                                Register<Carrier<X>, Count>& b) {
  if constexpr (From == Pairing::half) {
    a = load_wide<Count>(x + first_feature(From, i));
    b = load_wide<Count>(x + second_feature(From, i, pairs));
  } else if constexpr (std::is_same_v<X, Eigen::bfloat16>) {
    const auto both = load<std::uint32_t, Count>(x + 2 * i);
    a = as_bits<float>(Register<std::uint32_t, Count>{both.v << 16});
    b = as_bits<float>(Register<std::uint32_t, Count>{both.v & 0xffff0000u});
  } else {
    const auto low = load_wide<Count>(x + 2 * i);
    const auto high = load_wide<Count>(x + 2 * i + Count);
    split_lanes(low, high, a, b, std::make_integer_sequence<int, Count>{});
  }
}

template <Pairing To, int Count, class Out>
ROPEWALK_INLINE void store_pairs(Out* out, Index i, Index pairs,
                                 const Register<Carrier<Out>, Count>& a,
                                 const Register<Carrier<Out>, Count>& b) {
  if constexpr (To == Pairing::half) {
    store_narrow(out + first_feature(To, i), a);
    store_narrow(out + second_feature(To, i, pairs), b);
  } else if constexpr (std::is_same_v<Out, Eigen::bfloat16>) {
    store(out + 2 * i, pack_bfloat16(a, b));
  } else {
    Register<Carrier<Out>, Count> low, high;
    join_lanes(a, b, low, high, std::make_integer_sequence<int, Count>{});
    store_narrow(out + 2 * i, low);
    store_narrow(out + 2 * i + Count, high);
  }
}

template <class To, class S, int Count>
ROPEWALK_INLINE Register<To, Count> in_carrier(const Register<S, Count>& r) {
  if constexpr (std::is_same_v<To, S>) {
    return r;
  } else {
#if ROPEWALK_X86 && !ROPEWALK_CLANG
    // GCC would widen each half by itself and put them together again.
    if constexpr (sizeof(To) == 8 && has_f16c && Count * int{sizeof(To)} == register_bytes) {
      Register<To, Count> wide;
      asm("vcvtps2pd {%1, %0|%0, %1}" : "=v"(wide.v) : "v"(r.v));
      return wide;
    }
#endif
    return convert_lanes<To>(r);
  }
}

/// Lanes, and the type of their arithmetic.
template <class Arithmetic, int Count>
struct Value {
  Register<Carrier<Arithmetic>, Count> lanes;
};

template <class Arithmetic, int Count>
ROPEWALK_INLINE Value<Arithmetic, Count> rounded(const Register<Carrier<Arithmetic>, Count>& r) {
  if constexpr (std::is_same_v<Arithmetic, Eigen::half>) {
    return {rounded_to_half(r)};
  } else if constexpr (std::is_same_v<Arithmetic, Eigen::bfloat16>) {
    // Every operand is a bfloat16 itself, so the lower half of a NaN, which is one, is zero.
    return {rounded_to_bfloat16(r)};
  } else {
    return {r};
  }
}

template <class Arithmetic, int Count>
ROPEWALK_INLINE Value<Arithmetic, Count> product(const Value<Arithmetic, Count>& a,
                                                 const Value<Arithmetic, Count>& b) {
  return rounded<Arithmetic>(exact_product(a.lanes, b.lanes));
}

// What these return is rounded where it is stored: arithmetic in 16 bits is that of out's type.

template <class Arithmetic, int Count>
ROPEWALK_INLINE Register<Carrier<Arithmetic>, Count> sum(const Value<Arithmetic, Count>& a,
                                                         const Value<Arithmetic, Count>& b) {
  return exact_sum(a.lanes, b.lanes);
}

template <class Arithmetic, int Count>
ROPEWALK_INLINE Register<Carrier<Arithmetic>, Count> difference(const Value<Arithmetic, Count>& a,
                                                                const Value<Arithmetic, Count>& b) {
  return exact_difference(a.lanes, b.lanes);
}
