// Neighbouring features of a row, from memory into two registers and back.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// Neighbours in two registers: of bfloat16 the even ones and the odd ones, which take an operation
/// each, otherwise the first half and the second.
template <int Count>
struct Neighbours {
  Register<float, Count> a, b;
};

template <class X>
constexpr bool are_words = std::is_same_v<X, Eigen::bfloat16>;

template <int Count, class X>
ROPEWALK_INLINE Neighbours<Count> load_neighbours(const X* x) {
  Neighbours<Count> r;
  if constexpr (are_words<X>) {
    load_pairs<Pairing::interleaved>(x, 0, Count, r.a, r.b);
  } else {
    r.a = load_wide<Count>(x);
    r.b = load_wide<Count>(x + Count);
  }
  return r;
}

template <int Count, class X>
ROPEWALK_INLINE void store_neighbours(X* x, const Neighbours<Count>& r) {
  if constexpr (are_words<X>) {
    store(x, pack_bfloat16(r.a, r.b));
  } else {
    store_narrow(x, r.a);
    store_narrow(x + Count, r.b);
  }
}

/// Stores those of bfloat16 by its conversion, unless some may be subnormal, which that takes for
/// zero: rows have few zeros of their own.
template <int Group, int Count>
ROPEWALK_INLINE bool stored_by_conversion(Eigen::bfloat16* out,
                                          const Neighbours<Count> (&from)[std::size_t{Group}]) {
  Register<std::uint32_t, Count> packed[std::size_t{Group}];
  std::uint32_t all = ~std::uint32_t{0};
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) {
    packed[g] = pack_by_conversion(from[g].a, from[g].b);
    take_zeros(all, packed[g]);
  }
  if (__builtin_expect(all != ~std::uint32_t{0}, 0)) return false;
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) store(out + Index{g} * 2 * Count, packed[g]);
  return true;
}

/// Stores some of them one after the other.
template <int Group, int Count, class X>
ROPEWALK_INLINE void store_group(X* out, const Neighbours<Count> (&from)[std::size_t{Group}]) {
#if ROPEWALK_X86
  if constexpr (are_words<X> && has_bf16 && Count == 16) {
    if (stored_by_conversion<Group>(out, from)) return;
  }
#endif
#pragma GCC unroll 4
  for (int g = 0; g < Group; ++g) store_neighbours(out + g * 2 * Count, from[g]);
}

/// Whether features are watched: of bfloat16s that are moderate, 0 or at least 2^-63, the square is
/// exact, too.
template <class X, bool Watches>
constexpr bool are_watched = Watches&& are_words<X>&& register_bytes == 64 && ROPEWALK_X86;

/// Whether a row of bfloat16s that has fewer is moderate.
[[gnu::noinline, gnu::cold]] inline bool has_moderate_row(const Eigen::bfloat16* x,
                                                          Index features) {
  bool result = true;
  for (Index i = 0; i < features; ++i) {
    const float feature = __builtin_fabsf(widen(x[i]));
    if (feature > 0 && feature < 0x1p-63f) result = false;
  }
  return result;
}
