/* The C boundary: Ropewalk as plain data and few functions, for engines in C, Python, Rust or Go.
 * Link ropewalk::c, the shared library. Every call is one of the C++ headers', which say more
 * (apply.hpp, norm.hpp, rotate.hpp, model.hpp, table_layouts.hpp), and gives its bits.
 *
 * Status   most functions return one of ropewalk_status. Where it is not ROPEWALK_OK nothing was
 *          written (unless parallel_for did not run all tokens), and ropewalk_last_error says which
 *          function and argument, what it got and what it wants. Nothing is thrown across
 * Layout   ropewalk_tensor, ropewalk_reader and ropewalk_threads stay as they are. Others may grow:
 *          the caller zeroes them and sets struct_size to their size before any call, and a library
 *          with another size refuses them. Sizes and strides have 64 bits, enumerations are int32_t
 * Threads  calls may run at once; the library starts no thread of its own
 */
#ifndef ROPEWALK_ROPEWALK_H
#define ROPEWALK_ROPEWALK_H

#include <stdint.h>

#if defined(__GNUC__)
#define ROPEWALK_EXPORT __attribute__((visibility("default")))
#else
#define ROPEWALK_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What most functions return: OK, or what failed: a call, the memory or the library. */
enum ropewalk_status {
  ROPEWALK_OK = 0,
  ROPEWALK_INVALID_ARGUMENT = 1, /* what functions list as their errors */
  ROPEWALK_OUT_OF_MEMORY = 2,
  ROPEWALK_INTERNAL = 3 /* nothing that a caller can do: please report its text */
};
/* Types of scalars: f32 float, f64 double, f16 half, bf16 bfloat16. */
enum ropewalk_dtype {
  ROPEWALK_DTYPE_F32 = 0,
  ROPEWALK_DTYPE_F64 = 1,
  ROPEWALK_DTYPE_F16 = 2,
  ROPEWALK_DTYPE_BF16 = 3
};
/* Which features make pair i. */
enum ropewalk_pairing {
  ROPEWALK_PAIRING_INTERLEAVED = 0,        /* 2i and 2i + 1 */
  ROPEWALK_PAIRING_HALF = 1,               /* i and i + pairs */
  ROPEWALK_PAIRING_INTERLEAVED_TO_HALF = 2 /* read at 2i and 2i + 1, written to i and i + pairs */
};

/* In which type products and sums are rounded. */
enum ropewalk_compute {
  ROPEWALK_COMPUTE_PROMOTED = 0, /* what x and the table promote to, as PyTorch eager */
  ROPEWALK_COMPUTE_WIDE = 1      /* float (double stays double), rounded once */
};

/* How cos and sin lie in rows [.., width]; see table_layouts.hpp. */
enum ropewalk_layout {
  ROPEWALK_LAYOUT_HALF = 0,                    /* cos, sin: width is pairs */
  ROPEWALK_LAYOUT_REPEATED = 1,                /* cos, sin: each value twice in a row */
  ROPEWALK_LAYOUT_DUPLICATED = 2,              /* cos, sin: the values followed by themselves */
  ROPEWALK_LAYOUT_EVEN_ODD = 3,                /* cos at even entries, sin at odd ones (Wan) */
  ROPEWALK_LAYOUT_PER_FEATURE_INTERLEAVED = 4, /* cos, sin of every feature, in pairs (2i, 2i+1) */
  ROPEWALK_LAYOUT_PER_FEATURE_HALF = 5,        /* the same in pairs (i, i + pairs) */
  ROPEWALK_LAYOUT_PACKED = 6,                  /* one tensor, as of here: Helios' [cos | sin] */
  ROPEWALK_LAYOUT_PACKED_COS_SIN = 7,          /* vLLM */
  ROPEWALK_LAYOUT_PACKED_SIN_COS = 8,          /* GPT-J */
  ROPEWALK_LAYOUT_PACKED_SIN_COS_REPEATED = 9, /* EVA-02 */
  ROPEWALK_LAYOUT_COMPLEX = 10,                /* cos and sin of each pair side by side */
  ROPEWALK_LAYOUT_MATRIX = 11                  /* each pair's 2x2 matrix, row by row (Flux) */
};

/* The order of features in a model's weights, which decides the pairing. */
enum ropewalk_weights {
  ROPEWALK_WEIGHTS_ANY = 0,          /* as the preset has it */
  ROPEWALK_WEIGHTS_HUGGING_FACE = 1, /* permuted for half pairs */
  ROPEWALK_WEIGHTS_META = 2          /* GGUF's */
};

