/* Every function of ropewalk.h from C99: what it does, by hand, and each of its errors once. */
#define _POSIX_C_SOURCE 200112L /* for threads */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ropewalk/ropewalk.h"

static int failures = 0;

static void expect(int holds, int line, const char* what) {
  if (holds) return;
  printf("main.c:%d: does not hold: %s\n", line, what);
  ++failures;
}

static void expect_status(int32_t status, int32_t wanted, const char* text, int line) {
  const char* const got = ropewalk_last_error();
  if (status == wanted && (text == NULL || strncmp(got, text, strlen(text)) == 0)) return;
  printf("main.c:%d: status %d (%s)\n    wanted %d (%s)\n", line, (int)status, got, (int)wanted,
         text == NULL ? "" : text);
  ++failures;
}

#define EXPECT(holds) expect((holds) != 0, __LINE__, #holds)
#define WORKS(call) expect_status(call, ROPEWALK_OK, NULL, __LINE__)
/* By a text that begins so. */
#define REFUSES(text, call) expect_status(call, ROPEWALK_INVALID_ARGUMENT, text, __LINE__)

static const ropewalk_table empty_table = {.struct_size = sizeof(ropewalk_table)};

static ropewalk_tensor tensor_of(void* data, int32_t dtype, int64_t seq, int64_t heads,
                                 int64_t head_dim) {
  const int64_t shape[4] = {1, seq, heads, head_dim};
  ropewalk_tensor tensor;
  WORKS(ropewalk_tensor_set(&tensor, data, dtype, shape));
  return tensor;
}

static const ropewalk_model* model_named(const char* name, int32_t weights) {
  const ropewalk_model* model = NULL;
  WORKS(ropewalk_model_find(&model, name, weights));
  return model;
}

static int near(double a, double b, double distance) { return fabs(a - b) <= distance; }

/* Tensors and tables -------------------------------------------------------------------------- */

static void sets_tensors(void) {
  float data[1];
  const int64_t shape[4] = {2, 3, 5, 8};
  ropewalk_tensor tensor;
  WORKS(ropewalk_tensor_set(&tensor, data, ROPEWALK_DTYPE_F32, shape));
  EXPECT(tensor.data == data && tensor.dtype == 0 && tensor.reserved == 0);
  EXPECT(memcmp(tensor.shape, shape, sizeof shape) == 0);
  EXPECT(tensor.strides[0] == 120 && tensor.strides[1] == 40 && tensor.strides[2] == 8);
  REFUSES("ropewalk_tensor_set: tensor is null, must not be",
          ropewalk_tensor_set(NULL, data, 0, shape));
  REFUSES("ropewalk_tensor_set: shape is null, must not be",
          ropewalk_tensor_set(&tensor, data, 0, NULL));
  REFUSES("ropewalk_tensor_set: dtype of the tensor is 9, must be 0 to 3",
          ropewalk_tensor_set(&tensor, data, 9, shape));
}

/* Rotates (1, 2) by the table; cos = 0 and sin = 1 give (-2, 1). */
static void expect_quarter_turn(const ropewalk_table* table, int line) {
  float x[2] = {1, 2};
  const ropewalk_tensor tensor = tensor_of(x, ROPEWALK_DTYPE_F32, 1, 1, 2);
  expect_status(ropewalk_apply(NULL, NULL, &tensor, 1, table, NULL), ROPEWALK_OK, NULL, line);
  expect(x[0] == -2 && x[1] == 1, line, "a quarter of a turn");
}

static void sets_tables(void) {
  /* Of one pair: what is not read is 7. */
  float cos[2] = {0, 7}, sin[2] = {1, 7}, odd_sin[2] = {7, 1}, both_cos[2] = {0, 0};
  float both_sin[2] = {1, 1}, helios[4] = {0, 7, 7, 1}, cos_sin[2] = {0, 1}, sin_cos[2] = {1, 0};
  float repeated[4] = {1, 7, 0, 7}, matrix[4] = {0, -1, 1, 0};
  const struct {
    int32_t layout;
    float *cos, *sin;
    int64_t width;
  } cases[] = {{ROPEWALK_LAYOUT_HALF, cos, sin, 1},
               {ROPEWALK_LAYOUT_REPEATED, cos, sin, 2},
               {ROPEWALK_LAYOUT_DUPLICATED, cos, sin, 2},
               {ROPEWALK_LAYOUT_EVEN_ODD, cos, odd_sin, 2},
               {ROPEWALK_LAYOUT_PER_FEATURE_INTERLEAVED, both_cos, both_sin, 2},
               {ROPEWALK_LAYOUT_PER_FEATURE_HALF, both_cos, both_sin, 2},
               {ROPEWALK_LAYOUT_PACKED, helios, NULL, 4},
               {ROPEWALK_LAYOUT_PACKED_COS_SIN, cos_sin, NULL, 2},
               {ROPEWALK_LAYOUT_PACKED_SIN_COS, sin_cos, NULL, 2},
               {ROPEWALK_LAYOUT_PACKED_SIN_COS_REPEATED, repeated, NULL, 4},
               {ROPEWALK_LAYOUT_COMPLEX, cos_sin, NULL, 2},
               {ROPEWALK_LAYOUT_MATRIX, matrix, NULL, 4}};
  ropewalk_table table = empty_table;
  size_t i;
  for (i = 0; i < sizeof cases / sizeof *cases; ++i) {
    const ropewalk_tensor first = tensor_of(cases[i].cos, ROPEWALK_DTYPE_F32, 1, 1, cases[i].width);
    const ropewalk_tensor second =
        tensor_of(cases[i].sin, ROPEWALK_DTYPE_F32, 1, 1, cases[i].width);
    WORKS(
        ropewalk_table_set(&table, cases[i].layout, &first, cases[i].sin == NULL ? NULL : &second));
    EXPECT(table.shape[3] == 1 && table.id_bits == 0 && table.owner == NULL);
    expect_quarter_turn(&table, (int)cases[i].layout);
  }
}

static void reads_coefficients_of_features(void) {
  float cos[4] = {0}, sin[4] = {0};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 4);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 4);
  ropewalk_table table = empty_table;
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_PER_FEATURE_INTERLEAVED, &first, &second));
  EXPECT(table.cos_a.data == cos && table.cos_b.data == cos + 1 && table.cos_b.stride == 2);
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_PER_FEATURE_HALF, &first, &second));
  EXPECT(table.sin_a.data == sin && table.sin_b.data == sin + 2 && table.sin_b.stride == 1);
}

