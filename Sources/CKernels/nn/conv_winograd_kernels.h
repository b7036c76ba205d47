// The transforms of Winograd's F(2 × 2, 3 × 3), on as many tiles as a vector has lanes.
#if IS_F32

#if VBYTES == 64
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOWS 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGHS 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif VBYTES == 32
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15
#define LOWS 0, 8, 1, 9, 2, 10, 3, 11
#define HIGHS 4, 12, 5, 13, 6, 14, 7, 15
#else
#define EVENS 0, 2, 4, 6
#define ODDS 1, 3, 5, 7
#define LOWS 0, 4, 1, 5
#define HIGHS 2, 6, 3, 7
#endif

// n elements by whole vectors where there are some, then one by one.
INLINE void NAME(few)(const REAL *from, REAL *to, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) NAME(store)(to + i, NAME(load)(from + i));
#if VBYTES == 64
  if (n - i >= 8) {
    __builtin_memcpy(to + i, from + i, 8 * sizeof(REAL));
    i += 8;
  }
#endif
  if (LANES > 4 && n - i >= 4) {
    __builtin_memcpy(to + i, from + i, 4 * sizeof(REAL));
    i += 4;
  }
  for (; i < n; i++) to[i] = from[i];
}

// Bᵀ d B for `count` tiles side by side whose first input is row `top`, column `left` of the plane
// x; component q goes to out[q · step]. Lanes up to the next whole vector are written too.
static void NAME(winograd_in)(const REAL *x, int64_t height, int64_t width, int64_t top,
                              int64_t left, int64_t count, REAL *out, int64_t step) {
  // Four rows with their padding: at most 2 · 2 · LANES + 2 columns, read two vectors further.
  enum { PITCH = 8 * LANES };
  REAL rows[4 * PITCH];
  const int64_t columns = 2 * count + 2;
  const int64_t before = torus_min(columns, torus_max(0, -left));
  const int64_t inside = torus_max(0, torus_min(width - torus_max(0, left), columns - before));
  for (int64_t r = 0; r < 4; r++) {
    REAL *to = rows + r * PITCH;
    const int64_t iy = top + r;
    if (iy < 0 || iy >= height) {
      for (int64_t q = 0; q < columns; q += LANES) NAME(store)(to + q, SPLAT(0));
      continue;
    }
    for (int64_t q = 0; q < before; q++) to[q] = 0;
    NAME(few)(x + iy * width + torus_max(0, left), to + before, inside);
    for (int64_t q = before + inside; q < columns; q++) to[q] = 0;
  }
  for (int64_t j = 0; j < count; j += LANES) {
    vec t[4][4];
#pragma clang loop unroll(full)
    for (int r = 0; r < 4; r++) {
      const REAL *p = rows + r * PITCH + 2 * j;
      const vec a = NAME(load)(p), b = NAME(load)(p + LANES);
      const vec c = NAME(load)(p + 2), d = NAME(load)(p + LANES + 2);
      const vec d0 = __builtin_shufflevector(a, b, EVENS), d1 = __builtin_shufflevector(a, b, ODDS);
      const vec d2 = __builtin_shufflevector(c, d, EVENS), d3 = __builtin_shufflevector(c, d, ODDS);
      t[r][0] = d0 - d2;
      t[r][1] = d1 + d2;
      t[r][2] = d2 - d1;
      t[r][3] = d1 - d3;
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; c++) {
      NAME(store)(out + c * step + j, t[0][c] - t[2][c]);
      NAME(store)(out + (4 + c) * step + j, t[1][c] + t[2][c]);
      NAME(store)(out + (8 + c) * step + j, t[2][c] - t[1][c]);
      NAME(store)(out + (12 + c) * step + j, t[1][c] - t[3][c]);
    }
  }
}

// Aᵀ m A + bias for `count` tiles side by side: two rows of at most `columns` results, `pitch`
// apart (one where `rows` is 1).
static void NAME(winograd_out)(const REAL *m, int64_t step, int64_t count, REAL bias, REAL *y,
                               int64_t pitch, int64_t rows, int64_t columns) {
  for (int64_t j = 0; j < count; j += LANES) {
    vec s[2][4];
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; c++) {
      const vec m0 = NAME(load)(m + c * step + j), m1 = NAME(load)(m + (4 + c) * step + j);
      const vec m2 = NAME(load)(m + (8 + c) * step + j), m3 = NAME(load)(m + (12 + c) * step + j);
      s[0][c] = m0 + m1 + m2;
      s[1][c] = m1 - m2 - m3;
    }
    const int64_t n = torus_min(2 * torus_min(LANES, count - j), columns - 2 * j);
    for (int64_t r = 0; r < rows; r++) {
      const vec even = s[r][0] + s[r][1] + s[r][2] + bias, odd = s[r][1] - s[r][2] - s[r][3] + bias;
      const vec low = __builtin_shufflevector(even, odd, LOWS);
      const vec high = __builtin_shufflevector(even, odd, HIGHS);
      REAL *to = y + r * pitch + 2 * j;
      if (n == 2 * LANES) {
        NAME(store)(to, low);
        NAME(store)(to + LANES, high);
      } else {
        REAL both[2 * LANES];
        NAME(store)(both, low);
        NAME(store)(both + LANES, high);
        NAME(few)(both, to, n);
      }
    }
  }
}
#undef EVENS
#undef ODDS
#undef LOWS
#undef HIGHS

// G g Gᵀ of a panel of filters packed as [ins · 9][rows], component q to out[q · step] as
// [ins][rows]: neighbouring output channels are a vector's lanes.
static void NAME(winograd_filter)(const REAL *w, int64_t ins, int64_t rows, REAL *out,
                                  int64_t step) {
  for (int64_t i = 0; i < ins; i++, w += 9 * rows, out += rows)
    for (int64_t lane = 0; lane < rows; lane += LANES) {
      // Whole vectors but at the end: what they write behind a row is written again.
      const bool whole = i + 2 < ins || lane + LANES <= rows;
      const int64_t part = torus_min(LANES, rows - lane);
#define GET(p) (whole ? NAME(load)(p) : NAME(load_part)(p, part, 0))
#define PUT(p, v)                               \
  do {                                          \
    if (whole) NAME(store)(p, v);               \
    else NAME(store_part)(p, part, v);          \
  } while (0)
      vec t[4][3];
#pragma clang loop unroll(full)
      for (int c = 0; c < 3; c++) {
        const vec a = GET(w + c * rows + lane);
        const vec b = GET(w + (3 + c) * rows + lane);
        const vec d = GET(w + (6 + c) * rows + lane);
        const vec ends = (a + d) * (REAL)0.5, middle = b * (REAL)0.5;
        t[0][c] = a;
        t[1][c] = ends + middle;
        t[2][c] = ends - middle;
        t[3][c] = d;
      }
#pragma clang loop unroll(full)
      for (int r = 0; r < 4; r++) {
        const vec ends = (t[r][0] + t[r][2]) * (REAL)0.5, middle = t[r][1] * (REAL)0.5;
        PUT(out + (4 * r) * step + lane, t[r][0]);
        PUT(out + (4 * r + 1) * step + lane, ends + middle);
        PUT(out + (4 * r + 2) * step + lane, ends - middle);
        PUT(out + (4 * r + 3) * step + lane, t[r][2]);
      }
    }
}
#undef GET
#undef PUT
#endif
