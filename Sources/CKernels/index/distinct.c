// Distinct values and distinct rows.
#include <string.h>

#include "../elementwise/tiles.h"
#include "keys.h"

/// Whether a key is a NaN's, which equals no other.
static bool is_nan(torus_dtype dtype, wide_key key) {
  return torus_is_float(dtype) && key.key == UINT64_MAX >> (64 - key_bits(dtype));
}

/// Writes the runs of equal keys in the order of `keys`, each run once; returns their number.
static int64_t write_distinct(
  torus_dtype dtype, int64_t n, const void *a, const wide_key *keys, void *out, int64_t *inverse,
  int64_t *counts) {
  int64_t size = torus_element_size(dtype), found = 0;
  for (int64_t i = 0; i < n; i++) {
    if (i == 0 || keys[i].key != keys[i - 1].key || is_nan(dtype, keys[i])) {
      memcpy((char *)out + found * size, (const char *)a + keys[i].place * size, (size_t)size);
      if (counts) counts[found] = 0;
      found++;
    }
    if (counts) counts[found - 1]++;
    if (inverse) inverse[keys[i].place] = found - 1;
  }
  return found;
}

int64_t torus_unique(
  bool consecutive, torus_dtype dtype, int64_t n, const void *a, void *out, int64_t *inverse,
  int64_t *counts) {
  size_t bytes = (size_t)n * sizeof(wide_key);
  wide_key *keys = torus_alloc(bytes);
  make_wide_keys(dtype, n, a, torus_element_size(dtype), false, keys);
  if (!consecutive) {
    wide_key *scratch = torus_alloc(bytes);
    stable_sort_wide(keys, scratch, n, key_bits(dtype));
    torus_free(scratch, bytes);
  }
  int64_t found = write_distinct(dtype, n, a, keys, out, inverse, counts);
  torus_free(keys, bytes);
  return found;
}

// MARK: Rows

typedef struct row_keys {
  const wide_key *keys;
  int64_t width;
} row_keys;

/// Whether row i comes before (< 0) or after (> 0) row j, by their first elements that differ.
static int compare_rows(const row_keys *r, int64_t i, int64_t j) {
  const wide_key *a = r->keys + i * r->width, *b = r->keys + j * r->width;
  for (int64_t c = 0; c < r->width; c++) {
    if (a[c].key != b[c].key) return a[c].key < b[c].key ? -1 : 1;
  }
  return 0;
}

/// Sorts the numbers of rows stably, by merging.
static void sort_rows(const row_keys *r, int64_t n, int64_t *order, int64_t *scratch) {
  if (n < 2) return;
  int64_t middle = n / 2;
  sort_rows(r, middle, order, scratch);
  sort_rows(r, n - middle, order + middle, scratch);
  memcpy(scratch, order, (size_t)middle * sizeof *order);
  for (int64_t a = 0, b = middle, k = 0; a < middle; k++) {
    bool second = b < n && compare_rows(r, order[b], scratch[a]) < 0;
    order[k] = second ? order[b++] : scratch[a++];
  }
}

int64_t torus_unique_rows(
  bool consecutive, torus_dtype dtype, int64_t rows, int64_t width, const void *a, int64_t *first,
  int64_t *inverse, int64_t *counts) {
  size_t bytes = (size_t)(rows * width) * sizeof(wide_key);
  wide_key *keys = torus_alloc(bytes);
  make_wide_keys(dtype, rows * width, a, torus_element_size(dtype), false, keys);
  row_keys r = {keys, width};
  size_t order_bytes = 2 * (size_t)rows * sizeof(int64_t);
  int64_t *order = torus_alloc(order_bytes), found = 0;
  for (int64_t i = 0; i < rows; i++) order[i] = i;
  if (!consecutive) sort_rows(&r, rows, order, order + rows);
  for (int64_t i = 0; i < rows; i++) {
    int64_t row = order[i];
    bool is_new = i == 0 || compare_rows(&r, order[i - 1], row) != 0;
    for (int64_t c = 0; c < width && !is_new; c++) is_new = is_nan(dtype, keys[row * width + c]);
    if (is_new) {
      first[found] = row;
      counts[found++] = 0;
    }
    counts[found - 1]++;
    inverse[row] = found - 1;
  }
  torus_free(keys, bytes);
  torus_free(order, order_bytes);
  return found;
}