static void refuses_tables(void) {
  float data[4] = {0};
  ropewalk_tensor cos = tensor_of(data, ROPEWALK_DTYPE_F32, 1, 1, 2);
  ropewalk_tensor sin = tensor_of(data, ROPEWALK_DTYPE_F16, 1, 1, 2);
  const ropewalk_tensor narrow = tensor_of(data, ROPEWALK_DTYPE_F32, 1, 1, 1);
  ropewalk_table table = empty_table, unset;
  memset(&unset, 0, sizeof unset);
  REFUSES("ropewalk_table_set: the table is null, must not be",
          ropewalk_table_set(NULL, 0, &cos, &cos));
  REFUSES("ropewalk_table_set: struct_size of the table is 0, must be 232",
          ropewalk_table_set(&unset, 0, &cos, &cos));
  REFUSES("ropewalk_table_set: layout of the table is 12, must be 0 to 11",
          ropewalk_table_set(&table, 12, &cos, &cos));
  REFUSES("ropewalk_table_set: cos is null, must not be",
          ropewalk_table_set(&table, 0, NULL, &cos));
  REFUSES("ropewalk_table_set: sin is null, must not be",
          ropewalk_table_set(&table, 0, &cos, NULL));
  REFUSES("ropewalk_table_set: sin is given, must be null: layout 6 is one tensor, cos",
          ropewalk_table_set(&table, ROPEWALK_LAYOUT_PACKED, &cos, &cos));
  REFUSES("ropewalk_table_set: dtype of sin is 2, must be 0",
          ropewalk_table_set(&table, 0, &cos, &sin));
  REFUSES("half_table: width of sin is 1, must be 2", ropewalk_table_set(&table, 0, &cos, &narrow));
  REFUSES("repeated_table: width of cos is 1, must be a multiple of 2",
          ropewalk_table_set(&table, ROPEWALK_LAYOUT_REPEATED, &narrow, &narrow));
  sin.dtype = -1;
  REFUSES("ropewalk_table_set: dtype of sin is -1, must be 0 to 3",
          ropewalk_table_set(&table, 0, &cos, &sin));
  cos.reserved = 1;
  REFUSES("ropewalk_table_set: reserved of cos is 1, must be 0",
          ropewalk_table_set(&table, 0, &cos, &cos));
}

static void makes_frequency_tables(void) {
  ropewalk_table table = empty_table, row = empty_table;
  WORKS(ropewalk_frequency_table(&table, ROPEWALK_DTYPE_F64, 4, 100, 6));
  EXPECT(table.owner != NULL && table.dtype == ROPEWALK_DTYPE_F64);
  EXPECT(table.shape[0] == 1 && table.shape[1] == 6 && table.shape[2] == 1 && table.shape[3] == 2);
  REFUSES(
      "ropewalk_frequency_table: owner of the table is not null, must be: zero a table at first, "
      "free it before it is set anew",
      ropewalk_frequency_table(&table, ROPEWALK_DTYPE_F64, 4, 100, 6));
  WORKS(ropewalk_table_rows(&row, &table, 5, 1));
  EXPECT(row.owner == NULL && row.shape[1] == 1);
  REFUSES(
      "ropewalk_table_rows: owner of part is not null, must be: zero a table at first, free it "
      "before it is set anew",
      ropewalk_table_rows(&table, &row, 0, 1));
  EXPECT(near(((const double*)row.cos_a.data)[1], cos(0.5), 1e-15));
  EXPECT(near(((const double*)row.sin_b.data)[0], sin(5), 1e-15));
  WORKS(ropewalk_table_rows(&table, &table, 1, 2));
  EXPECT(table.owner != NULL && table.shape[1] == 2);
  REFUSES("rows: seq of the table from 1, 2 of them, must be within 2",
          ropewalk_table_rows(&row, &table, 1, 2));
  REFUSES("ropewalk_table_rows: part is null, must not be",
          ropewalk_table_rows(NULL, &table, 0, 1));
  REFUSES("ropewalk_table_rows: the table is null, must not be",
          ropewalk_table_rows(&row, NULL, 0, 1));
  ropewalk_table_free(&table);
  EXPECT(table.owner == NULL && table.cos_a.data == NULL);
  ropewalk_table_free(&table);
  ropewalk_table_free(NULL);
  REFUSES("ropewalk_frequency_table: the table is null, must not be",
          ropewalk_frequency_table(NULL, 0, 4, 100, 6));
  REFUSES("ropewalk_frequency_table: dtype of the table is 4, must be 0 to 3",
          ropewalk_frequency_table(&table, 4, 4, 100, 6));
  REFUSES("frequencies: ", ropewalk_frequency_table(&table, 0, 3, 100, 6));
}

