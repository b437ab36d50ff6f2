/* What a consumer in C writes first: one call, with nothing but the library's target linked. */
#include <ropewalk/ropewalk.h>
#include <stddef.h>

int main(void) {
  float x[2] = {1, 2}, cos_and_sin[2] = {0, 1};
  const int64_t shape[4] = {1, 1, 1, 2};
  ropewalk_tensor tensor, packed;
  ropewalk_table table = {.struct_size = sizeof table};
  if (ropewalk_tensor_set(&tensor, x, ROPEWALK_DTYPE_F32, shape) != ROPEWALK_OK ||
      ropewalk_tensor_set(&packed, cos_and_sin, ROPEWALK_DTYPE_F32, shape) != ROPEWALK_OK ||
      ropewalk_table_set(&table, ROPEWALK_LAYOUT_COMPLEX, &packed, NULL) != ROPEWALK_OK ||
      ropewalk_apply(NULL, NULL, &tensor, 1, &table, NULL) != ROPEWALK_OK) {
    return 1;
  }
  return x[0] == -2 && x[1] == 1 ? 0 : 1;
}
