// Searching in sorted rows, and counting.
#include <string.h>

#include "../elementwise/tiles.h"
#include "keys.h"

// MARK: Sorted rows

typedef struct search {
  bool right, shared;
  compute_type type;
  const char *sorted, *values;
  int64_t n, m;
  int64_t *out;
} search;

// The comparison is turned round so that a NaN that is looked for goes to the end.
#define SEARCH(T)                                                        \
  {                                                                      \
    const T *row = (const T *)s->sorted + (s->shared ? 0 : r * s->n);    \
    T v = ((const T *)s->values)[i];                                     \
    while (low < high) {                                                 \
      int64_t middle = low + (high - low) / 2;                           \
      bool before = s->right ? !(row[middle] > v) : !(row[middle] >= v); \
      low = before ? middle + 1 : low;                                   \
      high = before ? high : middle;                                     \
    }                                                                    \
  }                                                                      \
  break;

static void search_values(int64_t begin, int64_t end, void *context) {
  const search *s = context;
  for (int64_t i = begin; i < end; i++) {
    int64_t r = i / s->m, low = 0, high = s->n;
    switch (s->type) {
    case C_F32: SEARCH(float)
    case C_F64: SEARCH(double)
    case C_I32: SEARCH(int32_t)
    default: SEARCH(int64_t)
    }
    s->out[i] = low;
  }
}

/// The elements as their compute type: in place, or converted into a new block of `*bytes`.
static const char *widened(torus_dtype dtype, int64_t n, const void *a, void **block, size_t *bytes) {
  if (is_direct(dtype)) return a;
  torus_dtype wide = compute_dtype(dtype);
  *bytes = (size_t)(n * torus_element_size(wide));
  *block = torus_alloc(*bytes);
  elementwise()->convert[wide][dtype](n, *block, a);
  return *block;
}

torus_status torus_search_sorted(
  bool right, torus_dtype dtype, const void *sorted, int64_t n, bool shared,
  const void *values, int64_t rows, int64_t m, int64_t *out) {
  if (rows * m == 0) return TORUS_OK;
  void *sorted_block = NULL, *values_block = NULL;
  size_t sorted_bytes = 0, values_bytes = 0;
  search s = {
    right, shared, compute_of(dtype),
    widened(dtype, shared ? n : rows * n, sorted, &sorted_block, &sorted_bytes),
    widened(dtype, rows * m, values, &values_block, &values_bytes), n, m, out};
  torus_parallel_for(rows * m, GRAIN / 16, search_values, &s);
  torus_free(sorted_block, sorted_bytes);
  torus_free(values_block, values_bytes);
  return TORUS_OK;
}

// MARK: Counting

torus_status torus_bincount(
  const int64_t *index, int64_t n, int64_t bins, const void *weights, torus_dtype weights_dtype,
  void *out, int64_t *bad) {
  if (weights && weights_dtype != TORUS_F32 && weights_dtype != TORUS_F64) {
    return TORUS_UNSUPPORTED;
  }
  for (int64_t i = 0; i < n; i++) {
    if (index[i] >= 0 && index[i] < bins) continue;
    *bad = index[i];
    return TORUS_INDEX_OUT_OF_RANGE;
  }
  if (!weights) {
    int64_t *counts = out;
    memset(counts, 0, (size_t)bins * sizeof *counts);
    for (int64_t i = 0; i < n; i++) counts[index[i]]++;
  } else if (weights_dtype == TORUS_F32) {
    float *sums = out;
    memset(sums, 0, (size_t)bins * sizeof *sums);
    for (int64_t i = 0; i < n; i++) sums[index[i]] += ((const float *)weights)[i];
  } else {
    double *sums = out;
    memset(sums, 0, (size_t)bins * sizeof *sums);
    for (int64_t i = 0; i < n; i++) sums[index[i]] += ((const double *)weights)[i];
  }
  return TORUS_OK;
}

// Counts are whole numbers until the end: f32 cannot count past 2^24.
#define HISTOGRAM(T)                                                     \
  {                                                                      \
    const T *x = a;                                                      \
    T from = (T)low, to = (T)high, range = to - from;                    \
    for (int64_t i = 0; i < n; i++) {                                    \
      if (!(x[i] >= from && x[i] <= to)) continue;                       \
      int64_t bin = (int64_t)((x[i] - from) * (T)bins / range);          \
      counts[bin >= bins ? bins - 1 : bin]++;                            \
    }                                                                    \
  }

torus_status torus_histc(
  torus_dtype dtype, const void *a, int64_t n, int64_t bins, double low, double high, void *out) {
  if ((dtype != TORUS_F32 && dtype != TORUS_F64) || !(high > low)) return TORUS_UNSUPPORTED;
  size_t bytes = (size_t)bins * sizeof(int64_t);
  int64_t *counts = torus_alloc_zeroed(bytes);
  if (dtype == TORUS_F32) {
    HISTOGRAM(float)
  } else {
    HISTOGRAM(double)
  }
  elementwise()->convert[dtype][TORUS_I64](bins, out, counts);
  torus_free(counts, bytes);
  return TORUS_OK;
}