static void gathers_rows(void) {
  const int32_t ids[4] = {11, 10, 10, 12};
  const int64_t wide_ids[1] = {12}, shape[4] = {2, 2, 1, 2};
  double x[8] = {1, 0, 1, 0, 1, 0, 1, 0};
  ropewalk_tensor tensor;
  ropewalk_table rows = empty_table, table = empty_table;
  WORKS(ropewalk_frequency_table(&rows, ROPEWALK_DTYPE_F64, 2, 100, 3));
  WORKS(ropewalk_table_gather(&table, &rows, ids, 32, 2, 2));
  table.first_position = 10;
  WORKS(ropewalk_tensor_set(&tensor, x, ROPEWALK_DTYPE_F64, shape));
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  EXPECT(near(x[1], sin(1), 1e-15) && x[3] == 0 && x[5] == 0 && near(x[7], sin(2), 1e-15));
  WORKS(ropewalk_table_gather(&table, &rows, ids + 2, 32, 1, 2)); /* of both samples */
  table.first_position = 10;
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  EXPECT(near(x[1], sin(1), 1e-15) && near(x[3], sin(2), 1e-15));
  EXPECT(x[5] == 0 && near(x[7], sin(4), 1e-15));
  WORKS(ropewalk_table_gather(&table, &rows, ids, 32, 2, 2));
  table.id_batch_stride = -1;
  REFUSES("ropewalk_apply: batch stride of the position ids is -1, must be 0 or more",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  table.id_bits = 16;
  REFUSES("ropewalk_apply: id_bits of the table is 16, must be 32 or 64",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  WORKS(ropewalk_table_gather(&table, &rows, wide_ids, 64, 1, 1));
  EXPECT(table.first_position == 0 && table.leaves == 0 && table.ids_are_starts == 0);
  tensor.shape[0] = tensor.shape[1] = 1;
  REFUSES("ropewalk_apply: position id [0] of the table is 12, must be from 0 to 2",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  REFUSES("gather: position ids of the table are given already, must be given once",
          ropewalk_table_gather(&table, &table, wide_ids, 64, 1, 1));
  REFUSES("rows: position ids of the table are given already, must be given after rows",
          ropewalk_table_rows(&table, &table, 0, 1));
  REFUSES("ropewalk_table_gather: id_bits of the table is 8, must be 32 or 64",
          ropewalk_table_gather(&table, &rows, ids, 8, 1, 1));
  REFUSES("ropewalk_table_gather: batch of the position ids is -1, must be 0 or more",
          ropewalk_table_gather(&table, &rows, ids, 32, -1, 1));
  REFUSES("ropewalk_table_gather: seq of the position ids is -1, must be 0 or more",
          ropewalk_table_gather(&table, &rows, ids, 32, 1, -1));
  REFUSES("ropewalk_table_gather: part is null, must not be",
          ropewalk_table_gather(NULL, &rows, ids, 32, 1, 1));
  REFUSES("ropewalk_table_gather: the table is null, must not be",
          ropewalk_table_gather(&table, NULL, ids, 32, 1, 1));
  ropewalk_table_free(&rows);
}

/* Samples at positions 2, 0 and 1, then by starts of every other entry. */
static void takes_rows_of_each(void) {
  const int32_t starts[3] = {2, 0, 1};
  const int64_t wide_starts[5] = {1, 9, 2, 9, 0}, shape[4] = {3, 2, 1, 2};
  double x[12] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0};
  int b;
  ropewalk_tensor tensor;
  ropewalk_table rows = empty_table, table = empty_table;
  WORKS(ropewalk_frequency_table(&rows, ROPEWALK_DTYPE_F64, 2, 100, 4));
  WORKS(ropewalk_table_rows_of_each(&table, &rows, starts, 32, 3, 2));
  EXPECT(table.owner == NULL && table.id_batch_stride == 1 && table.ids_are_starts == 1);
  WORKS(ropewalk_tensor_set(&tensor, x, ROPEWALK_DTYPE_F64, shape));
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  for (b = 0; b < 3; ++b) {
    EXPECT(near(x[4 * b], cos(starts[b]), 1e-15) && near(x[4 * b + 3], sin(starts[b] + 1), 1e-15));
  }
  WORKS(ropewalk_table_rows_of_each(&table, &rows, wide_starts, 64, 3, 2));
  table.id_batch_stride = 2;
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  for (b = 0; b < 3; ++b) EXPECT(near(x[4 * b], cos(starts[b] + wide_starts[2 * b]), 1e-15));
  table.id_batch_stride = 1;
  REFUSES("ropewalk_apply: start [1] of the table is 9, of 2 tokens: must be from 0 to 2",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  table.id_batch_stride = INT64_MAX / 2;
  REFUSES("ropewalk_apply: batch of the position ids is 3 entries 4611686018427387903 apart, must",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  table.id_batch_stride = INT64_MAX / 4;
  REFUSES("ropewalk_apply: bytes of the position ids is 8 entries 4611686018427387904 apart, must",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  WORKS(ropewalk_table_rows_of_each(&table, &rows, starts, 32, 1, 2));
  REFUSES("ropewalk_apply: number of starts given to rows_of_each is 1, must be 3",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  WORKS(ropewalk_table_rows_of_each(&table, &rows, NULL, 32, 3, 2));
  REFUSES("ropewalk_apply: position ids of the table are null, must point to the ids",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  REFUSES("rows_of_each: position ids of the table are given already, must be given once",
          ropewalk_table_rows_of_each(&table, &table, starts, 32, 3, 2));
  REFUSES("ropewalk_table_rows_of_each: id_bits of the table is 0, must be 32 or 64",
          ropewalk_table_rows_of_each(&table, &rows, starts, 0, 3, 2));
  REFUSES("ropewalk_table_rows_of_each: seq of the position ids is -1, must be 0 or more",
          ropewalk_table_rows_of_each(&table, &rows, starts, 32, 3, -1));
  REFUSES("ropewalk_table_rows_of_each: part is null, must not be",
          ropewalk_table_rows_of_each(NULL, &rows, starts, 32, 3, 2));
  REFUSES("ropewalk_table_rows_of_each: the table is null, must not be",
          ropewalk_table_rows_of_each(&table, NULL, starts, 32, 3, 2));
  ropewalk_table_free(&rows);
}

static void leaves_tokens(void) {
  const int32_t ids[2] = {-1, 1};
  const int64_t shape[4] = {2, 1, 1, 2};
  double x[4] = {1, 0, 1, 0}, out[4] = {7, 8, 7, 8};
  ropewalk_tensor tensor, output;
  ropewalk_table rows = empty_table, table = empty_table;
  WORKS(ropewalk_frequency_table(&rows, ROPEWALK_DTYPE_F64, 2, 100, 3));
  WORKS(ropewalk_table_gather(&table, &rows, ids, 32, 1, 2));
  table.leaves = 1;
  table.left_id = -1;
  WORKS(ropewalk_tensor_set(&tensor, x, ROPEWALK_DTYPE_F64, shape));
  tensor.shape[0] = 1, tensor.shape[1] = 2; /* as two tokens, then as two samples */
  output = tensor, output.data = out;
  WORKS(ropewalk_apply(NULL, &output, &tensor, 1, &table, NULL));
  EXPECT(out[0] == 7 && out[1] == 8 && near(out[3], sin(1), 1e-15));
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  EXPECT(x[0] == 1 && x[1] == 0 && near(x[3], sin(1), 1e-15));
  tensor.shape[0] = 2, tensor.shape[1] = 1;
  WORKS(ropewalk_table_rows_of_each(&table, &rows, ids, 32, 2, 1));
  table.left_id = -1;
  REFUSES("ropewalk_apply: start [0] of the table is -1, of 1 tokens: must be from 0 to 2",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  table.leaves = 1;
  WORKS(ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  EXPECT(x[0] == 1 && x[1] == 0 && near(x[3], sin(2), 1e-15));
  table.left_id = 2;
  REFUSES("ropewalk_apply: the id to leave is 2, must be outside 0 to 2, the positions of the tab",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  table.first_position = INT64_MAX;
  REFUSES("ropewalk_apply: the first position of the table is 9223372036854775807, must be so that",
          ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL));
  ropewalk_table_free(&rows);
}

/* Fields that say something of ids which are not there. */
static void refuses_words_without_ids(void) {
  const int32_t ids[1] = {0};
  ropewalk_table starts = empty_table, leaving = empty_table, numbered = empty_table;
  ropewalk_table part = empty_table;
  starts.ids_are_starts = leaving.leaves = 1;
  numbered.first_position = 1;
  REFUSES("ropewalk_apply: position ids of the table are missing, must be given first, by gather",
          ropewalk_apply(NULL, NULL, NULL, 0, &starts, NULL));
  REFUSES("ropewalk_table_rows: position ids of the table are missing, must be given first",
          ropewalk_table_rows(&part, &leaving, 0, 0));
  REFUSES("ropewalk_table_gather: position ids of the table are missing, must be given first",
          ropewalk_table_gather(&part, &numbered, ids, 32, 1, 1));
}

/* Nothing is read for it. */
static void leaves_empty_tensors(void) {
  const int64_t shape[4] = {2, 2, 0, 2};
  ropewalk_tensor tensor;
  ropewalk_table table = empty_table;
  WORKS(ropewalk_tensor_set(&tensor, NULL, ROPEWALK_DTYPE_F64, shape));
  WORKS(ropewalk_frequency_table(&table, ROPEWALK_DTYPE_F64, 2, 100, 3));
  WORKS(ropewalk_table_gather(&table, &table, NULL, 32, 2, 2));
  WORKS(ropewalk_apply(NULL, &tensor, &tensor, 1, &table, NULL));
  ropewalk_table_free(&table);
}

/* Models -------------------------------------------------------------------------------------- */

static void lists_models(void) {
  const int64_t count = ropewalk_model_count();
  const ropewalk_model* model = NULL;
  ropewalk_model_info info = {.struct_size = sizeof info};
  ropewalk_model_info unset = {.struct_size = 0};
  int64_t i;
  EXPECT(count > 100);
  for (i = 0; i < count; ++i) {
    WORKS(ropewalk_model_find(&model, ropewalk_model_name(i), ROPEWALK_WEIGHTS_ANY));
    WORKS(ropewalk_model_describe(&info, model));
    EXPECT(strcmp(info.name, ropewalk_model_name(i)) == 0);
    EXPECT(info.axes >= 1 && info.axes <= 4 && 2 * info.pairs <= info.head_dim - info.offset);
  }
  EXPECT(ropewalk_model_name(-1) == NULL && ropewalk_model_name(count) == NULL);

  WORKS(ropewalk_model_describe(&info, model_named("DeepSeek-V3", ROPEWALK_WEIGHTS_ANY)));
  EXPECT(info.heads == 128 && info.head_dim == 192 && info.offset == 128 && info.pairs == 32);
  EXPECT(info.pairing == ROPEWALK_PAIRING_INTERLEAVED_TO_HALF && info.table_dtype == -1);
  WORKS(ropewalk_model_describe(&info, model_named("Llama 3.1 8B", ROPEWALK_WEIGHTS_META)));
  EXPECT(info.pairing == ROPEWALK_PAIRING_INTERLEAVED && strlen(info.source) > 0);
  WORKS(ropewalk_model_describe(&info, model_named("Llama 3.1 8B", ROPEWALK_WEIGHTS_HUGGING_FACE)));
  EXPECT(info.pairing == ROPEWALK_PAIRING_HALF && info.kv_heads == 8);

  REFUSES("model_named: there is no model \"Lama 3.1 8B\"; the nearest is \"Llama 3.1 8B\" of: ",
          ropewalk_model_find(&model, "Lama 3.1 8B", 0));
  EXPECT(strlen(ropewalk_last_error()) > 1000);
  REFUSES("with_weights: the weights of Wan2.2 A14B are in one order, must be in two to choose",
          ropewalk_model_find(&model, "Wan2.2 A14B", ROPEWALK_WEIGHTS_META));
  REFUSES("ropewalk_model_find: weights of the model is 3, must be 0 to 2",
          ropewalk_model_find(&model, "Wan2.2 A14B", 3));
  REFUSES("ropewalk_model_find: model is null, must not be", ropewalk_model_find(NULL, "Wan", 0));
  REFUSES("ropewalk_model_find: name is null, must not be", ropewalk_model_find(&model, NULL, 0));
  REFUSES("ropewalk_model_describe: info is null, must not be",
          ropewalk_model_describe(NULL, model));
  REFUSES("ropewalk_model_describe: struct_size of info is 0, must be 88",
          ropewalk_model_describe(&unset, model));
  REFUSES("ropewalk_model_describe: the model is null, must not be",
          ropewalk_model_describe(&info, NULL));
  REFUSES("ropewalk_model_describe: the model is none that ropewalk_model_find gave, must be",
          ropewalk_model_describe(&info, (const ropewalk_model*)&count));
  REFUSES("ropewalk_model_describe: the model is none that ropewalk_model_find gave, must be",
          ropewalk_model_describe(&info, (const ropewalk_model*)((const char*)model + 8)));
}

static void gives_positions(void) {
  const ropewalk_model* const wan = model_named("Wan2.2 A14B", ROPEWALK_WEIGHTS_ANY);
  const ropewalk_model* const image = model_named("Qwen-Image", ROPEWALK_WEIGHTS_ANY);
  const int64_t sizes[3] = {2, 1, 2}, shape[3] = {1, 4, 3};
  const double of_wan[12] = {0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1};
  double positions[12];
  ropewalk_table table = empty_table;
  WORKS(ropewalk_model_positions(positions, wan, sizes, 3));
  EXPECT(memcmp(positions, of_wan, sizeof of_wan) == 0);
  WORKS(ropewalk_model_positions(positions, image, sizes, 3));
  EXPECT(positions[0] == 0 && positions[1] == -1 && positions[2] == -1 && positions[5] == 0);
  REFUSES("model_positions: axes of the grid is 2, must be 3",
          ropewalk_model_positions(positions, wan, sizes, 2));
  REFUSES("ropewalk_model_positions: axes of sizes is 0, must be 1 or more",
          ropewalk_model_positions(positions, wan, sizes, 0));
  REFUSES("ropewalk_model_positions: axes of sizes is 5, must be at most 4",
          ropewalk_model_positions(positions, wan, sizes, 5));
  REFUSES("ropewalk_model_positions: positions is null, must not be",
          ropewalk_model_positions(NULL, wan, sizes, 3));
  REFUSES("ropewalk_model_positions: sizes is null, must not be",
          ropewalk_model_positions(positions, wan, NULL, 3));

  WORKS(ropewalk_model_table(&table, wan, ROPEWALK_DTYPE_BF16, of_wan, shape));
  EXPECT(table.dtype == ROPEWALK_DTYPE_F32 && table.shape[1] == 4 && table.shape[3] == 64);
  EXPECT(near(((const float*)table.cos_a.data)[3 * table.strides[1]], cos(1), 1e-7));
  ropewalk_table_free(&table);
  REFUSES("ropewalk_model_table: positions is null, must not be",
          ropewalk_model_table(&table, wan, 0, NULL, shape));
  REFUSES("ropewalk_model_table: shape is null, must not be",
          ropewalk_model_table(&table, wan, 0, of_wan, NULL));
  REFUSES("ropewalk_model_table: the table is null, must not be",
          ropewalk_model_table(NULL, wan, 0, of_wan, shape));
  REFUSES("ropewalk_model_table: dtype of what is rotated is 4, must be 0 to 3",
          ropewalk_model_table(&table, wan, 4, of_wan, shape));
}

static void refuses_model_shapes(void) {
  const ropewalk_model* const wan = model_named("Wan2.2 A14B", ROPEWALK_WEIGHTS_ANY);
  const double positions[4] = {0, 1, NAN, 3};
  const int64_t two_axes[3] = {1, 2, 2}, no_batch[3] = {0, 1, 3}, negative[3] = {1, -1, 3};
  const int64_t no_axes[3] = {1, 1, 0}, five_axes[3] = {1, 1, 5}, one[3] = {1, 1, 3};
  ropewalk_table table = empty_table;
  REFUSES("id_positions: ", ropewalk_model_table(&table, wan, 0, positions, one));
  REFUSES("ropewalk_model_table: batch of positions is 0, must be 1 or more",
          ropewalk_model_table(&table, wan, 0, positions, no_batch));
  REFUSES("ropewalk_model_table: seq of positions is -1, must be 0 or more",
          ropewalk_model_table(&table, wan, 0, positions, negative));
  REFUSES("ropewalk_model_table: axes of positions is 0, must be 1 or more",
          ropewalk_model_table(&table, wan, 0, positions, no_axes));
  REFUSES("ropewalk_model_table: axes of positions is 5, must be at most 4",
          ropewalk_model_table(&table, wan, 0, positions, five_axes));
  REFUSES("id_positions: ", ropewalk_model_table(&table, wan, 0, positions, two_axes));
}

/* Rotations ----------------------------------------------------------------------------------- */

static void applies(void) {
  float cos[2] = {0, 1}, sin[2] = {1, 0}, q[8] = {1, 2, 3, 4, 5, 6, 7, 8}, k[4] = {1, 2, 3, 4};
  float out[8] = {0}, k_out[4] = {0};
  double wide[4] = {0};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 2);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 2);
  ropewalk_table table = empty_table;
  ropewalk_options options = {.struct_size = sizeof options};
  ropewalk_tensor xs[2], outs[2];
  xs[0] = tensor_of(q, ROPEWALK_DTYPE_F32, 1, 2, 4);
  xs[1] = tensor_of(k, ROPEWALK_DTYPE_F32, 1, 1, 4);
  outs[0] = tensor_of(out, ROPEWALK_DTYPE_F32, 1, 2, 4);
  outs[1] = tensor_of(k_out, ROPEWALK_DTYPE_F32, 1, 1, 4);
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &first, &second));
  WORKS(ropewalk_apply(NULL, outs, xs, 2, &table, NULL));
  EXPECT(out[0] == -2 && out[1] == 1 && out[2] == 3 && out[7] == 8);
  EXPECT(k_out[0] == -2 && k_out[1] == 1 && k_out[2] == 3 && k_out[3] == 4);
  options.pairing = ROPEWALK_PAIRING_HALF;
  WORKS(ropewalk_apply(NULL, NULL, xs, 1, &table, &options)); /* in place */
  EXPECT(q[0] == -3 && q[1] == 2 && q[2] == 1 && q[3] == 4);
  outs[1].data = wide;
  outs[1].dtype = ROPEWALK_DTYPE_F64;
  REFUSES("ropewalk_apply: dtype of outs[1] is 1, must be 0 as of xs[1]",
          ropewalk_apply(NULL, outs, xs, 2, &table, NULL));
  EXPECT(wide[0] == 0);
  WORKS(ropewalk_apply(NULL, NULL, NULL, 0, &table, NULL));
}

/* Of root mean square 5 and of none; then each in place with a weight of its own, or by Gemma's. */
static void normalises(void) {
  float cos[1] = {0}, sin[1] = {1}, q[4] = {1, 7, 5, -5}, k[2] = {1, 7}, out[4] = {0}, k_out[2];
  const float weight[2] = {2, 3};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 1);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 1);
  ropewalk_table table = empty_table;
  ropewalk_tensor xs[2], outs[2];
  ropewalk_norm norm, unset;
  const ropewalk_norm* norms[2];
  memset(&norm, 0, sizeof norm);
  memset(&unset, 0, sizeof unset);
  norm.struct_size = sizeof norm;
  norms[0] = &norm, norms[1] = NULL;
  xs[0] = tensor_of(q, ROPEWALK_DTYPE_F32, 1, 2, 2);
  xs[1] = tensor_of(k, ROPEWALK_DTYPE_F32, 1, 1, 2);
  outs[0] = tensor_of(out, ROPEWALK_DTYPE_F32, 1, 2, 2);
  outs[1] = tensor_of(k_out, ROPEWALK_DTYPE_F32, 1, 1, 2);
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &first, &second));
  WORKS(ropewalk_apply_normed(NULL, outs, xs, norms, 2, &table, NULL));
  EXPECT(near(out[0], -1.4, 1e-6) && near(out[1], 0.2, 1e-6));
  EXPECT(near(out[2], 1, 1e-6) && near(out[3], 1, 1e-6) && k_out[0] == -7 && k_out[1] == 1);
  norm.weight = weight;
  norm.weight_size = 2;
  norm.finish = ROPEWALK_FINISH_ONE_PLUS_WEIGHT;
  WORKS(ropewalk_apply_normed(NULL, NULL, xs, norms, 2, &table, NULL));
  EXPECT(near(q[0], -5.6, 1e-6) && near(q[1], 0.6, 1e-6) && k[0] == -7);
  norm.over = ROPEWALK_OVER_TOKEN;
  REFUSES(
      "ropewalk_apply_normed: size of the norm's weight[0] is 2, must be 4, the heads * head_di",
      ropewalk_apply_normed(NULL, NULL, xs, norms, 2, &table, NULL));
  norms[1] = &unset;
  REFUSES("ropewalk_apply_normed: struct_size of the norm[1] is 0, must be 48",
          ropewalk_apply_normed(NULL, NULL, xs, norms, 2, &table, NULL));
  REFUSES("ropewalk_apply_normed: norms is null, must not be",
          ropewalk_apply_normed(NULL, NULL, xs, NULL, 2, &table, NULL));
}

static void refuses_calls(void) {
  float cos[1] = {0}, sin[1] = {1}, data[4] = {1, 2, 3, 4}, other[4] = {0};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 1);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 1);
  ropewalk_tensor x = tensor_of(data, ROPEWALK_DTYPE_F32, 1, 2, 2);
  ropewalk_tensor out = tensor_of(other, ROPEWALK_DTYPE_F32, 1, 2, 2);
  ropewalk_table table = empty_table, bad = empty_table;
  ropewalk_options options = {.struct_size = sizeof options};
  const ropewalk_threads no_callback = {NULL, NULL};
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &first, &second));
  REFUSES("ropewalk_apply: xs is null, must not be",
          ropewalk_apply(NULL, NULL, NULL, 1, &table, NULL));
  REFUSES("ropewalk_apply: the table is null, must not be",
          ropewalk_apply(NULL, NULL, &x, 1, NULL, NULL));
  REFUSES("ropewalk_apply: count of xs is -1, must be 0 or more",
          ropewalk_apply(NULL, NULL, &x, -1, &table, NULL));
  REFUSES("ropewalk_apply: parallel_for of the threads is null, must not be",
          ropewalk_apply(&no_callback, NULL, &x, 1, &table, NULL));
  bad.dtype = 7;
  REFUSES("ropewalk_apply: dtype of the table is 7, must be 0 to 3",
          ropewalk_apply(NULL, NULL, &x, 1, &bad, NULL));
  bad.struct_size = 8;
  REFUSES("ropewalk_apply: struct_size of the table is 8, must be 232",
          ropewalk_apply(NULL, NULL, &x, 1, &bad, NULL));

  options.struct_size = 1;
  REFUSES("ropewalk_apply: struct_size of the options is 1, must be 16",
          ropewalk_apply(NULL, NULL, &x, 1, &table, &options));
  options.struct_size = sizeof options;
  options.pairing = 3;
  REFUSES("ropewalk_apply: pairing of the options is 3, must be 0 to 2",
          ropewalk_apply(NULL, NULL, &x, 1, &table, &options));
  options.pairing = ROPEWALK_PAIRING_INTERLEAVED_TO_HALF;
  REFUSES(
      "ropewalk_apply: pairing of the options is interleaved_to_half, which moves features: pass"
      " an output apart from xs[0]",
      ropewalk_apply(NULL, NULL, &x, 1, &table, &options));
  options.pairing = 0;
  options.compute = 2;
  REFUSES("ropewalk_apply: compute of the options is 2, must be 0 to 1",
          ropewalk_apply(NULL, NULL, &x, 1, &table, &options));

  x.dtype = 9;
  REFUSES("ropewalk_apply: dtype of xs[0] is 9, must be 0 to 3",
          ropewalk_apply(NULL, &out, &x, 1, &table, NULL));
  x.dtype = ROPEWALK_DTYPE_BF16;
  out.dtype = ROPEWALK_DTYPE_F16;
  REFUSES(
      "ropewalk_apply: dtype of outs[0] is 2, must be 3 as of xs[0], or what that and the "
      "table's promote to",
      ropewalk_apply(NULL, &out, &x, 1, &table, NULL));
  x.dtype = out.dtype = 0;
  x.data = NULL;
  REFUSES("ropewalk_apply: data of xs[0] is null, must point to the elements",
          ropewalk_apply(NULL, &out, &x, 1, &table, NULL));
  x.data = data;
  x.shape[3] = 3;
  REFUSES("ropewalk_apply: head_dim of outs[0] is 2, must be 3",
          ropewalk_apply(NULL, &out, &x, 1, &table, NULL));
  EXPECT(other[0] == 0 && data[0] == 1);
}