/* Where a normalised feature is rounded to x's type: y is x / rms(x), in float, w the weight. */
enum ropewalk_finish {
  ROPEWALK_FINISH_ONE_ROUNDING = 0,      /* y * w: torch.nn.RMSNorm */
  ROPEWALK_FINISH_ROUND_THEN_WEIGHT = 1, /* w times the rounded y: Llama's class, diffusers' */
  ROPEWALK_FINISH_ONE_PLUS_WEIGHT = 2    /* y * (1 + w): Gemma */
};
/* The features that are normalised together: of a head, or of all heads of a token. */
enum ropewalk_over { ROPEWALK_OVER_HEAD = 0, ROPEWALK_OVER_TOKEN = 1 };

/* A tensor in the caller's memory; features lie one after the other. */
typedef struct ropewalk_tensor {
  void* data;              /* of an input it is only read */
  int32_t dtype, reserved; /* reserved: 0 */
  int64_t shape[4];        /* batch, seq, heads, head_dim */
  int64_t strides[3];      /* of batch, seq, heads; in elements */
} ropewalk_tensor;

/* One coefficient of every pair of a row: that of pair i is data[i * stride]. */
typedef struct ropewalk_reader {
  const void* data;
  int64_t stride;
  int32_t negative, reserved; /* negative 1: with the other sign; reserved: 0 */
} ropewalk_reader;

/* Rows of coefficients, wherever they lie:
 *   out_a = a * cos_a - b * sin_a,   out_b = b * cos_b + a * sin_b
 * Functions that make one set every field but struct_size; a caller may set them, too. The table
 * that turns back has `negative` of sin_a and sin_b inverted; one row for all tokens (in errors:
 * repeated) has seq stride 0 and the tokens' number as its seq. */
typedef struct ropewalk_table {
  int64_t struct_size;
  int32_t dtype;
  int32_t id_bits;    /* 0: token s takes row s; 32 or 64: that of its position id */
  int64_t shape[4];   /* of the rows in memory: batch | 1, seq, heads | 1, pairs */
  int64_t strides[3]; /* of batch, seq, heads; in elements */
  ropewalk_reader cos_a, cos_b, sin_a, sin_b;
  const void* ids;         /* [batch | 1, seq], or starts [batch]; read by every call */
  int64_t id_shape[2];     /* batch | 1, seq of the tokens */
  int64_t id_batch_stride; /* in ids; those of one sample follow one another */
  int32_t ids_are_starts;  /* 1: token s of sample b takes the row of ids[b] + s */
  int32_t leaves;          /* 1: tokens of left_id, or samples of this start, are not written */
  int64_t left_id;         /* no position of the table */
  int64_t first_position;  /* the id of row 0, below 0 perhaps */
  void* owner;             /* for ropewalk_table_free; null where the rows are the caller's */
} ropewalk_table;

/* The caller's threads. parallel_for calls task(task_context, begin, end) on ranges that make up
 * [0, count), from any threads, and returns when all are done. More or fewer tokens (some twice, or
 * not at all) are ROPEWALK_INVALID_ARGUMENT afterwards. A token moves bytes_each bytes: few are
 * best done in one range. From a pool's own threads pass none: they might wait for one another. */
typedef struct ropewalk_threads {
  void (*parallel_for)(void* context, int64_t count, int64_t bytes_each,
                       void (*task)(void* task_context, int64_t begin, int64_t end),
                       void* task_context);
  void* context; /* what parallel_for is given as its own */
} ropewalk_threads;

/* All 0 but struct_size: the defaults. */
typedef struct ropewalk_options {
  int64_t struct_size;
  int32_t pairing, compute;
} ropewalk_options;

/* A root mean square norm before the rotation. */
typedef struct ropewalk_norm {
  int64_t struct_size;
  const void* weight;  /* [head_dim], or over a token [heads * head_dim]; null: none */
  int64_t weight_size; /* 0: none */
  double eps;          /* added to the mean of the squares, as a float */
  int32_t weight_dtype, finish, over, reserved; /* of float, or that of x; reserved: 0 */
} ropewalk_norm;

/* A preset, a constant of the library. */
typedef struct ropewalk_model ropewalk_model;

