// The product engine for one element type and one vector width. Included once for each, with
// REAL, VBYTES (bytes of a vector), ROWS (rows of a full tile) and NAME(x) defined, between
// attributes that choose the instruction set.
//
// Scheme: a tile of ROWS × two vectors of sums stays in registers while the product runs along
// k; the row values are broadcast and the columns are read as vectors. Columns are packed as
// [k][COLS], rows that lie across k as [k][ROWS], so that both are read in order (Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication", 2008); rows along k are copied side
// by side. Rows are packed tile by tile as they are wanted, and while a tile runs along k, it asks
// memory for the rows that come next and for its own place in C: little is then waited for even
// where nothing is cached.

enum {
  NAME(LANES) = VBYTES / sizeof(REAL),
  NAME(COLS) = 2 * NAME(LANES),
  NAME(LINE) = 64 / sizeof(REAL),
  NAME(K_BLOCK) = 1536 / sizeof(REAL),        // a panel of rows stays in the first cache
  NAME(STRIDE) = NAME(K_BLOCK) + NAME(LINE),  // of copied rows, which lie in different sets of it
};
typedef REAL NAME(vec) __attribute__((vector_size(VBYTES), aligned(sizeof(REAL))));

static inline __attribute__((always_inline)) void NAME(tile_body)(
    const int M, const int V, const int64_t row, const bool table, const bool fetch,
    const torus_tile *t, const REAL *a, const REAL *b, REAL *c, int64_t ldc) {
  NAME(vec) sum[ROWS][2];
  const REAL *row_bias = t->row_bias, *col_bias = t->col_bias;
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
      if (row_bias) sum[i][v] = (NAME(vec)){} + row_bias[i];
      else if (col_bias) sum[i][v] = *(const NAME(vec) *)(col_bias + v * NAME(LANES));
      else sum[i][v] = (NAME(vec)){};
    }
  const int64_t step = row == 1 ? t->a_step : 1;
  const int64_t b_step = t->b_step, k = t->k;
  for (int64_t tap = 0; tap < t->taps; tap++) {
    const REAL *pa = a, *pb = b;
    if (t->taps != 1) {
      pa += t->a_taps[tap];
      pb += t->b_taps[tap];
    }
    const int64_t lines = fetch ? t->next_lines : 0;
    int64_t fetched = 0;
    REAL *place = c;
    for (int64_t p = 0; p < k; p++) {
      if (fetch && p % TORUS_FETCH_STEPS == 0) {
        if (fetched < lines) {
          __builtin_prefetch((const REAL *)t->next + t->next_offsets[fetched], 0, 3);
          fetched++;
        }
        if (p < TORUS_FETCH_STEPS * M) {
          __builtin_prefetch(place, 1, 3);
          __builtin_prefetch(place + (V - 1) * NAME(LANES), 1, 3);
          place += ldc;
        }
      }
      NAME(vec) column[2];
      const REAL *from = table ? pb + t->b_offsets[p] : pb;
#pragma clang loop unroll(full)
      for (int v = 0; v < V; v++) column[v] = *(const NAME(vec) *)(from + v * NAME(LANES));
#pragma clang loop unroll(full)
      for (int i = 0; i < M; i++) {
        const REAL x = pa[i * row];
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) sum[i][v] += x * column[v];
      }
      pa += step;
      pb += b_step;
    }
  }
  const REAL alpha = (REAL)t->alpha, beta = (REAL)t->beta;
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
      NAME(vec) *at = (NAME(vec) *)(c + i * ldc + v * NAME(LANES));
      if (beta == 0) *at = alpha * sum[i][v];
      else *at = alpha * sum[i][v] + beta * *at;
    }
}