static void two_tensors_stay_apart(void) {
  float cos[1] = {0}, sin[1] = {1}, data[4] = {1, 2, 3, 4}, out[4] = {0};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 1);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 1);
  ropewalk_table table = empty_table;
  ropewalk_tensor xs[2], outs[2];
  xs[0] = xs[1] = tensor_of(data, ROPEWALK_DTYPE_F32, 1, 2, 2);
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &first, &second));
  REFUSES("ropewalk_apply: memory of xs[1] overlaps that of xs[0], must be apart from it",
          ropewalk_apply(NULL, NULL, xs, 2, &table, NULL));
  EXPECT(data[0] == 1);
  outs[0] = outs[1] = tensor_of(out, ROPEWALK_DTYPE_F32, 1, 2, 2);
  REFUSES("ropewalk_apply: memory of outs[1] overlaps that of outs[0], must be apart from it",
          ropewalk_apply(NULL, outs, xs, 2, &table, NULL));
  EXPECT(out[0] == 0);
}

static void rotates(void) {
  const ropewalk_model* const model = model_named("DeepSeek-V3", ROPEWALK_WEIGHTS_ANY);
  const double position = 3;
  const int64_t shape[3] = {1, 1, 1}, left = -1;
  float x[192], out[192];
  ropewalk_tensor from = tensor_of(x, ROPEWALK_DTYPE_F32, 1, 1, 192);
  const ropewalk_tensor to = tensor_of(out, ROPEWALK_DTYPE_F32, 1, 1, 192);
  ropewalk_table table = empty_table, of_bf16 = empty_table, of_id = empty_table;
  int i;
  for (i = 0; i < 192; ++i) x[i] = (float)i, out[i] = 0;
  WORKS(ropewalk_model_table(&table, model, ROPEWALK_DTYPE_F32, &position, shape));
  WORKS(ropewalk_rotate(NULL, &to, &from, 1, model, &table));
  EXPECT(memcmp(x, out, 128 * sizeof *x) == 0);
  EXPECT(near(out[128], 128 * cos(3) - 129 * sin(3), 1e-4));
  EXPECT(near(out[160], 129 * cos(3) + 128 * sin(3), 1e-4));
  WORKS(ropewalk_table_gather(&of_id, &table, &left, 64, 1, 1));
  of_id.leaves = 1;
  of_id.left_id = left;
  for (i = 0; i < 192; ++i) out[i] = -1;
  WORKS(ropewalk_rotate(NULL, &to, &from, 1, model, &of_id));
  for (i = 0; i < 192; ++i) EXPECT(out[i] == -1);
  REFUSES(
      "ropewalk_rotate: pairing of the options is interleaved_to_half, which moves features: "
      "pass an output apart from xs[0]",
      ropewalk_rotate(NULL, NULL, &from, 1, model, &table));
  WORKS(ropewalk_model_table(&of_bf16, model, ROPEWALK_DTYPE_BF16, &position, shape));
  REFUSES(
      "ropewalk_rotate: type of the table is bfloat16, DeepSeek-V3 has float, the type of what "
      "it rotates",
      ropewalk_rotate(NULL, &to, &from, 1, model, &of_bf16));
  REFUSES("ropewalk_rotate: the model is null, must not be",
          ropewalk_rotate(NULL, &to, &from, 1, NULL, &table));
  REFUSES("ropewalk_rotate: the table is null, must not be",
          ropewalk_rotate(NULL, &to, &from, 1, model, NULL));
  REFUSES("ropewalk_rotate: xs is null, must not be",
          ropewalk_rotate(NULL, &to, NULL, 1, model, &table));
  from.shape[3] = 130;
  REFUSES("ropewalk_rotate: head_dim of xs[0] is 130, DeepSeek-V3 has 192",
          ropewalk_rotate(NULL, &to, &from, 1, model, &table));
  ropewalk_table_free(&table);
  ropewalk_table_free(&of_bf16);
}

