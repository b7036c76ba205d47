// Products of a row with numbers in blocks of 32, which become float32 in registers on the way.
#define LANES (VBYTES / 4)
#define VECTORS (32 / LANES)  // of a block

typedef float NAME(vec) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef int8_t NAME(bytes) __attribute__((vector_size(LANES), aligned(1)));

// A block's scale in every lane, and its 32 whole numbers.
static inline __attribute__((always_inline)) NAME(vec) NAME(scale)(const uint8_t *block) {
#if LEVEL == TORUS_BASE
  return block_half(block) - (NAME(vec)){};
#else
  // Spread before it is widened: a register's part would wait for what the rest of it held.
  int16_t half;
  memcpy(&half, block, 2);
#if VBYTES == 64
  return (NAME(vec))_mm512_cvtph_ps(_mm256_set1_epi16(half));
#else
  return (NAME(vec))_mm256_cvtph_ps(_mm_set1_epi16(half));
#endif
#endif
}

static inline __attribute__((always_inline)) void NAME(numbers)(const bool eight, const uint8_t *block,
                                                               NAME(vec) *out) {
#pragma clang loop unroll(full)
  for (int i = 0; i < (eight ? VECTORS : VECTORS / 2); i++) {
    const NAME(bytes) b = *(const NAME(bytes) *)(block + 2 + i * LANES);
    if (eight) {
      out[i] = __builtin_convertvector(b, NAME(vec));
    } else {
      out[i] = __builtin_convertvector((b & 15) - 8, NAME(vec));
      out[i + VECTORS / 2] = __builtin_convertvector((b >> 4 & 15) - 8, NAME(vec));
    }
  }
}

// out[j] = Σ x·row j of N rows of blocks.
static inline __attribute__((always_inline)) void NAME(block_dots)(const bool eight, const int N,
                                                                  int64_t blocks, const float *x,
                                                                  const uint8_t *w, int64_t line,
                                                                  float *out) {
  const int64_t size = eight ? 34 : 18;
  NAME(vec) sum[4];
#pragma clang loop unroll(full)
  for (int j = 0; j < N; j++) sum[j] = (NAME(vec)){};
  for (int64_t b = 0; b < blocks; b++) {
#pragma clang loop unroll(full)
    for (int j = 0; j < N; j++) {
      const uint8_t *block = w + j * line + b * size;
      // The rows that come next lie N further on.
      __builtin_prefetch(block + N * line, 0, 2);
      NAME(vec) q[VECTORS], part = {};
      NAME(numbers)(eight, block, q);
#pragma clang loop unroll(full)
      for (int i = 0; i < VECTORS; i++) part += q[i] * *(const NAME(vec) *)(x + b * 32 + i * LANES);
      sum[j] += part * NAME(scale)(block);
    }
  }
  for (int j = 0; j < N; j++) {
    float lanes[LANES];
    *(NAME(vec) *)lanes = sum[j];
#pragma clang loop unroll(full)
    for (int width = LANES / 2; width > 0; width /= 2)
#pragma clang loop unroll(full)
      for (int q = 0; q < width; q++) lanes[q] += lanes[q + width];
    out[j] = lanes[0];
  }
}

// y += Σ x[q]·row q of N rows of blocks.
static inline __attribute__((always_inline)) void NAME(block_sums)(const bool eight, const int N,
                                                                  int64_t blocks, const float *x,
                                                                  const uint8_t *w, int64_t line,
                                                                  float *y) {
  const int64_t size = eight ? 34 : 18;
  for (int64_t b = 0; b < blocks; b++, y += 32) {
    NAME(vec) sum[VECTORS], q[VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < VECTORS; i++) sum[i] = *(const NAME(vec) *)(y + i * LANES);
#pragma clang loop unroll(full)
    for (int r = 0; r < N; r++) {
      const uint8_t *block = w + r * line + b * size;
      // The rows that come next lie N further on.
      __builtin_prefetch(block + N * line, 0, 2);
      const NAME(vec) by = x[r] * NAME(scale)(block);
      NAME(numbers)(eight, block, q);
#pragma clang loop unroll(full)
      for (int i = 0; i < VECTORS; i++) sum[i] += by * q[i];
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < VECTORS; i++) *(NAME(vec) *)(y + i * LANES) = sum[i];
  }
}

static void NAME(rows_by_lines)(bool eight, int n, int64_t blocks, const float *x, const uint8_t *w,
                                int64_t line, float *out) {
  if (n == 4 && eight) NAME(block_dots)(true, 4, blocks, x, w, line, out);
  else if (n == 4) NAME(block_dots)(false, 4, blocks, x, w, line, out);
  else
    for (int j = 0; j < n; j++)
      if (eight) NAME(block_dots)(true, 1, blocks, x, w + j * line, line, out + j);
      else NAME(block_dots)(false, 1, blocks, x, w + j * line, line, out + j);
}

static void NAME(add_lines)(bool eight, int n, int64_t blocks, const float *x, const uint8_t *w,
                            int64_t line, float *y) {
  if (n == 8 && eight) NAME(block_sums)(true, 8, blocks, x, w, line, y);
  else if (n == 8) NAME(block_sums)(false, 8, blocks, x, w, line, y);
  else
    for (int r = 0; r < n; r++)
      if (eight) NAME(block_sums)(true, 1, blocks, x + r, w + r * line, line, y);
      else NAME(block_sums)(false, 1, blocks, x + r, w + r * line, line, y);
}

#undef LANES
#undef VECTORS