#define TILE(M)                                                                               \
  static void NAME(tile_##M)(int vectors, const torus_tile *t, const REAL *a, const REAL *b,  \
                             REAL *c, int64_t ldc) {                                          \
    if (t->b_offsets) NAME(tile_body)(M, 2, 1, true, false, t, a, b, c, ldc);                 \
    else if (t->a_row == 1)                                                                   \
      if (vectors == 1) NAME(tile_body)(M, 1, 1, false, false, t, a, b, c, ldc);              \
      else if (t->next) NAME(tile_body)(M, 2, 1, false, true, t, a, b, c, ldc);               \
      else NAME(tile_body)(M, 2, 1, false, false, t, a, b, c, ldc);                           \
    else if (vectors == 1) NAME(tile_body)(M, 1, t->a_row, false, false, t, a, b, c, ldc);    \
    else if (t->next) NAME(tile_body)(M, 2, NAME(STRIDE), false, true, t, a, b, c, ldc);      \
    else NAME(tile_body)(M, 2, t->a_row, false, false, t, a, b, c, ldc);                      \
  }
TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if ROWS > 6
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#endif
#if ROWS > 12
TILE(13) TILE(14)
#endif
#undef TILE

typedef void (*NAME(tile_function))(int, const torus_tile *, const REAL *, const REAL *, REAL *,
                                    int64_t);
static const NAME(tile_function) NAME(tiles)[ROWS] = {
    NAME(tile_1), NAME(tile_2), NAME(tile_3), NAME(tile_4), NAME(tile_5), NAME(tile_6),
#if ROWS > 6
    NAME(tile_7), NAME(tile_8), NAME(tile_9), NAME(tile_10), NAME(tile_11), NAME(tile_12),
#endif
#if ROWS > 12
    NAME(tile_13), NAME(tile_14),
#endif
};

static void NAME(tile)(int m, int vectors, const torus_tile *t, const void *a, const void *b,
                       void *c, int64_t ldc) {
  NAME(tiles)[m - 1](vectors, t, a, b, c, ldc);
}

static inline int64_t NAME(least)(int64_t a, int64_t b) { return a < b ? a : b; }

// Four columns of four rows at a time: the shuffles stay in 16-byte lanes, which every level has.
typedef REAL NAME(quad) __attribute__((vector_size(4 * sizeof(REAL)), aligned(sizeof(REAL))));

static inline __attribute__((always_inline)) void NAME(transpose4)(const REAL *in, int64_t ldi,
                                                                   REAL *out, int64_t ldo) {
  NAME(quad) r0 = *(const NAME(quad) *)in, r1 = *(const NAME(quad) *)(in + ldi);
  NAME(quad) r2 = *(const NAME(quad) *)(in + 2 * ldi), r3 = *(const NAME(quad) *)(in + 3 * ldi);
  NAME(quad) a = __builtin_shufflevector(r0, r1, 0, 4, 2, 6);
  NAME(quad) b = __builtin_shufflevector(r0, r1, 1, 5, 3, 7);
  NAME(quad) c = __builtin_shufflevector(r2, r3, 0, 4, 2, 6);
  NAME(quad) d = __builtin_shufflevector(r2, r3, 1, 5, 3, 7);
  *(NAME(quad) *)out = __builtin_shufflevector(a, c, 0, 1, 4, 5);
  *(NAME(quad) *)(out + ldo) = __builtin_shufflevector(b, d, 0, 1, 4, 5);
  *(NAME(quad) *)(out + 2 * ldo) = __builtin_shufflevector(a, c, 2, 3, 6, 7);
  *(NAME(quad) *)(out + 3 * ldo) = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}

// Columns [begin, end), four at a time.
static inline __attribute__((always_inline)) void NAME(transpose_columns)(
    const REAL *in, int64_t ldi, REAL *out, int64_t ldo, int64_t rows, int64_t begin,
    int64_t end) {
  int64_t j = begin;
  for (; j + 4 <= end; j += 4) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4)
      NAME(transpose4)(in + i * ldi + j, ldi, out + j * ldo + i, ldo);
    for (; i < rows; i++)
      for (int64_t q = 0; q < 4; q++) out[(j + q) * ldo + i] = in[i * ldi + j + q];
  }
  for (; j < end; j++)
    for (int64_t i = 0; i < rows; i++) out[j * ldo + i] = in[i * ldi + j];
}

static void NAME(transpose)(const REAL *in, int64_t ldi, REAL *out, int64_t ldo, int64_t rows,
                            int64_t cols) {
  NAME(transpose_columns)(in, ldi, out, ldo, rows, 0, cols);
}