/* Nothing is turned where what passes through cannot be copied. */
static void checks_all_before_it_turns(void) {
  const ropewalk_model* const model = model_named("DeepSeek-V3", ROPEWALK_WEIGHTS_ANY);
  const double position = 3;
  const int64_t shape[3] = {1, 1, 1};
  float memory[256];
  const ropewalk_tensor from = tensor_of(memory, ROPEWALK_DTYPE_F32, 1, 1, 192);
  const ropewalk_tensor to = tensor_of(memory + 64, ROPEWALK_DTYPE_F32, 1, 1, 192);
  ropewalk_table table = empty_table;
  int i;
  for (i = 0; i < 256; ++i) memory[i] = (float)i;
  WORKS(ropewalk_model_table(&table, model, ROPEWALK_DTYPE_F32, &position, shape));
  REFUSES("ropewalk_rotate: memory of outs[0] overlaps that of xs[0], must be apart from it",
          ropewalk_rotate(NULL, &to, &from, 1, model, &table));
  for (i = 0; i < 256; ++i) EXPECT(memory[i] == (float)i);
  ropewalk_table_free(&table);
}

static void shifts(void) {
  const ropewalk_model* const model = model_named("Llama 3.1 8B", ROPEWALK_WEIGHTS_ANY);
  const ropewalk_model* const by_fractions = model_named("LTX-2", ROPEWALK_WEIGHTS_ANY);
  const double before = 7, after = 2;
  const int64_t shape[3] = {1, 1, 1};
  double moved[128], wanted[128];
  ropewalk_tensor keys = tensor_of(moved, ROPEWALK_DTYPE_F64, 1, 1, 128);
  const ropewalk_tensor straight = tensor_of(wanted, ROPEWALK_DTYPE_F64, 1, 1, 128);
  ropewalk_table table = empty_table;
  int i;
  for (i = 0; i < 128; ++i) moved[i] = wanted[i] = i % 7 - 3;
  WORKS(ropewalk_model_table(&table, model, ROPEWALK_DTYPE_F64, &before, shape));
  WORKS(ropewalk_rotate(NULL, NULL, &keys, 1, model, &table));
  ropewalk_table_free(&table);
  WORKS(ropewalk_shift(NULL, &keys, model, -5));
  WORKS(ropewalk_model_table(&table, model, ROPEWALK_DTYPE_F64, &after, shape));
  WORKS(ropewalk_rotate(NULL, NULL, &straight, 1, model, &table));
  ropewalk_table_free(&table);
  for (i = 0; i < 128; ++i) EXPECT(near(moved[i], wanted[i], 1e-5));
  REFUSES("ropewalk_shift: keys is null, must not be", ropewalk_shift(NULL, NULL, model, 1));
  REFUSES("ropewalk_shift: the model is null, must not be", ropewalk_shift(NULL, &keys, NULL, 1));
  REFUSES("ropewalk_shift: the tokens of LTX-2 do not follow one another at whole positions",
          ropewalk_shift(NULL, &keys, by_fractions, 1));
  keys.shape[3] = 64;
  REFUSES("ropewalk_shift: head_dim of keys is 64, Llama 3.1 8B has 128",
          ropewalk_shift(NULL, &keys, model, 1));
  keys.shape[3] = 128;
  keys.dtype = 5;
  REFUSES("ropewalk_shift: dtype of keys is 5, must be 0 to 3",
          ropewalk_shift(NULL, &keys, model, 1));
}

