// Where elements are not 0.
#include "../include/torus_elementwise.h"
#include "write.h"

#define NONZERO_FLOAT(x) (x) != 0
#define NONZERO_WHOLE(x) (x) != 0
#define NONZERO_NARROW(x) (x) != 0
#define NONZERO_TRUTH(x) (x) != 0
// Without the sign, which zero may have.
#define NONZERO_BF16(x) ((x) & 0x7fff) != 0
#define NONZERO_F16(x) ((x) & 0x7fff) != 0
#define NONZERO(x, type, number, stored, form, loops, name) \
  case TORUS_##type: return NONZERO_##form(*(const stored *)value);

static bool is_nonzero(torus_dtype dtype, const void *value) {
  switch (dtype) { TORUS_DTYPE_ROWS(NONZERO, ) }
}

int64_t torus_nonzero_count(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides) {
  if (torus_count_without(rank, shape, -1) == 0) return 0;
  int64_t size = torus_element_size(dtype), count = 0;
  int64_t position[TORUS_MAX_RANK] = {0}, offset = 0;
  do {
    count += is_nonzero(dtype, (const char *)a + offset * size);
  } while (torus_advance(rank, shape, -1, position, 1, &offset, &a_strides));
  return count;
}

torus_status torus_nonzero(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  int64_t *out) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  if (torus_count_without(rank, shape, -1) == 0) return TORUS_OK;
  int64_t size = torus_element_size(dtype);
  int64_t position[TORUS_MAX_RANK] = {0}, offset = 0;
  do {
    if (!is_nonzero(dtype, (const char *)a + offset * size)) continue;
    memcpy(out, position, (size_t)rank * sizeof(int64_t));
    out += rank;
  } while (torus_advance(rank, shape, -1, position, 1, &offset, &a_strides));
  return TORUS_OK;
}
