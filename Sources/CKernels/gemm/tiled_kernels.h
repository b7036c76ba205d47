// Products over tiles: small ones, which read operands where they lie, and packed ones.

// One tile of any width: whole vectors go straight to C, others through a buffer.
static inline void NAME(put)(int m, int64_t n, const torus_tile *t, const REAL *a, const REAL *b,
                             REAL *c, int64_t ldc) {
  if (n == NAME(COLS) || n == LANES) {
    NAME(tiles)[m - 1](n == NAME(COLS) ? 2 : 1, t, a, b, c, ldc);
    return;
  }
  REAL buffer[ROWS * NAME(COLS)] __attribute__((aligned(64)));
  REAL bias[NAME(COLS)];
  torus_tile whole = *t;
  whole.beta = 0;
  if (t->col_bias) {
    for (int64_t j = 0; j < NAME(COLS); j++) bias[j] = j < n ? ((const REAL *)t->col_bias)[j] : 0;
    whole.col_bias = bias;
  }
  NAME(tiles)[m - 1](n > LANES ? 2 : 1, &whole, a, b, buffer, NAME(COLS));
  const REAL beta = (REAL)t->beta;
  for (int i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      const REAL value = buffer[i * NAME(COLS) + j];
      c[i * ldc + j] = beta == 0 ? value : value + beta * c[i * ldc + j];
    }
}

enum {
  NAME(N_BLOCK) = 12 * NAME(COLS),      // a packed block of columns in the second, or more of
                                        // them where there are fewer steps
  NAME(M_BLOCK) = 96 * ROWS,
};

// Rows in tiles of equal height: 16 as 8 + 8 and not 14 + 2, whose small tile waits for its sums.
static inline int64_t NAME(height)(int64_t m) {
  const int64_t tiles = (m + ROWS - 1) / ROWS;
  return (m + tiles - 1) / tiles;
}

// Columns that need no packing: whole panels of an untransposed B are read where they lie, and
// the ragged last panel is copied.
static void NAME(product_small)(const torus_product *g) {
  // A panel of a short product fits the stack.
  REAL local[128 * NAME(COLS)] __attribute__((aligned(64)));
  const size_t bytes = (size_t)g->k * NAME(COLS) * sizeof(REAL);
  REAL *panel = g->k <= 128 ? local : torus_alloc(bytes);
  const REAL *A = g->A, *B = g->B;
  REAL *C = g->C;
  torus_tile t = {.taps = 1, .k = g->k, .alpha = g->alpha, .beta = g->beta};
  t.a_row = g->transA ? 1 : g->lda;
  t.a_step = g->transA ? g->lda : 1;
  const int64_t height = NAME(height)(g->m);
  for (int64_t j = 0; j < g->n; j += NAME(COLS)) {
    const int64_t n = NAME(least)(NAME(COLS), g->n - j);
    const REAL *b = B + j;
    t.b_step = g->ldb;
    if (g->transB || (n != NAME(COLS) && n != LANES)) {
      NAME(pack_cols)(g->transB ? B + j * g->ldb : b, g->ldb, g->transB, n, g->k, panel);
      b = panel;
      t.b_step = NAME(COLS);
    }
    t.col_bias = g->col_bias ? (const REAL *)g->col_bias + j : 0;
    for (int64_t i = 0; i < g->m; i += height) {
      t.row_bias = g->row_bias ? (const REAL *)g->row_bias + i : 0;
      NAME(put)((int)NAME(least)(height, g->m - i), n, &t, A + i * (g->transA ? 1 : g->lda), b,
                C + i * g->ldc + j, g->ldc);
    }
  }
  if (panel != local) torus_free(panel, bytes);
}

// Rows side by side, each along k.
static void NAME(copy_rows)(const REAL *a, int64_t lda, int64_t m, int64_t k, REAL *out) {
  for (int64_t i = 0; i < m; i++)
    __builtin_memcpy(out + i * NAME(STRIDE), a + i * lda, (size_t)k * sizeof(REAL));
}

enum {
  NAME(MOST_LINES) = 2 * NAME(K_BLOCK),  // no panel of op(A) has more
};
_Static_assert(ROWS * (NAME(K_BLOCK) / NAME(LINE) + 2) <= NAME(MOST_LINES), "too few");

// Where the cache lines of a panel of op(A), `width` rows by k steps, lie from its first element.
// Of a transposed one each step's last: the panel before has touched the line it begins in.
static int64_t NAME(lines)(int64_t lda, bool trans, int64_t width, int64_t k, int64_t *out) {
  int64_t count = 0;
  if (trans)
    for (; count < k; count++) out[count] = count * lda + width - 1;
  else
    for (int64_t r = 0; r < width; r++)
      for (int64_t p = 0; p < k + NAME(LINE) - 1; p += NAME(LINE))
        out[count++] = r * lda + NAME(least)(p, k - 1);
  return count;
}