// The same for a panel's few rows at a long stride, of which the first cache keeps few lines: whole
// lines one after the other.
static void NAME(transpose_panel)(const REAL *in, int64_t ldi, REAL *out, int64_t ldo,
                                  int64_t rows, int64_t cols) {
  int64_t begin = 0;
  for (; begin + NAME(LINE) <= cols; begin += NAME(LINE)) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4)
      for (int64_t j = begin; j < begin + NAME(LINE); j += 4)
        NAME(transpose4)(in + i * ldi + j, ldi, out + j * ldo + i, ldo);
    for (; i < rows; i++)
      for (int64_t j = begin; j < begin + NAME(LINE); j++) out[j * ldo + i] = in[i * ldi + j];
  }
  NAME(transpose_columns)(in, ldi, out, ldo, rows, begin, cols);
}

// Copies fewer than 2·`half` values but no fewer than `half`, as two halves that overlap.
static inline __attribute__((always_inline)) void NAME(copy_halves)(const REAL *in, int64_t n,
                                                                    const int half, REAL *out) {
  NAME(quad) a[4], b[4];
#pragma clang loop unroll(full)
  for (int q = 0; q < half / 4; q++) {
    a[q] = *(const NAME(quad) *)(in + 4 * q);
    b[q] = *(const NAME(quad) *)(in + n - half + 4 * q);
  }
#pragma clang loop unroll(full)
  for (int q = 0; q < half / 4; q++) {
    *(NAME(quad) *)(out + 4 * q) = a[q];
    *(NAME(quad) *)(out + n - half + 4 * q) = b[q];
  }
}

// `width` values of each of k steps, contiguous where `along` is set, side by side as [k][full].
static inline __attribute__((always_inline)) void NAME(pack)(const REAL *in, int64_t ld,
                                                             bool along, int64_t width,
                                                             const int full, int64_t k,
                                                             REAL *out) {
  if (along) {
    if (width == full) {
      for (int64_t p = 0; p < k; p++, in += ld, out += full)
        __builtin_memcpy(out, in, (size_t)full * sizeof(REAL));
    } else if (width >= 8 && width < 16) {
      for (int64_t p = 0; p < k; p++, in += ld, out += full) {
        for (int j = 8; j < full; j++) out[j] = 0;
        NAME(copy_halves)(in, width, 8, out);
      }
    } else {
      for (int64_t p = 0; p < k; p++, in += ld, out += full) {
        for (int64_t j = 0; j < width; j++) out[j] = in[j];
        for (int64_t j = width; j < full; j++) out[j] = 0;
      }
    }
  } else {
    NAME(transpose_panel)(in, ld, out, full, width, k);
    if (width < full)
      for (int64_t p = 0; p < k; p++)
        for (int64_t j = width; j < full; j++) out[p * full + j] = 0;
  }
}

static void NAME(pack_rows)(const void *a, int64_t lda, bool trans, int64_t m, int64_t k,
                            void *out) {
  NAME(pack)(a, lda, trans, m, ROWS, k, out);
}

static void NAME(pack_cols)(const void *b, int64_t ldb, bool trans, int64_t n, int64_t k,
                            void *out) {
  NAME(pack)(b, ldb, !trans, n, NAME(COLS), k, out);
}

// n columns and k steps of op(B), panel after panel. Rows of B are read once from end to end.
static void NAME(pack_block)(const REAL *b, int64_t ldb, bool trans, int64_t n, int64_t k,
                             REAL *out) {
  const int64_t panels = trans ? 0 : n / NAME(COLS);
  for (int64_t p = 0; p < k && panels; p += NAME(LINE)) {
    const int64_t steps = NAME(least)(NAME(LINE), k - p);
    for (int64_t q = 0; q < panels; q++) {
      const REAL *in = b + p * ldb + q * NAME(COLS);
      REAL *to = out + (q * k + p) * NAME(COLS);
      for (int64_t r = 0; r < steps; r++)
        __builtin_memcpy(to + r * NAME(COLS), in + r * ldb, NAME(COLS) * sizeof(REAL));
    }
  }
  for (int64_t j = panels * NAME(COLS); j < n; j += NAME(COLS))
    NAME(pack_cols)(b + (trans ? j * ldb : j), ldb, trans, NAME(least)(NAME(COLS), n - j), k,
                    out + j * k);
}

