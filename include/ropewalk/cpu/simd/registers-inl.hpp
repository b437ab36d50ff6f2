// Vector registers of any width, and what they can do on every instruction set.
//
// No intrinsics, but no include guard either: GCC lowers vectors that a function's own target lacks
// before it inlines that function, so this stands in every region that is compiled for an
// instruction set.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

/// `Count` lanes of S. A struct, because a bare vector as a result changes the ABI with the flags.
template <class S, int Count>
struct Register {
  using Vector __attribute__((vector_size(Count * sizeof(S)))) = S;
  Vector v;
};

// Through a vector type of alignment 1: GCC splits a memcpy of 32 bytes into halves that go by way
// of the stack (seven times slower).
template <class S, int Count>
struct Unaligned {
  using Vector __attribute__((vector_size(Count * sizeof(S)), aligned(1), may_alias)) = S;
};

template <class S, int Count>
ROPEWALK_INLINE Register<S, Count> load(const void* from) {
  return {*static_cast<const typename Unaligned<S, Count>::Vector*>(from)};
}

/// Lets AddressSanitizer see what an instruction is about to read.
template <class S, int Count>
ROPEWALK_INLINE void show_read(const void* from) {
#if ROPEWALK_MEMORY_IS_WATCHED
  const auto seen = load<S, Count>(from);
  asm volatile("" : : "m"(seen.v));
#else
  static_cast<void>(from);
#endif
}

template <class S, int Count>
ROPEWALK_INLINE void store(void* to, const Register<S, Count>& r) {
  *static_cast<typename Unaligned<S, Count>::Vector*>(to) = r.v;
}

template <class S, int Count>
ROPEWALK_INLINE Register<S, Count> broadcast(S value) {
  return {value - typename Register<S, Count>::Vector{}};
}

template <class To, class S, int Count>
ROPEWALK_INLINE auto as_bits(const Register<S, Count>& r) {
  using As = Register<To, Count* int{sizeof(S)} / int{sizeof(To)}>;
  return As{reinterpret_cast<typename As::Vector>(r.v)};
}

template <class To, class S, int Count>
ROPEWALK_INLINE Register<To, Count> convert_lanes(const Register<S, Count>& r) {
  return {__builtin_convertvector(r.v, typename Register<To, Count>::Vector)};
}

// a * b, rounded before anything is added to it.
template <class S, int Count>
ROPEWALK_INLINE Register<S, Count> exact_product(const Register<S, Count>& a,
                                                 const Register<S, Count>& b) {
  ROPEWALK_EXACT_SCOPE
  Register<S, Count> r{ROPEWALK_CLANG_FENCE(a.v * b.v)};
#if ROPEWALK_ASM_FENCE && defined(ROPEWALK_FP_REGISTER)
  asm("" : "+" ROPEWALK_FP_REGISTER(r.v));
#endif
  return r;
}

template <class S, int Count>
ROPEWALK_INLINE Register<S, Count> exact_sum(const Register<S, Count>& a,
                                             const Register<S, Count>& b) {
  ROPEWALK_EXACT_SCOPE
  return {a.v + b.v};
}

template <class S, int Count>
ROPEWALK_INLINE Register<S, Count> exact_difference(const Register<S, Count>& a,
                                                    const Register<S, Count>& b) {
  ROPEWALK_EXACT_SCOPE
  return {a.v - b.v};
}

// Lanes 0, 2, 4, ... and 1, 3, 5, ... of low and high one after the other; and the way back.
template <class S, int Count, int... I>
ROPEWALK_INLINE void split_lanes(const Register<S, Count>& low, const Register<S, Count>& high,
                                 Register<S, Count>& even, Register<S, Count>& odd,
                                 std::integer_sequence<int, I...>) {
  even.v = __builtin_shufflevector(low.v, high.v, (2 * I)...);
  odd.v = __builtin_shufflevector(low.v, high.v, (2 * I + 1)...);
}

template <class S, int Count, int... I>
ROPEWALK_INLINE void join_lanes(const Register<S, Count>& even, const Register<S, Count>& odd,
                                Register<S, Count>& low, Register<S, Count>& high,
                                std::integer_sequence<int, I...>) {
  low.v = __builtin_shufflevector(even.v, odd.v, (I / 2 + (I % 2) * Count)...);
  high.v = __builtin_shufflevector(even.v, odd.v, (Count / 2 + I / 2 + (I % 2) * Count)...);
}

