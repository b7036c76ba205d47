// Few rows against a matrix in blocks, which is read from memory once and never written out as numbers: what
// generating one token after the other from weights of 8 or 4 bits is made of.
#include <stdbool.h>

#include "../gemm/internal.h"
#include "blocks.h"

#if TORUS_LEVELS > 1
#include <immintrin.h>
#endif

#define KERNELS "../blocks/rows_kernels.h"
#include "../core/each_level.h"

enum { LINES = 16, COLUMN_BLOCKS = 8, ROWS = 8, AT_ONCE = 4 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

typedef struct rows_job {
  bool eight, transposed;  // Q8_0, else Q4_0; the matrix is [k, n], else [n, k]
  int64_t m, n, k, line;   // bytes of a row of blocks
  const float *x;
  const uint8_t *w;
  float *y;
} rows_job;

static void lines_body(int64_t begin, int64_t end, void *context) {
  const rows_job *j = context;
  void (*dots)(bool, int, int64_t, const float *, const uint8_t *, int64_t, float *) =
      AT_LEVEL(rows_by_lines);
  for (int64_t first = begin * LINES; first < least(j->n, end * LINES); first += AT_ONCE)
    for (int64_t i = 0; i < j->m; i++)
      dots(j->eight, (int)least(AT_ONCE, j->n - first), j->k / 32, j->x + i * j->k, j->w + first * j->line,
           j->line, j->y + i * j->n + first);
}

static void columns_body(int64_t begin, int64_t end, void *context) {
  const rows_job *j = context;
  void (*add)(bool, int, int64_t, const float *, const uint8_t *, int64_t, float *) = AT_LEVEL(add_lines);
  const int64_t first = begin * COLUMN_BLOCKS, last = least(j->n / 32, end * COLUMN_BLOCKS);
  const uint8_t *w = j->w + first * (j->eight ? 34 : 18);
  for (int64_t i = 0; i < j->m; i++)
    memset(j->y + i * j->n + first * 32, 0, (size_t)((last - first) * 32) * sizeof(float));
  for (int64_t p = 0; p < j->k; p += ROWS)
    for (int64_t i = 0; i < j->m; i++)
      add(j->eight, (int)least(ROWS, j->k - p), last - first, j->x + i * j->k + p, w + p * j->line, j->line,
          j->y + i * j->n + first * 32);
}

torus_status torus_blocks_product(int format, bool transposed, int64_t m, int64_t n, int64_t k,
                                  const float *x, const uint8_t *blocks, float *y) {
  const int64_t row = transposed ? n : k;
  if ((format != TORUS_Q8_0 && format != TORUS_Q4_0) || m > ROWS || row % 32) return TORUS_UNSUPPORTED;
  const bool eight = format == TORUS_Q8_0;
  rows_job j = {.eight = eight, .transposed = transposed, .m = m, .n = n, .k = k,
                .line = row / 32 * (eight ? 34 : 18), .x = x, .w = blocks, .y = y};
  // Pieces do not depend on the pool's size, and so neither do the sums.
  const int64_t pieces = transposed ? (n / 32 + COLUMN_BLOCKS - 1) / COLUMN_BLOCKS : (n + LINES - 1) / LINES;
  const bool alone = torus_in_parallel() || n * k < 1 << 16;
  torus_parallel_for(pieces, alone ? pieces : transposed ? 1 : 8, transposed ? columns_body : lines_body, &j);
  return TORUS_OK;
}
