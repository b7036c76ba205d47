// The tile of the product engine: what stays in registers while a product runs along k.

static inline __attribute__((always_inline)) void NAME(tile_body)(
    const int M, const int V, const int64_t row, const bool table, const bool fetch,
    const torus_tile *t, const REAL *a, const REAL *b, REAL *c, int64_t ldc) {
  vec sum[ROWS][2];
  const REAL *row_bias = t->row_bias, *col_bias = t->col_bias;
#pragma clang loop unroll(full)
  for (int i = 0; i < M; i++)
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
      if (row_bias) sum[i][v] = (vec){} + row_bias[i];
      else if (col_bias) sum[i][v] = *(const vec *)(col_bias + v * LANES);
      else sum[i][v] = (vec){};
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
          __builtin_prefetch(place + (V - 1) * LANES, 1, 3);
          place += ldc;
        }
      }
      vec column[2];
      const REAL *from = table ? pb + t->b_offsets[p] : pb;
#pragma clang loop unroll(full)
      for (int v = 0; v < V; v++) column[v] = *(const vec *)(from + v * LANES);
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
      vec *at = (vec *)(c + i * ldc + v * LANES);
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