/* Threads ------------------------------------------------------------------------------------- */

/* Two ranges, the later one first. */
static void in_two_ranges(void* context, int64_t count, int64_t bytes_each,
                          void (*task)(void*, int64_t, int64_t), void* task_context) {
  int64_t* const seen = context;
  seen[0] = count;
  seen[1] = bytes_each;
  task(task_context, count / 2, count);
  task(task_context, 0, count / 2);
}

static void splits_work(void) {
  float cos[1] = {0}, sin[1] = {1}, data[10] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
  const ropewalk_tensor first = tensor_of(cos, ROPEWALK_DTYPE_F32, 1, 1, 1);
  const ropewalk_tensor second = tensor_of(sin, ROPEWALK_DTYPE_F32, 1, 1, 1);
  ropewalk_tensor x = tensor_of(data, ROPEWALK_DTYPE_F32, 5, 1, 2);
  int64_t seen[2] = {0, 0};
  ropewalk_table table = empty_table;
  ropewalk_threads threads;
  int i;
  threads.parallel_for = in_two_ranges;
  threads.context = seen;
  WORKS(ropewalk_table_set(&table, ROPEWALK_LAYOUT_HALF, &first, &second));
  table.shape[1] = 5; /* one row that serves all tokens */
  table.strides[1] = 0;
  WORKS(ropewalk_apply(&threads, NULL, &x, 1, &table, NULL));
  for (i = 0; i < 5; ++i) EXPECT(data[2 * i] == -2 && data[2 * i + 1] == 1);
  EXPECT(seen[0] == 5 && seen[1] == 16);
}

