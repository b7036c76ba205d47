// Packing of the operands of bfloat16 products, and of float32 ones in parts, by AVX512-BF16: included where
// its instructions are allowed (bf16_x86.c).

#include "bf16_vectors_x86.h"

// Rows lie far apart, where the processor does not see what comes next: it is asked for so many steps
// ahead.
enum { AHEAD = 6 };

// Steps p and p + 1 of 16 neighbouring values at `from`, whose rows are steps.
static inline __attribute__((always_inline)) __m512i read_pair(const uint16_t *from,
                                                              int64_t ld, int64_t p,
                                                              int64_t k, __mmask16 mask) {
  const __m256i first = p < k ? _mm256_maskz_loadu_epi16(mask, from + p * ld) : _mm256_setzero_si256();
  const __m256i second =
      p + 1 < k ? _mm256_maskz_loadu_epi16(mask, from + (p + 1) * ld) : _mm256_setzero_si256();
  return pairs(first, second);
}

// A tile's steps from p on of `count` rows that run along k.
static inline __attribute__((always_inline)) void read_rows(const uint16_t *from,
                                                           int64_t ld, int64_t count,
                                                           int64_t p, int64_t k,
                                                           __m512i r[16]) {
  if (count >= EDGE && p + STEP <= k) {
    for (int i = 0; i < EDGE; i++) {
      _mm_prefetch((const char *)(from + i * ld + p + AHEAD * STEP), _MM_HINT_T0);
      r[i] = _mm512_loadu_si512(from + i * ld + p);
    }
    return;
  }
  const __mmask32 mask = halves(k - p);
  for (int i = 0; i < EDGE; i++)
    r[i] = i < count ? _mm512_maskz_loadu_epi16(mask, from + i * ld + p) : _mm512_setzero_si512();
}

// A tile's steps from p on of `count` values a step, as [pair][16 values].
static inline __attribute__((always_inline)) void read_steps(const uint16_t *from,
                                                            int64_t ld, int64_t count,
                                                            int64_t p, int64_t k,
                                                            __m512i r[16]) {
  if (count >= EDGE && p + STEP <= k) {
    from += p * ld;
    for (int i = 0; i < EDGE; i++) {
      _mm_prefetch((const char *)(from + (2 * i + 3 * STEP) * ld), _MM_HINT_T0);
      _mm_prefetch((const char *)(from + (2 * i + 1 + 3 * STEP) * ld), _MM_HINT_T0);
      r[i] = pairs(_mm256_loadu_si256((const __m256i *)(from + 2 * i * ld)),
                   _mm256_loadu_si256((const __m256i *)(from + (2 * i + 1) * ld)));
    }
    return;
  }
  const __mmask16 mask = lanes(count);
  for (int i = 0; i < EDGE; i++) r[i] = read_pair(from, ld, p + 2 * i, k, mask);
}

static inline __attribute__((always_inline)) void write_tile(const __m512i r[16],
                                                            uint16_t *out) {
  for (int i = 0; i < EDGE; i++) _mm512_store_si512(out + i * STEP, r[i]);
}

// Tiles of an operand whose rows run along k, or not; turned round where the tiles want the other.
static inline __attribute__((always_inline)) void pack(const uint16_t *in, int64_t ld,
                                                      const bool along, const bool turn,
                                                      int64_t width, int64_t k, int tiles,
                                                      uint16_t *out) {
  __m512i r[16];
  for (int64_t p = 0; p < k; p += STEP)
    for (int t = 0; t < tiles; t++, out += TILE) {
      const int64_t count = least(EDGE, width - t * EDGE);
      if (along) read_rows(in + t * EDGE * ld, ld, count, p, k, r);
      else read_steps(in + t * EDGE, ld, count, p, k, r);
      if (turn) transpose(r);
      write_tile(r, out);
    }
}

static void pack_rows(const uint16_t *a, int64_t lda, bool trans, int64_t m, int64_t k,
                      int tiles, uint16_t *out) {
  if (trans) pack(a, lda, false, true, m, k, tiles, out);
  else pack(a, lda, true, false, m, k, tiles, out);
}

