// The two translation units of one program: the same text, compiled with and without AVX.
#ifndef ROPEWALK_TESTS_ODR_UNIT_HPP
#define ROPEWALK_TESTS_ODR_UNIT_HPP

/// Dense tensors [1, seq, heads, head_dim] and a table [seq, cos(pairs) | sin(pairs)].
struct Call {
  void* out;
  const void* x;
  const void* table;
  int seq, heads, head_dim;
};

// Few: all that they need is compiled eight times over.
enum class Form { strided, fused, fused_inplace };
enum class Mix { f32_f32, bf16_f32 };

// Either calls the library; neither does anything else, so that nothing of the tests is shared.
void rotate_baseline(Form form, Mix mix, const Call& call);
void rotate_wide(Form form, Mix mix, const Call& call);

/// Builds tables by every rule and maker; `use` is given each of their values.
using Use = void (*)(double value);
void build_baseline(Use use);
void build_wide(Use use);

#endif  // ROPEWALK_TESTS_ODR_UNIT_HPP