/* What a preset says. */
typedef struct ropewalk_model_info {
  int64_t struct_size;
  const char *name, *source; /* name: to find it by; source: the code whose bits these are */
  int64_t heads, kv_heads, head_dim; /* heads of queries, kv_heads of keys; head_dim of each */
  int64_t offset, pairs, axes;       /* pairs of each, from feature offset on; axes of positions */
  int32_t pairing, compute, table_dtype, reserved; /* table_dtype -1: that of what is rotated */
} ropewalk_model_info;

/* The library's version, as "0.1.0". */
ROPEWALK_EXPORT const char* ropewalk_version(void);
/* The text of this thread's last call that failed, "" before one; valid until the next. */
ROPEWALK_EXPORT const char* ropewalk_last_error(void);

/* Tensors and tables -------------------------------------------------------------------------- */

/* Sets a tensor of contiguous memory.
 * Errors   a null tensor, an unknown dtype; the rest is checked by the function that reads it */
ROPEWALK_EXPORT int32_t ropewalk_tensor_set(ropewalk_tensor* tensor, void* data, int32_t dtype,
                                            const int64_t shape[4]);

/* Makes a table of cos and sin in the caller's memory, which stays there and is not copied. A table
 * that owns memory, here and below, is refused: ropewalk_table_free comes first.
 * Shapes   cos, sin [batch | 1, seq, heads | 1, width], of one shape, strides and dtype; where the
 *          layout has one tensor, cos is it and sin is null
 * Errors   a width that does not fit the layout, two tensors that differ */
ROPEWALK_EXPORT int32_t ropewalk_table_set(ropewalk_table* table, int32_t layout,
                                           const ropewalk_tensor* cos, const ropewalk_tensor* sin);

/* Makes a table of the library's own memory: sequence positions 0, 1, ... of plain frequencies.
 * Shapes   [1, seq, 1, rotary_dim / 2]
 * Units    theta^(-2i / rotary_dim) radians per position, computed in double and rounded once
 * Errors   odd or negative rotary_dim, theta not finite and more than 0, a negative seq */
ROPEWALK_EXPORT int32_t ropewalk_frequency_table(ropewalk_table* table, int32_t dtype,
                                                 int64_t rotary_dim, double theta, int64_t seq);

/* Makes a table of rows [position, position + count) of another (decode), or of `part` itself.
 * Memory   the table's, which must outlive `part`; free the table, not the part
 * Errors   rows that the table does not have; a table that is gathered */
ROPEWALK_EXPORT int32_t ropewalk_table_rows(ropewalk_table* part, const ropewalk_table* table,
                                            int64_t position, int64_t count);

/* Make a table whose token s takes the row of ids[b, s], or whose sample b (in batched decode)
 * takes those of starts[b], starts[b] + 1, ..., `count` of them. `part` may be the table itself.
 * Shapes   ids [batch | 1, seq], starts [batch], contiguous (or set id_batch_stride afterwards)
 * Units    id_bits 32 or 64, signed; 0 is the first row (or set first_position afterwards)
 * Leaving  with `leaves` and left_id set afterwards, tokens of this id, or samples of this start,
 *          are left: nothing of them is written, in place or to an output of its own
 * Memory   as ropewalk_table_rows; the ids must live until the last call that reads the table
 * Errors   other id_bits, a table that is gathered; by what reads it: null, an id outside the
 *          table, a left_id that is a position of it, another number of starts than x has samples
 */
ROPEWALK_EXPORT int32_t ropewalk_table_gather(ropewalk_table* part, const ropewalk_table* table,
                                              const void* ids, int32_t id_bits, int64_t batch,
                                              int64_t seq);
ROPEWALK_EXPORT int32_t ropewalk_table_rows_of_each(ropewalk_table* part,
                                                    const ropewalk_table* table, const void* starts,
                                                    int32_t id_bits, int64_t batch, int64_t count);

/* Frees the library's memory that a table owns, and forgets it; null and a table of the caller's
 * memory are fine. A copy of the struct reads the same memory: one of them is to be freed. */
ROPEWALK_EXPORT void ropewalk_table_free(ropewalk_table* table);

/* Models -------------------------------------------------------------------------------------- */

/* How many presets there are. */
ROPEWALK_EXPORT int64_t ropewalk_model_count(void);
/* The name of a preset; null where index is not from 0 to ropewalk_model_count() - 1. */
ROPEWALK_EXPORT const char* ropewalk_model_name(int64_t index);

/* Finds the preset of a name, with weights in one of their orders.
 * Memory   a constant, never freed
 * Errors   another name (the text says the nearest, and all there are); weights of one order */