/// Lane l of register r becomes lane r of register l: blocks of Step lanes off the diagonal change
/// places, for every Step.
template <int Step, int Count, int... I>
ROPEWALK_INLINE void transpose(Register<float, Count> (&rows)[std::size_t{Count}],
                               std::integer_sequence<int, I...> order) {
#pragma GCC unroll 8
  for (int i = 0; i < Count / 2; ++i) {
    const int r = i / Step * 2 * Step + i % Step;
    const auto low = rows[r].v, high = rows[r + Step].v;
    rows[r].v = __builtin_shufflevector(low, high, (I & Step ? I - Step + Count : I)...);
    rows[r + Step].v = __builtin_shufflevector(low, high, (I & Step ? I + Count : I + Step)...);
  }
  if constexpr (Step > 1) transpose<Step / 2>(rows, order);
}

/// Lanes of yes where the mask is all ones, of no where it is zero.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> select(const Register<std::int32_t, Count>& mask,
                                                      const Register<std::uint32_t, Count>& yes,
                                                      const Register<std::uint32_t, Count>& no) {
  const auto m = as_bits<std::uint32_t>(mask);
  return {(yes.v & m.v) | (no.v & ~m.v)};
}

/// Numbers rounded to bfloat16 in the upper halves of their lanes; the lower halves are junk. A NaN
/// stays one if its lower half is zero.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> bfloat16_of_numbers(
    const Register<float, Count>& r) {
  const auto bits = as_bits<std::uint32_t>(r);
  return {bits.v + 0x7fffu + ((bits.v >> 16) & 1u)};
}

/// The same for every float.
template <int Count>
ROPEWALK_INLINE Register<std::uint32_t, Count> bfloat16_of_any(const Register<float, Count>& r) {
  const auto bits = as_bits<std::uint32_t>(r);
  const Register<std::uint32_t, Count> unsigned_bits{bits.v & 0x7fffffffu};
  const auto magnitude = as_bits<std::int32_t>(unsigned_bits);
  const Register<std::int32_t, Count> nan{magnitude.v > 0x7f800000};
  return {bfloat16_of_numbers(r).v | (as_bits<std::uint32_t>(nan).v & 0x7fc00000u)};
}

/// The halves in the lanes of h as floats, in integer steps; see widen_half in base/scalars.hpp.
template <int Count>
ROPEWALK_INLINE Register<float, Count> widen_half_lanes(const Register<std::uint16_t, Count>& h) {
  const auto bits = convert_lanes<std::uint32_t>(h);
  const Register<std::uint32_t, Count> sign{(bits.v & 0x8000u) << 16};
  const Register<std::uint32_t, Count> magnitude{bits.v & 0x7fffu};
  const auto signed_magnitude = as_bits<std::int32_t>(magnitude);
  const Register<std::int32_t, Count> special{signed_magnitude.v >= 0x7c00};
  const Register<std::uint32_t, Count> normal{(magnitude.v << 13) + 0x38000000u +
                                              (as_bits<std::uint32_t>(special).v & 0x38000000u)};
  const auto whole = convert_lanes<float>(signed_magnitude);
  const Register<float, Count> small{whole.v * 0x1p-24f};
  const Register<std::int32_t, Count> subnormal{signed_magnitude.v < 0x400};
  return as_bits<float>(Register<std::uint32_t, Count>{
      select(subnormal, as_bits<std::uint32_t>(small), normal).v | sign.v});
}

/// The floats rounded to half, in integer steps; see narrow_half in base/scalars.hpp.
template <int Count>
ROPEWALK_INLINE Register<std::uint16_t, Count> narrow_half_lanes(const Register<float, Count>& r) {
  using Bits = Register<std::uint32_t, Count>;
  const auto bits = as_bits<std::uint32_t>(r);
  const Bits sign{(bits.v >> 16) & 0x8000u};
  const Bits magnitude{bits.v & 0x7fffffffu};
  const auto signed_magnitude = as_bits<std::int32_t>(magnitude);
  const Bits normal{(magnitude.v - 0x38000000u + 0xfffu + ((magnitude.v >> 13) & 1u)) >> 13};
  const Register<float, Count> shifted{as_bits<float>(magnitude).v + 0.5f};
  const Bits small{as_bits<std::uint32_t>(shifted).v - 0x3f000000u};
  const Register<std::int32_t, Count> is_small{signed_magnitude.v < 0x38800000};
  const Register<std::int32_t, Count> is_large{signed_magnitude.v >= 0x47800000};
  const Register<std::int32_t, Count> is_nan{signed_magnitude.v > 0x7f800000};
  Bits result = select(is_small, small, normal);
  result = select(is_large, broadcast<std::uint32_t, Count>(0x7c00u), result);
  result = select(is_nan, broadcast<std::uint32_t, Count>(0x7e00u), result);
  return convert_lanes<std::uint16_t>(Bits{result.v | sign.v});
}
