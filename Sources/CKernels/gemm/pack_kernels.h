// Packing for the product engine: transposes, and panels of rows and columns.

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