ROPEWALK_EXPORT int32_t ropewalk_model_find(const ropewalk_model** model, const char* name,
                                            int32_t weights);

/* Says what a preset says. */
ROPEWALK_EXPORT int32_t ropewalk_model_describe(ropewalk_model_info* info,
                                                const ropewalk_model* model);

/* Writes where the cells of a grid stand on a model's axes, row-major over the grid; of a language
 * model: one axis of `seq` cells.
 * Shapes   positions [product of the sizes, axes]; sizes [axes]
 * Errors   other axes than the model's; a model whose positions no grid gives */
ROPEWALK_EXPORT int32_t ropewalk_model_positions(double* positions, const ropewalk_model* model,
                                                 const int64_t* sizes, int64_t axes);

/* Makes the table of a model, of the library's own memory.
 * Shapes   positions [batch, seq, axes], contiguous; shape {batch, seq, axes}
 * Types    dtype is that of what will be rotated; the table's follows from the model
 * Errors   other axes than the model's, a position that is not finite */
ROPEWALK_EXPORT int32_t ropewalk_model_table(ropewalk_table* table, const ropewalk_model* model,
                                             int32_t dtype, const double* positions,
                                             const int64_t shape[3]);

/* Rotations ----------------------------------------------------------------------------------- */

/* Rotates every feature pair of `count` tensors by the angle that the table holds for its token.
 * Shapes   outs, xs [count], each pair of one shape [batch, seq, heads, head_dim], all of the same
 *          batch and seq; table [batch | 1, seq, heads | 1, pairs], 2 * pairs <= head_dim
 * Pairs    options->pairing says which features turn together; those from 2 * pairs on pass through
 * Alias    null outs, or an out that is its x: in place, unless the pairing moves features; any
 *          other overlap is an error
 * Types    x and table of any dtype each; out like x, or like what x and table promote to
 * Null     threads: the caller's alone; options: the defaults
 * Errors   what apply.hpp says, null arguments, numbers of no enumeration, another struct_size
 * Source   Su et al. 2021, arXiv:2104.09864; arithmetic as PyTorch eager, see base/exact.hpp
 * Allocates nothing for up to 4 tensors. */
ROPEWALK_EXPORT int32_t ropewalk_apply(const ropewalk_threads* threads, const ropewalk_tensor* outs,
                                       const ropewalk_tensor* xs, int64_t count,
                                       const ropewalk_table* table,
                                       const ropewalk_options* options);

/* Normalises every row of each x that has a norm, rounds it to x's type, and rotates all as
 * ropewalk_apply does. A table of no pairs normalises alone, where head_dim may be odd.
 * Norms    [count], null where an x has none; their weights are apart from every out
 * Types    x of a norm float, half or bfloat16, its out of the same
 * Errors   as ropewalk_apply, and what norm.hpp says
 * Source   Zhang and Sennrich 2019, arXiv:1910.07467; arithmetic as PyTorch 2.11 eager on a CPU */
ROPEWALK_EXPORT int32_t ropewalk_apply_normed(const ropewalk_threads* threads,
                                              const ropewalk_tensor* outs,
                                              const ropewalk_tensor* xs,
                                              const ropewalk_norm* const* norms, int64_t count,
                                              const ropewalk_table* table,
                                              const ropewalk_options* options);

/* Rotates as the model's own code does, to the bit: the features that turn, pairing, arithmetic.
 * Shapes   as ropewalk_apply, with the model's head_dim, or that of what follows its offset alone
 * Table    of ropewalk_model_table, or rows of it
 * Alias, Null   as ropewalk_apply
 * Errors   as ropewalk_apply; another head_dim, width or dtype of table than the model has */
ROPEWALK_EXPORT int32_t ropewalk_rotate(const ropewalk_threads* threads,
                                        const ropewalk_tensor* outs, const ropewalk_tensor* xs,
                                        int64_t count, const ropewalk_model* model,
                                        const ropewalk_table* table);

/* Moves cached keys of ropewalk_rotate in place by positions, forward or back (a context shift).
 * Shapes   keys as ropewalk_rotate has them
 * Errors   as ropewalk_rotate; a model whose tokens have no whole positions
 * Allocates a table of one row. */
ROPEWALK_EXPORT int32_t ropewalk_shift(const ropewalk_threads* threads, const ropewalk_tensor* keys,
                                       const ropewalk_model* model, int64_t positions);

#ifdef __cplusplus
}
#endif

#endif /* ROPEWALK_ROPEWALK_H */