// Chunks of k one after the other, each with all panels of columns.
static void NAME(pack_all)(const void *b, int64_t ldb, bool trans, int64_t n, int64_t k, void *out) {
  const int64_t columns = (n + NAME(COLS) - 1) / NAME(COLS) * NAME(COLS);
  for (int64_t p = 0; p < k; p += NAME(K_BLOCK))
    NAME(pack_block)((const REAL *)b + (trans ? p : p * ldb), ldb, trans, n,
                     NAME(least)(NAME(K_BLOCK), k - p), (REAL *)out + p * columns);
}

static void NAME(product_packed)(const torus_product *g) {
  const int64_t kc = NAME(least)(g->k, NAME(K_BLOCK));
  const int64_t columns = (g->n + NAME(COLS) - 1) / NAME(COLS) * NAME(COLS);
  const int64_t nc = NAME(least)(
      columns, NAME(N_BLOCK) * NAME(K_BLOCK) / kc / NAME(COLS) * NAME(COLS));
  // Rows that meet one block of columns alone are packed into the same place one after another.
  const bool once = columns == nc;
  const int64_t mc = once ? g->m : NAME(least)((g->m + ROWS - 1) / ROWS * ROWS, NAME(M_BLOCK));
  const int64_t height = NAME(height)(NAME(least)(mc, g->m));
  // Rows that lie along k are copied, others as [k][ROWS].
  const int64_t panel = g->transA ? ROWS * kc : ROWS * NAME(STRIDE);
  const size_t row_bytes =
      (size_t)((once ? 1 : (mc + height - 1) / height) * panel) * sizeof(REAL);
  const size_t col_bytes = g->columns ? 0 : (size_t)(nc * kc) * sizeof(REAL);
  REAL *rows = torus_alloc(row_bytes), *own = col_bytes ? torus_alloc(col_bytes) : 0;
  const REAL *A = g->A, *B = g->B;
  int64_t lines[NAME(MOST_LINES)];
  for (int64_t i0 = 0; i0 < g->m; i0 += mc) {
    const int64_t m = NAME(least)(mc, g->m - i0);
    for (int64_t p0 = 0; p0 < g->k; p0 += kc) {
      const int64_t k = NAME(least)(kc, g->k - p0);
      const int64_t count = NAME(lines)(g->lda, g->transA, height, k, lines);
      torus_tile t = {.taps = 1, .k = k, .b_step = NAME(COLS), .alpha = g->alpha};
      t.a_row = g->transA ? 1 : NAME(STRIDE);
      t.a_step = g->transA ? ROWS : 1;
      t.beta = p0 == 0 ? g->beta : 1;
      for (int64_t j0 = 0; j0 < g->n; j0 += nc) {
        const int64_t n = NAME(least)(nc, g->n - j0);
        const REAL *cols = own;
        if (own)
          NAME(pack_block)(g->transB ? B + j0 * g->ldb + p0 : B + p0 * g->ldb + j0, g->ldb,
                           g->transB, n, k, own);
        else cols = (const REAL *)g->columns + p0 * g->all_columns + (g->first_column + j0) * k;
        for (int64_t i = 0, at = 0; i < m; i += height, at += once ? 0 : panel) {
          const int tall = (int)NAME(least)(height, m - i);
          const REAL *a = g->transA ? A + p0 * g->lda + i0 + i : A + (i0 + i) * g->lda + p0;
          if (j0 == 0 && g->transA) NAME(pack_rows)(a, g->lda, true, tall, k, rows + at);
          else if (j0 == 0) NAME(copy_rows)(a, g->lda, tall, k, rows + at);
          t.next = a + height * (g->transA ? 1 : g->lda);
          const int64_t wanted = j0 == 0 && i + height < m ? count : 0;
          t.row_bias = g->row_bias && p0 == 0 ? (const REAL *)g->row_bias + i0 + i : 0;
          for (int64_t j = 0; j < n; j += NAME(COLS)) {
            const int64_t end = NAME(least)(j + NAME(COLS), n);
            t.next_offsets = lines + wanted * j / n;
            t.next_lines = wanted * end / n - wanted * j / n;
            t.col_bias = g->col_bias && p0 == 0 ? (const REAL *)g->col_bias + j0 + j : 0;
            NAME(put)(tall, end - j, &t, rows + at, cols + j * k,
                      (REAL *)g->C + (i0 + i) * g->ldc + j0 + j, g->ldc);
          }
        }
      }
    }
  }
  torus_free(rows, row_bytes);
  torus_free(own, col_bytes);
}