// One tile of any width: whole vectors go straight to C, others through a buffer.
static inline void NAME(put)(int m, int64_t n, const torus_tile *t, const REAL *a, const REAL *b,
                             REAL *c, int64_t ldc) {
  if (n == NAME(COLS) || n == NAME(LANES)) {
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
  NAME(tiles)[m - 1](n > NAME(LANES) ? 2 : 1, &whole, a, b, buffer, NAME(COLS));
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

// Few rows against a transposed B: both run along k, so sums of whole vectors need no packing.
static inline __attribute__((always_inline)) void NAME(dot_body)(const int M, const int N,
                                                                 const torus_product *g,
                                                                 const REAL *a, const REAL *b,
                                                                 int64_t i0, int64_t j0) {
  NAME(vec) sum[4][4];
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) sum[i][j] = (NAME(vec)){};
  int64_t p = 0;
  for (; p + NAME(LANES) <= g->k; p += NAME(LANES)) {
    NAME(vec) x[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < M; i++) x[i] = *(const NAME(vec) *)(a + i * g->lda + p);
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) {
      const NAME(vec) y = *(const NAME(vec) *)(b + j * g->ldb + p);
#pragma clang loop unroll(full)
      for (int i = 0; i < M; i++) sum[i][j] += x[i] * y;
    }
  }
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      REAL lanes[NAME(LANES)], total;
      *(NAME(vec) *)lanes = sum[i][j];
      for (int width = NAME(LANES) / 2; width > 0; width /= 2)
        for (int q = 0; q < width; q++) lanes[q] += lanes[q + width];
      total = lanes[0];
      for (int64_t q = p; q < g->k; q++) total += a[i * g->lda + q] * b[j * g->ldb + q];
      total *= (REAL)g->alpha;
      if (g->row_bias) total += ((const REAL *)g->row_bias)[i0 + i];
      if (g->col_bias) total += ((const REAL *)g->col_bias)[j0 + j];
      REAL *c = (REAL *)g->C + (i0 + i) * g->ldc + j0 + j;
      *c = g->beta == 0 ? total : total + (REAL)g->beta * *c;
    }
}

