#include <string.h>

#include "CUnicode.h"
#include "tables.h"

#define ROWS(table, width) (sizeof(table) / sizeof((table)[0]) / (width))

// The row of an ascending table that begins with a key, or null.
static const uint32_t *row(const uint32_t *table, uint32_t rows, uint32_t width, uint32_t key) {
  uint32_t low = 0, high = rows;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (table[middle * width] < key) low = middle + 1;
    else high = middle;
  }
  return low < rows && table[low * width] == key ? table + low * width : 0;
}

uint32_t torus_unicode_combining_class(uint32_t c) {
  uint32_t low = 0, high = ROWS(torus_unicode_combining, 1);
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    uint32_t entry = torus_unicode_combining[middle];
    if (entry >> 8 == c) return entry & 255;
    if (entry >> 8 < c) low = middle + 1;
    else high = middle;
  }
  return 0;
}

uint32_t torus_unicode_to_lower(uint32_t c) {
  const uint32_t *found = row(torus_unicode_lower, ROWS(torus_unicode_lower, 2), 2, c);
  return found ? found[1] : c;
}

uint32_t torus_unicode_to_folded(uint32_t c) {
  const uint32_t *found = row(torus_unicode_fold, ROWS(torus_unicode_fold, 2), 2, c);
  return found ? found[1] : c;
}

uint32_t torus_unicode_decomposition(uint32_t c, int compatible, const uint32_t **parts) {
  const uint32_t *found = 0;
  if (compatible) {
    found = row(torus_unicode_compatible, ROWS(torus_unicode_compatible, 2), 2, c);
  }
  if (!found) found = row(torus_unicode_canonical, ROWS(torus_unicode_canonical, 2), 2, c);
  if (!found) return 0;
  *parts = torus_unicode_decomposed + (found[1] >> 8);
  return found[1] & 255;
}

uint32_t torus_unicode_composition(uint32_t first, uint32_t second) {
  uint64_t key = (uint64_t)first << 32 | second;
  uint32_t low = 0, high = ROWS(torus_unicode_composed, 3);
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    const uint32_t *entry = torus_unicode_composed + middle * 3;
    uint64_t found = (uint64_t)entry[0] << 32 | entry[1];
    if (found == key) return entry[2];
    if (found < key) low = middle + 1;
    else high = middle;
  }
  return 0;
}

uint32_t torus_unicode_script_run(uint32_t c) {
  uint32_t low = 0, high = ROWS(torus_unicode_script_runs, 1);
  while (high - low > 1) {
    uint32_t middle = (low + high) / 2;
    if (torus_unicode_script_runs[middle] >> 8 <= c) low = middle;
    else high = middle;
  }
  return torus_unicode_script_runs[low] & 255;
}

const uint32_t *torus_unicode_all_several_folds(uint32_t *count) {
  *count = ROWS(torus_unicode_fold_several, 4);
  return torus_unicode_fold_several;
}

const uint32_t *torus_unicode_set_named(const char *name, uint32_t *count) {
  uint32_t low = 0, high = ROWS(torus_unicode_set_names, 1);
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    int order = strcmp(torus_unicode_set_names[middle], name);
    if (order == 0) {
      uint32_t number = torus_unicode_set_numbers[middle];
      uint32_t first = number > 0 ? torus_unicode_set_ends[number - 1] : 0;
      *count = torus_unicode_set_ends[number] - first;
      return torus_unicode_set_steps + first;
    }
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return 0;
}