/* Ranges that are wrong, by what the context says; [0, 5) is all there is. */
typedef struct ranges {
  int64_t of[2][2];
} ranges;

static void in_wrong_ranges(void* context, int64_t count, int64_t bytes_each,
                            void (*task)(void*, int64_t, int64_t), void* task_context) {
  const ranges* const wrong = context;
  int i;
  (void)count, (void)bytes_each;
  for (i = 0; i < 2; ++i) task(task_context, wrong->of[i][0], wrong->of[i][1]);
}

static void refuses_other_ranges(void) {
  /* Left out, run twice, outside; an empty range is nothing, nor is one that ends before it. */
  const struct {
    ranges ranges;
    int64_t run;
  } cases[] = {{{{{0, 2}, {3, 5}}}, 4}, {{{{0, 3}, {2, 5}}}, 6}, {{{{-1, 1}, {1, 5}}}, 4},
               {{{{0, 1}, {1, 6}}}, 1}, {{{{0, 2}, {0, 2}}}, 4}, {{{{0, 0}, {5, 5}}}, 0},
               {{{{0, 5}, {5, 4}}}, 5}};
  float data[14] = {0};
  const ropewalk_tensor x = tensor_of(data + 2, ROPEWALK_DTYPE_F32, 5, 1, 2);
  ropewalk_table table = empty_table;
  size_t i;
  WORKS(ropewalk_frequency_table(&table, ROPEWALK_DTYPE_F32, 2, 1e4, 5));
  for (i = 0; i < sizeof cases / sizeof *cases; ++i) {
    ranges wrong = cases[i].ranges;
    ropewalk_threads threads;
    char text[128] = "";
    threads.parallel_for = in_wrong_ranges;
    threads.context = &wrong;
    if (cases[i].run == 5) {
      WORKS(ropewalk_apply(&threads, NULL, &x, 1, &table, NULL));
      continue;
    }
    sprintf(text,
            "ropewalk_apply: parallel_for of the threads ran ranges of %d tokens, must be 5, each "
            "once",
            (int)cases[i].run);
    REFUSES(text, ropewalk_apply(&threads, NULL, &x, 1, &table, NULL));
  }
  ropewalk_table_free(&table);
}

