// Indexing along one dimension: gather, scatter, and whole slices.
#include "write.h"

typedef struct {
  torus_dtype dtype;
  int32_t rank, dim;
  const int64_t *shape;
  void *out;
  const int64_t *out_strides;
  const void *a;
  const int64_t *a_strides;
  int64_t limit;
  const int64_t *index, *index_strides;
  int64_t bad;
  bool failed;
} gather_work;

// Rows of elements along `dim`, from `begin` to `end` of the other positions.
static void gather_rows(int64_t begin, int64_t end, void *context) {
  gather_work *w = context;
  int64_t size = torus_element_size(w->dtype);
  int64_t position[TORUS_MAX_RANK] = {0}, offsets[3] = {0, 0, 0};
  const int64_t *strides[3] = {w->out_strides, w->a_strides, w->index_strides};
  int64_t rest = begin;
  for (int32_t d = w->rank - 1; d >= 0; d--) {
    if (d == w->dim) continue;
    position[d] = rest % w->shape[d];
    rest /= w->shape[d];
    for (int o = 0; o < 3; o++) offsets[o] += position[d] * strides[o][d];
  }
  int64_t length = w->rank ? w->shape[w->dim] : 1;
  int64_t so = w->rank ? w->out_strides[w->dim] : 0, sa = w->rank ? w->a_strides[w->dim] : 0;
  int64_t si = w->rank ? w->index_strides[w->dim] : 0;
  for (int64_t row = begin; row < end; row++) {
    char *out = (char *)w->out + offsets[0] * size;
    const char *a = (const char *)w->a + offsets[1] * size;
    const int64_t *index = w->index + offsets[2];
    for (int64_t i = 0; i < length; i++) {
      int64_t at = index[i * si];
      if ((uint64_t)at >= (uint64_t)w->limit) {
        w->bad = at;
        w->failed = true;
        return;
      }
      torus_copy_element(out + i * so * size, a + at * sa * size, size);
    }
    torus_advance(w->rank, w->shape, w->dim, position, 3, offsets, strides);
  }
}

torus_status torus_gather(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  int64_t a_dim_size, const int64_t *index, const int64_t *index_strides, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t rows = torus_count_without(rank, shape, dim), length = rank ? shape[dim] : 1;
  if (rows * length == 0) return TORUS_OK;
  gather_work work = {dtype, rank, dim, shape, out, out_strides, a, a_strides,
                      a_dim_size, index, index_strides, 0, false};
  torus_parallel_for(rows, 1 + 32768 / length, gather_rows, &work);
  if (!work.failed) return TORUS_OK;
  *bad = work.bad;
  return TORUS_INDEX_OUT_OF_RANGE;
}

// Whether all indices lie in [0, limit); writes the first that does not.
static bool in_range(
  int32_t rank, const int64_t *shape, const int64_t *index, const int64_t *strides, int64_t limit,
  int64_t *bad) {
  int64_t position[TORUS_MAX_RANK] = {0}, offset = 0;
  if (torus_count_without(rank, shape, -1) == 0) return true;
  do {
    if ((uint64_t)index[offset] >= (uint64_t)limit) {
      *bad = index[offset];
      return false;
    }
  } while (torus_advance(rank, shape, -1, position, 1, &offset, &strides));
  return true;
}

torus_status torus_scatter(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, int64_t self_dim_size,
  const int64_t *index, const int64_t *index_strides,
  const void *src, const int64_t *src_strides, double alpha, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  torus_write write = torus_write_function(op, dtype);
  if (!write) return TORUS_UNSUPPORTED;
  if (!in_range(rank, shape, index, index_strides, self_dim_size, bad)) {
    return TORUS_INDEX_OUT_OF_RANGE;
  }
  if (torus_count_without(rank, shape, -1) == 0) return TORUS_OK;
  int64_t size = torus_element_size(dtype);
  // The self offset leaves `dim` to the index.
  int64_t elsewhere[TORUS_MAX_RANK];
  for (int32_t d = 0; d < rank; d++) elsewhere[d] = d == dim ? 0 : self_strides[d];
  int64_t along = rank ? self_strides[dim] : 0;
  int64_t position[TORUS_MAX_RANK] = {0}, offsets[3] = {0, 0, 0};
  const int64_t *strides[3] = {elsewhere, index_strides, src_strides};
  do {
    char *place = (char *)self + (offsets[0] + index[offsets[1]] * along) * size;
    write(place, (const char *)src + offsets[2] * size, alpha);
  } while (torus_advance(rank, shape, -1, position, 3, offsets, strides));
  return TORUS_OK;
}