static void pack_columns(const uint16_t *b, int64_t ldb, bool trans, int64_t n, int64_t k,
                         int tiles, uint16_t *out) {
  if (trans) pack(b, ldb, true, true, n, k, tiles, out);
  else pack(b, ldb, false, false, n, k, tiles, out);
}

// ---- float32 in parts ------------------------------------------------------------------------

// A tile's steps from p on of `count` rows that run along k, a tile for each part.
static inline __attribute__((always_inline)) void split_along(const float *from, int64_t ld,
                                                             int64_t count, int64_t p, int64_t k,
                                                             int64_t part, uint16_t *out) {
  const __mmask16 low = lanes(k - p), high = lanes(k - p - EDGE);
  for (int i = 0; i < EDGE; i++, out += STEP) {
    __m512 x = _mm512_setzero_ps(), y = x;
    if (i < count) {
      const float *row = from + i * ld + p;
      _mm_prefetch((const char *)(row + 3 * STEP), _MM_HINT_T0);
      _mm_prefetch((const char *)(row + 3 * STEP + EDGE), _MM_HINT_T0);
      x = _mm512_maskz_loadu_ps(low, row);
      y = _mm512_maskz_loadu_ps(high, row + EDGE);
    }
    for (int i = 0; i < TORUS_BF16_PARTS; i++) {
      const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(y, x);
      _mm512_store_si512(out + i * part, both);
      x = rest(x, (__m256bh)_mm512_castsi512_si256(both));
      y = rest(y, (__m256bh)_mm512_extracti64x4_epi64(both, 1));
    }
  }
}

// A tile's steps from p on of `count` values a step, as [pair][16 values].
static inline __attribute__((always_inline)) void split_across(const float *from, int64_t ld,
                                                              int64_t count, int64_t p, int64_t k,
                                                              int64_t part, uint16_t *out) {
  const __mmask16 mask = lanes(count);
  from += p * ld;
  for (int i = 0; i < EDGE; i++, out += STEP, from += 2 * ld) {
    _mm_prefetch((const char *)(from + 2 * STEP * ld), _MM_HINT_T0);
    _mm_prefetch((const char *)(from + (2 * STEP + 1) * ld), _MM_HINT_T0);
    __m512 x = p + 2 * i < k ? _mm512_maskz_loadu_ps(mask, from) : _mm512_setzero_ps();
    __m512 y = p + 2 * i + 1 < k ? _mm512_maskz_loadu_ps(mask, from + ld) : _mm512_setzero_ps();
    for (int i = 0; i < TORUS_BF16_PARTS; i++) {
      const __m256bh first = _mm512_cvtneps_pbh(x), second = _mm512_cvtneps_pbh(y);
      _mm512_store_si512(out + i * part, pairs((__m256i)first, (__m256i)second));
      x = rest(x, first);
      y = rest(y, second);
    }
  }
}

static inline __attribute__((always_inline)) void split(const float *in, int64_t ld, const bool along,
                                                       const bool turn, int64_t width, int64_t k,
                                                       int tiles, uint16_t *out) {
  const int64_t part = tiles * TILE;
  for (int64_t p = 0; p < k; p += STEP, out += (TORUS_BF16_PARTS - 1) * part)
    for (int t = 0; t < tiles; t++, out += TILE) {
      const int64_t count = least(EDGE, width - t * EDGE);
      if (along) split_along(in + t * EDGE * ld, ld, count, p, k, part, out);
      else split_across(in + t * EDGE, ld, count, p, k, part, out);
      if (!turn) continue;
      for (int i = 0; i < TORUS_BF16_PARTS; i++) {
        __m512i r[16];
        for (int j = 0; j < EDGE; j++) r[j] = _mm512_load_si512(out + i * part + j * STEP);
        transpose(r);
        write_tile(r, out + i * part);
      }
    }
}

static void split_rows(const float *a, int64_t lda, bool trans, int64_t m, int64_t k, int tiles,
                       uint16_t *out) {
  if (trans) split(a, lda, false, true, m, k, tiles, out);
  else split(a, lda, true, false, m, k, tiles, out);
}

static void split_columns(const float *b, int64_t ldb, bool trans, int64_t n, int64_t k, int tiles,
                          uint16_t *out) {
  if (trans) split(b, ldb, true, true, n, k, tiles, out);
  else split(b, ldb, false, false, n, k, tiles, out);
}
