// Depthwise convolution: one input channel a group.

#if IS_F32 && VBYTES == 64
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif (IS_F32 && VBYTES == 32) || VBYTES == 64
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15
#elif IS_F32 || VBYTES == 32
#define EVENS 0, 2, 4, 6
#define ODDS 1, 3, 5, 7
#else
#define EVENS 0, 2
#define ODDS 1, 3
#endif

enum { NAME(ROW_ROOM) = 2048 };

// A plane whose even and odd columns go to two planes. Vectors reach past rows into the next, which
// is written later.
static void NAME(halve_plane)(const REAL *x, int64_t height, int64_t width, int64_t top,
                              int64_t left, REAL *out, int64_t rows, int64_t pitch, int64_t step) {
  REAL row[NAME(ROW_ROOM)];
  const int64_t room = 2 * pitch + 2 * LANES, skip = torus_max(0, -left);
  const int64_t before = torus_max(0, left);
  const int64_t inside = torus_max(0, torus_min(width - skip, 2 * pitch - before));
  __builtin_memset(row, 0, (size_t)room * sizeof(REAL));
  for (int64_t r = 0; r < rows; r++, out += pitch) {
    const int64_t iy = r - top;
    if (iy < 0 || iy >= height) {
      for (int64_t q = 0; q < pitch; q++) out[q] = out[step + q] = 0;
      continue;
    }
    const REAL *from = x + iy * width + skip;
    __builtin_memcpy(row + before, from, (size_t)inside * sizeof(REAL));
    for (int64_t q = 0; q < pitch; q += LANES) {
      const vec a = NAME(load)(row + 2 * q), b = NAME(load)(row + 2 * q + LANES);
      NAME(store)(out + q, __builtin_shufflevector(a, b, EVENS));
      NAME(store)(out + step + q, __builtin_shufflevector(a, b, ODDS));
    }
  }
  // Sums over the weights read here against zeros, which must find numbers.
  for (int64_t q = 0; q < step - rows * pitch; q++) out[q] = out[step + q] = 0;
}
#undef EVENS
#undef ODDS

// A plane of h × w into rows of `pitch`: row r and column q of the padded plane come from row
// (r - top) / spread and column (q - left) / spread of the image where that is whole and inside, and are 0
// otherwise. Columns are dealt out to `phases` planes, `step` elements apart, so that a stride
// reads neighbours.
static void NAME(deal_plane)(const REAL *x, int64_t height, int64_t width, int64_t top,
                             int64_t left, int64_t spread, int64_t phases, REAL *out, int64_t rows,
                             int64_t pitch, int64_t step) {
  if (phases == 2 && 2 * pitch + 2 * LANES <= NAME(ROW_ROOM)) {
    NAME(halve_plane)(x, height, width, top, left, out, rows, pitch, step);
    return;
  }
  __builtin_memset(out, 0, (size_t)(phases * step) * sizeof(REAL));
  for (int64_t iy = 0; iy < height; iy++) {
    const int64_t r = top + iy * spread;
    if (r < 0 || r >= rows) continue;
    const REAL *from = x + iy * width;
    REAL *to = out + r * pitch;
    if (phases == 1 && spread == 1) {
      const int64_t first = torus_max(0, -left), count = torus_min(width, pitch - left) - first;
      if (count > 0) __builtin_memcpy(to + left + first, from + first, (size_t)count * sizeof(REAL));
      continue;
    }
    // Every phases-th column goes to the same plane, side by side; spread is 1 where phases is not.
    for (int64_t phase = 0; phase < phases; phase++) {
      int64_t ix = ((phase - left) % phases + phases) % phases;
      while (left + ix * spread < 0) ix += phases;
      const int64_t first = (left + ix * spread) / phases, by = spread > 1 ? spread : 1;
      REAL *place = to + phase * step + first;
      for (int64_t at = first; ix < width && at < pitch; ix += phases, at += by, place += by)
        *place = from[ix];
    }
  }
}

// y[r, q] = bias + Σ w[t]·x[r·row_step + q + at[t]].
static void NAME(depth_rows)(const REAL *x, int64_t row_step, const REAL *w, const int64_t *at,
                             int64_t taps, REAL bias, REAL *y, int64_t rows, int64_t width) {
  const REAL *end = y + rows * width;
  for (int64_t r = 0; r < rows; r++, x += row_step, y += width) {
    int64_t q = 0;
    for (; q + 2 * LANES <= width; q += 2 * LANES) {
      vec a = SPLAT(bias), b = a;
      for (int64_t t = 0; t < taps; t++) {
        const vec by = SPLAT(w[t]);
        a = FMA(by, NAME(load)(x + q + at[t]), a);
        b = FMA(by, NAME(load)(x + q + LANES + at[t]), b);
      }
      NAME(store)(y + q, a);
      NAME(store)(y + q + LANES, b);
    }
    for (; q < width; q += LANES) {
      vec a = SPLAT(bias);
      for (int64_t t = 0; t < taps; t++) a = FMA(SPLAT(w[t]), NAME(load)(x + q + at[t]), a);
      // What is written past the row is overwritten by the rows that follow.
      if (y + q + LANES <= end) NAME(store)(y + q, a);
      else NAME(store_part)(y + q, width - q, a);
    }
  }
}

// dw[t] += Σ dy[r, q]·x[r·row_step + q + at[t]], for up to eight taps; dy's rows end in zeros.
INLINE void NAME(depth_sums)(const REAL *x, int64_t row_step, const REAL *dy, int64_t dy_step,
                             const int64_t *at, const int count, int64_t rows, int64_t width,
                             REAL *dw) {
  vec sum[8];
#pragma clang loop unroll(full)
  for (int t = 0; t < count; t++) sum[t] = SPLAT(0);
  for (int64_t r = 0; r < rows; r++, x += row_step, dy += dy_step)
    for (int64_t q = 0; q < width; q += LANES) {
      const vec g = NAME(load)(dy + q);
#pragma clang loop unroll(full)
      for (int t = 0; t < count; t++) sum[t] = FMA(g, NAME(load)(x + q + at[t]), sum[t]);
    }
#pragma clang loop unroll(full)
  for (int t = 0; t < count; t++) dw[t] += NAME(total)(sum[t]);
}

static void NAME(depth_weights)(const REAL *x, int64_t row_step, const REAL *dy, int64_t dy_step,
                                const int64_t *at, int64_t taps, int64_t rows, int64_t width,
                                REAL *dw) {
  int64_t t = 0;
  for (; t + 8 <= taps; t += 8)
    NAME(depth_sums)(x, row_step, dy, dy_step, at + t, 8, rows, width, dw + t);
  for (; t + 3 <= taps; t += 3)
    NAME(depth_sums)(x, row_step, dy, dy_step, at + t, 3, rows, width, dw + t);
  for (; t < taps; t++)
    NAME(depth_sums)(x, row_step, dy, dy_step, at + t, 1, rows, width, dw + t);
}