/* A pool whose threads take one token after the other. */
enum { pool_threads = 3 };

typedef struct pool {
  pthread_t threads[pool_threads];
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  void (*task)(void*, int64_t, int64_t);
  void* task_context;
  int64_t next, count, done;
  int ends;
} pool;

static void* works_in_pool(void* context) {
  pool* const of = context;
  pthread_mutex_lock(&of->mutex);
  while (!of->ends) {
    if (of->next == of->count) {
      pthread_cond_wait(&of->changed, &of->mutex);
      continue;
    }
    {
      const int64_t token = of->next++;
      pthread_mutex_unlock(&of->mutex);
      of->task(of->task_context, token, token + 1);
      pthread_mutex_lock(&of->mutex);
    }
    if (++of->done == of->count) pthread_cond_broadcast(&of->changed);
  }
  pthread_mutex_unlock(&of->mutex);
  return NULL;
}

static void in_pool(void* context, int64_t count, int64_t bytes_each,
                    void (*task)(void*, int64_t, int64_t), void* task_context) {
  pool* const of = context;
  (void)bytes_each;
  pthread_mutex_lock(&of->mutex);
  of->task = task;
  of->task_context = task_context;
  of->next = of->done = 0;
  of->count = count;
  pthread_cond_broadcast(&of->changed);
  while (of->done != of->count) pthread_cond_wait(&of->changed, &of->mutex);
  pthread_mutex_unlock(&of->mutex);
}

/* Queries in place, then out of place by DeepSeek's rule, then shifted: the same bits as alone. */
static void rotates_in_a_pool(const ropewalk_threads* threads) {
  enum { tokens = 64, features = 192, size = tokens * features };
  static float memory[2][3][size];
  const ropewalk_model* const model = model_named("DeepSeek-V3", ROPEWALK_WEIGHTS_ANY);
  const int64_t shape[3] = {1, tokens, 1};
  double positions[tokens];
  ropewalk_table table = empty_table;
  ropewalk_options options;
  int i, way;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  for (i = 0; i < tokens; ++i) positions[i] = i;
  WORKS(ropewalk_model_table(&table, model, ROPEWALK_DTYPE_F32, positions, shape));
  for (way = 0; way < 2; ++way) {
    const ropewalk_threads* const with = way == 0 ? NULL : threads;
    ropewalk_tensor x[3];
    for (i = 0; i < size; ++i) memory[way][0][i] = memory[way][1][i] = (float)(i % 31 - 15);
    for (i = 0; i < 3; ++i) {
      x[i] = tensor_of(memory[way][i], ROPEWALK_DTYPE_F32, tokens, 1, features);
    }
    WORKS(ropewalk_apply(with, NULL, &x[0], 1, &table, &options));
    WORKS(ropewalk_rotate(with, &x[2], &x[1], 1, model, &table));
    WORKS(ropewalk_shift(with, &x[2], model, -3));
  }
  EXPECT(memcmp(memory[0], memory[1], sizeof memory[0]) == 0);
  EXPECT(memory[0][2][size - 1] != memory[0][1][size - 1]);
  ropewalk_table_free(&table);
}

static void works_with_a_pool(void) {
  static pool of;
  ropewalk_threads threads;
  int i;
  threads.parallel_for = in_pool;
  threads.context = &of;
  EXPECT(pthread_mutex_init(&of.mutex, NULL) == 0 && pthread_cond_init(&of.changed, NULL) == 0);
  for (i = 0; i < pool_threads; ++i) {
    EXPECT(pthread_create(&of.threads[i], NULL, works_in_pool, &of) == 0);
  }
  rotates_in_a_pool(&threads);
  pthread_mutex_lock(&of.mutex);
  of.ends = 1;
  pthread_cond_broadcast(&of.changed);
  pthread_mutex_unlock(&of.mutex);
  for (i = 0; i < pool_threads; ++i) EXPECT(pthread_join(of.threads[i], NULL) == 0);
}

static void* fails_elsewhere(void* text_there) {
  EXPECT(strcmp(ropewalk_last_error(), "") == 0);
  REFUSES("ropewalk_table_rows: part is null", ropewalk_table_rows(NULL, NULL, 0, 0));
  strcpy(text_there, ropewalk_last_error());
  return NULL;
}

static void errors_are_of_their_thread(void) {
  char there[4096];
  pthread_t thread;
  REFUSES("ropewalk_tensor_set: tensor is null", ropewalk_tensor_set(NULL, NULL, 0, NULL));
  EXPECT(pthread_create(&thread, NULL, fails_elsewhere, there) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  EXPECT(strcmp(there, "ropewalk_table_rows: part is null, must not be") == 0);
  EXPECT(strcmp(ropewalk_last_error(), "ropewalk_tensor_set: tensor is null, must not be") == 0);
}

int main(void) {
  EXPECT(strcmp(ropewalk_last_error(), "") == 0);
  EXPECT(strcmp(ropewalk_version(), ROPEWALK_VERSION) == 0);
  sets_tensors();
  sets_tables();
  reads_coefficients_of_features();
  refuses_tables();
  makes_frequency_tables();
  gathers_rows();
  takes_rows_of_each();
  leaves_tokens();
  refuses_words_without_ids();
  leaves_empty_tensors();
  lists_models();
  gives_positions();
  refuses_model_shapes();
  applies();
  normalises();
  refuses_calls();
  two_tensors_stay_apart();
  rotates();
  checks_all_before_it_turns();
  shifts();
  splits_work();
  refuses_other_ranges();
  works_with_a_pool();
  errors_are_of_their_thread();
  printf(failures == 0 ? "all holds\n" : "%d failed\n", failures);
  return failures == 0 ? 0 : 1;
}