// Applies `write` to one slice: all positions but those of `dim`.
static void write_slice(
  torus_write write, int32_t rank, const int64_t *shape, int32_t dim, int64_t size, char *self,
  const int64_t *self_strides, const char *src, const int64_t *src_strides, double alpha) {
  int64_t position[TORUS_MAX_RANK] = {0}, offsets[2] = {0, 0};
  const int64_t *strides[2] = {self_strides, src_strides};
  if (torus_count_without(rank, shape, dim) == 0) return;
  do {
    write(self + offsets[0] * size, src + offsets[1] * size, alpha);
  } while (torus_advance(rank, shape, dim, position, 2, offsets, strides));
}

// Whether the dimensions behind `dim` lie as one block in both operands; its length in `block`.
static bool is_block(
  int32_t rank, const int64_t *shape, int32_t dim, const int64_t *a, const int64_t *b,
  int64_t *block) {
  int64_t expected = 1;
  for (int32_t d = rank - 1; d > dim; d--) {
    if (shape[d] != 1 && (a[d] != expected || b[d] != expected)) return false;
    expected *= shape[d];
  }
  *block = expected;
  return true;
}

torus_status torus_index_select(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, const int64_t *index, int64_t index_stride,
  int64_t count, void *out, const int64_t *out_strides, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(dtype), block;
  for (int64_t i = 0; i < count; i++) {
    int64_t at = index[i * index_stride];
    if ((uint64_t)at >= (uint64_t)shape[dim]) {
      *bad = at;
      return TORUS_INDEX_OUT_OF_RANGE;
    }
  }
  if (torus_count_without(rank, shape, dim) == 0) return TORUS_OK;
  if (is_block(rank, shape, dim, a_strides, out_strides, &block)) {
    // Whole blocks: one memcpy for every index and every position before `dim`.
    int64_t position[TORUS_MAX_RANK] = {0}, offsets[2] = {0, 0};
    const int64_t *strides[2] = {a_strides, out_strides};
    do {
      for (int64_t i = 0; i < count; i++) {
        const char *from =
          (const char *)a + (offsets[0] + index[i * index_stride] * a_strides[dim]) * size;
        memcpy((char *)out + (offsets[1] + i * out_strides[dim]) * size, from, block * size);
      }
    } while (torus_advance(dim, shape, -1, position, 2, offsets, strides));
    return TORUS_OK;
  }
  torus_write write = torus_write_function(TORUS_WRITE_SET, dtype);
  for (int64_t i = 0; i < count; i++) {
    const char *from = (const char *)a + index[i * index_stride] * a_strides[dim] * size;
    char *to = (char *)out + i * out_strides[dim] * size;
    write_slice(write, rank, shape, dim, size, to, out_strides, from, a_strides, 1);
  }
  return TORUS_OK;
}

torus_status torus_index_write(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, const int64_t *index, int64_t index_stride,
  int64_t count, const void *src, const int64_t *src_strides, double alpha, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  torus_write write = torus_write_function(op, dtype);
  if (!write) return TORUS_UNSUPPORTED;
  int64_t size = torus_element_size(dtype), limit = rank ? shape[dim] : 1, block;
  for (int64_t i = 0; i < count; i++) {
    int64_t at = index[i * index_stride];
    if ((uint64_t)at >= (uint64_t)limit) {
      *bad = at;
      return TORUS_INDEX_OUT_OF_RANGE;
    }
  }
  int64_t own = rank ? self_strides[dim] : 0, theirs = rank ? src_strides[dim] : 0;
  bool sums = op == TORUS_WRITE_ADD && dtype == TORUS_F32 && alpha == 1 && dim == 0 && rank > 0 &&
              is_block(rank, shape, dim, self_strides, src_strides, &block);
  for (int64_t i = 0; i < count; i++) {
    char *to = (char *)self + index[i * index_stride] * own * size;
    const char *from = (const char *)src + i * theirs * size;
    if (sums) {
      float *restrict sum = (float *)to;
      const float *restrict row = (const float *)from;
      for (int64_t j = 0; j < block; j++) sum[j] += row[j];
    } else {
      write_slice(write, rank, shape, dim, size, to, self_strides, from, src_strides, alpha);
    }
  }
  return TORUS_OK;
}
