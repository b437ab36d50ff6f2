// The formula, once: how a pair of features turns.
//
// The operands are scalars, Eigen arrays or vector registers; `product`, `sum` and `difference`
// round each step by itself and are found by argument-dependent look-up. No include guard: GCC
// inlines bottom-up, so this stands again in every region that is compiled for an instruction set.
// Compiled per instruction set: nothing out of line from std or Eigen is called or included here.

template <class A, class Cos, class Sin>
ROPEWALK_INLINE auto rotated_first(const A& a, const A& b, const Cos& cos_a, const Sin& sin_a) {
  return difference(product(a, cos_a), product(b, sin_a));
}

template <class A, class Cos, class Sin>
ROPEWALK_INLINE auto rotated_second(const A& a, const A& b, const Cos& cos_b, const Sin& sin_b) {
  return sum(product(b, cos_b), product(a, sin_b));
}
