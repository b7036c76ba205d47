// Rows of a table by index, and the sum of their gradients.
#include "../include/torus_elementwise.h"
#include "write.h"

typedef struct {
  const char *weight;
  int64_t row_bytes, stride_bytes, rows;
  const int64_t *index;
  char *out;
  int64_t bad;
  bool failed;
} lookup_work;

static void lookup(int64_t begin, int64_t end, void *context) {
  lookup_work *w = context;
  for (int64_t i = begin; i < end; i++) {
    if ((uint64_t)w->index[i] >= (uint64_t)w->rows) {
      w->bad = w->index[i];
      w->failed = true;
      return;
    }
    memcpy(w->out + i * w->row_bytes, w->weight + w->index[i] * w->stride_bytes, w->row_bytes);
  }
}

torus_status torus_embedding(
  torus_dtype dtype, const void *weight, int64_t rows, int64_t width, int64_t weight_stride,
  const int64_t *index, int64_t n, void *out, int64_t *bad) {
  int64_t size = torus_element_size(dtype);
  lookup_work work = {weight, width * size, weight_stride * size, rows, index, out, 0, false};
  torus_parallel_for(n, 1 + 32768 / (width + 1), lookup, &work);
  if (!work.failed) return TORUS_OK;
  *bad = work.bad;
  return TORUS_INDEX_OUT_OF_RANGE;
}

typedef struct {
  torus_dtype dtype;
  const void *grad;
  int64_t grad_stride;
  const int64_t *index;
  int64_t n, rows, width, padding_index;
  const int64_t *uses;
  void *grad_weight;
} half_sums;

// Half types are summed in f32 and rounded once: a row of the table at a time, with all that went to it in the
// order in which it came.
static void sum_halves(const half_sums *s) {
  const int64_t one = 1, size = torus_element_size(s->dtype), width = s->width;
  int64_t *first = torus_alloc((size_t)s->rows * sizeof(int64_t));
  int64_t *next = torus_alloc((size_t)s->n * sizeof(int64_t));
  float *sum = torus_alloc((size_t)width * sizeof(float));
  float *row = torus_alloc((size_t)width * sizeof(float));
  for (int64_t r = 0; r < s->rows; r++) first[r] = -1;
  for (int64_t i = s->n - 1; i >= 0; i--) {
    next[i] = first[s->index[i]];
    first[s->index[i]] = i;
  }
  for (int64_t i = 0; i < s->n; i++) {
    const int64_t at = s->index[i];
    if (at == s->padding_index || first[at] != i) continue;
    const float factor = s->uses ? (float)(1.0 / (double)s->uses[at]) : 1;
    memset(sum, 0, (size_t)width * sizeof(float));
    for (int64_t k = i; k >= 0; k = next[k]) {
      torus_copy(1, &width, TORUS_F32, row, &one, s->dtype,
                 (const char *)s->grad + k * s->grad_stride * size, &one);
      for (int64_t j = 0; j < width; j++) sum[j] += factor * row[j];
    }
    torus_copy(1, &width, s->dtype, (char *)s->grad_weight + at * width * size, &one, TORUS_F32, sum, &one);
  }
  torus_free(first, (size_t)s->rows * sizeof(int64_t));
  torus_free(next, (size_t)s->n * sizeof(int64_t));
  torus_free(sum, (size_t)width * sizeof(float));
  torus_free(row, (size_t)width * sizeof(float));
}

torus_status torus_embedding_backward(
  torus_dtype dtype, const void *grad, int64_t grad_stride, const int64_t *index, int64_t n,
  int64_t rows, int64_t width, int64_t padding_index, bool scale_by_frequency,
  void *grad_weight, int64_t *bad) {
  for (int64_t i = 0; i < n; i++) {
    if ((uint64_t)index[i] >= (uint64_t)rows) {
      *bad = index[i];
      return TORUS_INDEX_OUT_OF_RANGE;
    }
  }
  int64_t size = torus_element_size(dtype);
  int64_t *uses = NULL;
  if (scale_by_frequency) {
    uses = torus_alloc_zeroed((size_t)rows * sizeof(int64_t));
    for (int64_t i = 0; i < n; i++) uses[index[i]]++;
  }
  if (torus_is_half(dtype)) {
    const half_sums work = {dtype, grad, grad_stride, index, n, rows, width, padding_index, uses, grad_weight};
    sum_halves(&work);
  } else {
    torus_write add = torus_write_function(TORUS_WRITE_ADD, dtype);
    for (int64_t i = 0; i < n; i++) {
      int64_t at = index[i];
      if (at == padding_index) continue;
      double factor = uses ? 1.0 / (double)uses[at] : 1;
      const char *from = (const char *)grad + i * grad_stride * size;
      if (dtype == TORUS_F32) {
        float *restrict sum = (float *)grad_weight + at * width;
        const float *restrict g = (const float *)from;
        float f = (float)factor;
        for (int64_t j = 0; j < width; j++) sum[j] += f * g[j];
      } else {
        for (int64_t j = 0; j < width; j++) {
          add((char *)grad_weight + (at * width + j) * size, from + j * size, factor);
        }
      }
    }
  }
  torus_free(uses, (size_t)rows * sizeof(int64_t));
  return TORUS_OK;
}