static void NAME(product_dot)(const torus_product *g) {
  const REAL *A = g->A, *B = g->B;
  for (int64_t j = 0; j < g->n; j += 4) {
    const REAL *b = B + j * g->ldb;
    for (int64_t i = 0; i < g->m; i += 4) {
      const REAL *a = A + i * g->lda;
      const int64_t m = NAME(least)(4, g->m - i), n = NAME(least)(4, g->n - j);
      if (n == 4) {
        if (m == 4) NAME(dot_body)(4, 4, g, a, b, i, j);
        else if (m == 3) NAME(dot_body)(3, 4, g, a, b, i, j);
        else if (m == 2) NAME(dot_body)(2, 4, g, a, b, i, j);
        else NAME(dot_body)(1, 4, g, a, b, i, j);
      } else {
        for (int64_t q = 0; q < m; q++)
          for (int64_t r = 0; r < n; r++)
            NAME(dot_body)(1, 1, g, a + q * g->lda, b + r * g->ldb, i + q, j + r);
      }
    }
  }
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
    if (g->transB || (n != NAME(COLS) && n != NAME(LANES))) {
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
  const size_t col_bytes = (size_t)(nc * kc) * sizeof(REAL);
  REAL *rows = torus_alloc(row_bytes), *cols = torus_alloc(col_bytes);
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
        NAME(pack_block)(g->transB ? B + j0 * g->ldb + p0 : B + p0 * g->ldb + j0, g->ldb,
                         g->transB, n, k, cols);
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
  torus_free(cols, col_bytes);
}

// Very few rows against a B as it lies: rows of B are read once, one after the other, and added up
// in C, which stays in the first caches. What is read, not what is computed, takes the time.
static inline __attribute__((always_inline)) void NAME(add_rows)(const int COUNT, int64_t n,
                                                                const REAL *x, const REAL *b,
                                                                int64_t ldb, REAL *c) {
  int64_t j = 0;
  for (; j + NAME(LANES) <= n; j += NAME(LANES)) {
    NAME(vec) sum = x[0] * *(const NAME(vec) *)(b + j);
#pragma clang loop unroll(full)
    for (int q = 1; q < COUNT; q++) sum += x[q] * *(const NAME(vec) *)(b + q * ldb + j);
    *(NAME(vec) *)(c + j) += sum;
  }
  for (; j < n; j++) {
    REAL sum = x[0] * b[j];
    for (int q = 1; q < COUNT; q++) sum += x[q] * b[q * ldb + j];
    c[j] += sum;
  }
}

static void NAME(product_rows)(const torus_product *g) {
  const REAL *A = g->A, *B = g->B;
  REAL *C = g->C;
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++) {
      REAL *c = C + i * g->ldc + j;
      REAL start = g->beta == 0 ? 0 : (REAL)g->beta * *c;
      if (g->row_bias) start += ((const REAL *)g->row_bias)[i];
      if (g->col_bias) start += ((const REAL *)g->col_bias)[j];
      *c = start;
    }
  for (int64_t p = 0; p < g->k; p += 8) {
    const int64_t count = NAME(least)(8, g->k - p);
    for (int64_t i = 0; i < g->m; i++) {
      REAL x[8] = {0}, *c = C + i * g->ldc;
      for (int64_t q = 0; q < count; q++) x[q] = (REAL)g->alpha * A[i * g->lda + p + q];
      if (count == 8) NAME(add_rows)(8, g->n, x, B + p * g->ldb, g->ldb, c);
      else
        for (int64_t q = 0; q < count; q++)
          NAME(add_rows)(1, g->n, x + q, B + (p + q) * g->ldb, g->ldb, c);
    }
  }
}

// The scheme depends on the whole product, so that a part of it, on another thread, is summed in
// the same order.
static int NAME(plan)(const torus_product *g) {
  if (g->k <= 0) return TORUS_PLAN_SMALL;
  if (g->transB && !g->transA && g->m <= 12 && g->k >= 2 * NAME(LANES)) return TORUS_PLAN_DOT;
  if (!g->transA && !g->transB && g->m <= 4 && g->n >= 8 * NAME(LANES) && g->k >= 64)
    return TORUS_PLAN_ROWS;
  // Rows that meet few columns are not worth packing, but long power-of-two strides collide in
  // the first cache.
  const bool collide = !g->transA && g->m > 4 && g->k > 64 && g->lda * sizeof(REAL) % 1024 == 0;
  const bool small = g->k <= NAME(K_BLOCK) && g->m * g->k * (int64_t)sizeof(REAL) <= 64 << 10;
  const bool narrow = g->n <= 2 * NAME(COLS) && g->k <= 16 * NAME(K_BLOCK);
  return (small || narrow) && !collide ? TORUS_PLAN_SMALL : TORUS_PLAN_PACKED;
}

static void NAME(product)(const torus_product *g) {
  if (g->m <= 0 || g->n <= 0) return;
  const int plan = g->plan ? g->plan : NAME(plan)(g);
  if (plan == TORUS_PLAN_DOT) NAME(product_dot)(g);
  else if (plan == TORUS_PLAN_ROWS) NAME(product_rows)(g);
  else if (plan == TORUS_PLAN_SMALL) NAME(product_small)(g);
  else NAME(product_packed)(g);
}

static const torus_gemm_level NAME(level) = {
    .rows = ROWS, .cols = NAME(COLS), .bytes = sizeof(REAL), .k_block = NAME(K_BLOCK),
    .tile = NAME(tile), .pack_rows = NAME(pack_rows), .pack_cols = NAME(pack_cols),
    .plan = NAME(plan), .product = NAME(product),
};

#undef REAL
#undef VBYTES
#undef ROWS
#undef NAME
