// What attention by tiles does between products, by AVX512-BF16. A row of a tile is a vector, and two of
// them, narrowed, are a row of the next product's operand.
#include <math.h>

#include "attention_tiles.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { EDGE = TORUS_BF16_EDGE, STEP = TORUS_BF16_STEP, TILE = TORUS_BF16_TILE };
enum { ROW_TILES = 2 * EDGE * EDGE };  // from a block's first tiles of sums to those 16 rows below

#define INLINE static inline __attribute__((always_inline))

// The first n of 16 lanes, none where n is not positive.
INLINE uint16_t first_lanes(int64_t n) {
  return n >= EDGE ? 0xffff : n <= 0 ? 0 : (uint16_t)((1u << n) - 1);
}

TORUS_BEGIN(TORUS_AVX512_BF16)

#include "../gemm/bf16_vectors_x86.h"

// eˣ of what is below 89, as vexp of core/vec.h computes it, but 0 where that is no normal number: such
// results would take the processor a hundred times as long, and bfloat16 drops them.
INLINE __m512 exponential(__m512 x) {
  const __m512 magic = _mm512_set1_ps(0x1.8p23f);
  const __mmask16 normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87), _CMP_NLT_UQ);  // or NaN
  x = _mm512_maskz_mov_ps(normal, x);
  const __m512 n =
      _mm512_sub_ps(_mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504f), magic), magic);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r);
  __m512 p = _mm512_set1_ps(1.0f / 5040);
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 720));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 120));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 24));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
  return _mm512_maskz_scalef_ps(normal, p, n);
}

// Writes 32 values in parts, 2 · TILE apart, and to `kept` as they were written.
INLINE void write_parts(__m512 x, __m512 y, const int parts, uint16_t *out, __m512i *kept) {
  for (int part = 0; part < parts; part++) {
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(y, x);
    _mm512_storeu_si512(out + part * 2 * TILE, both);
    kept[part] = both;
    if (part + 1 == parts) break;
    x = rest(x, (__m256bh)_mm512_castsi512_si256(both));
    y = rest(y, (__m256bh)_mm512_extracti64x4_epi64(both, 1));
  }
}

// 16 values of the mask from `mask` on, `step` apart.
INLINE __m512 read_mask(const float *mask, int64_t step, __mmask16 which) {
  if (step == 1) return _mm512_maskz_loadu_ps(which, mask);
  if (step == 0) return _mm512_set1_ps(*mask);
  float lanes[EDGE];
  for (int64_t i = 0; i < EDGE; i++) lanes[i] = which >> i & 1 ? mask[i * step] : 0;
  return _mm512_loadu_ps(lanes);
}

// One row's scores, scaled and masked, in place; returns the largest, or NaN where there is one.
INLINE float prepare(const torus_attention_rows *r, float *row, int64_t blocks, int64_t seen,
                     const float *mask) {
  const __m512 scale = _mm512_set1_ps(r->scale), none = _mm512_set1_ps(-INFINITY);
  __m512 most[2] = {none, none};
  __mmask16 numberless = 0;
  for (int64_t b = 0; b < blocks; b++, row += TORUS_SCORE_BLOCK)
    for (int t = 0; t < 2; t++) {
      const int64_t key = b * STEP + t * EDGE;
      const __mmask16 which = first_lanes(seen - key);
      __m512 x = _mm512_mul_ps(scale, _mm512_loadu_ps(row + t * EDGE * EDGE));
      if (mask && which) x = _mm512_add_ps(x, read_mask(mask + key * r->mask_key, r->mask_key, which));
      x = _mm512_mask_mov_ps(none, which, x);
      _mm512_storeu_ps(row + t * EDGE * EDGE, x);
      numberless |= _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
      most[t] = _mm512_max_ps(x, most[t]);
    }
  if (numberless) return NAN;
  return _mm512_reduce_max_ps(_mm512_max_ps(most[0], most[1]));
}

INLINE void weigh_parts(const torus_attention_rows *r, const int parts, uint16_t *weights, float *sums,
                        float *lse) {
  const int64_t step = torus_attention_step(parts);
  for (int64_t i = 0; i < r->rows; i++) {
    float *row = r->scores + i / EDGE * ROW_TILES + i % EDGE * EDGE;
    uint16_t *out = weights + i * STEP;
    const int64_t seen = r->seen[i];
    int64_t blocks = (seen + STEP - 1) / STEP;
    const float most = prepare(r, row, blocks, seen, r->mask ? r->mask + i * r->mask_query : 0);
    const __m512 shift = _mm512_set1_ps(most);
    __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    __m512i kept[TORUS_BF16_PARTS];
    if (most == -INFINITY) blocks = 0;
    for (int64_t b = 0; b < blocks; b++) {
      const float *from = row + b * TORUS_SCORE_BLOCK;
      const __m512 x = exponential(_mm512_sub_ps(_mm512_loadu_ps(from), shift));
      const __m512 y = exponential(_mm512_sub_ps(_mm512_loadu_ps(from + EDGE * EDGE), shift));
      sum[0] = _mm512_add_ps(sum[0], x);
      sum[1] = _mm512_add_ps(sum[1], y);
      write_parts(x, y, parts, out + b * step, kept);
    }
    for (int64_t b = blocks; b < r->blocks; b++)
      for (int part = 0; part < parts; part++)
        _mm512_storeu_si512(out + b * step + part * 2 * TILE, _mm512_setzero_si512());
    sums[i] = _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1]));
    if (lse) lse[i] = most == -INFINITY ? most : most + logf(sums[i]);
  }
}

static void weigh(const torus_attention_rows *r, uint16_t *weights, float *sums, float *lse) {
  if (r->parts == 1) weigh_parts(r, 1, weights, sums, lse);
  else weigh_parts(r, TORUS_BF16_PARTS, weights, sums, lse);
}

INLINE void weigh_back_parts(const torus_attention_turned *t, const int parts, uint16_t *weights,
                             uint16_t *slopes, uint16_t *turned) {
  const __m512 scale = _mm512_set1_ps(t->scale);
  __m512i seen[2];
  __m512 lse[2], delta[2];
  for (int c = 0; c < 2; c++) {
    seen[c] = _mm512_loadu_si512(t->seen + c * EDGE);
    lse[c] = _mm512_loadu_ps(t->lse + c * EDGE);
    delta[c] = _mm512_loadu_ps(t->delta + c * EDGE);
  }
  for (int i = 0; i < STEP; i += 2) {
    __m512i kept[2][TORUS_BF16_PARTS];
    for (int e = 0; e < 2; e++) {
      const int64_t at = (i + e) / EDGE * ROW_TILES + (i + e) % EDGE * EDGE;
      __m512 p[2], g[2];
      for (int c = 0; c < 2; c++) {
        const __mmask16 which = _mm512_cmpgt_epi32_mask(seen[c], _mm512_set1_epi32(t->key + i + e));
        __m512 x = _mm512_mul_ps(scale, _mm512_loadu_ps(t->scores + at + c * EDGE * EDGE));
        if (t->mask && which)
          x = _mm512_add_ps(x, read_mask(t->mask + c * EDGE * t->mask_query + (i + e) * t->mask_key,
                                         t->mask_query, which));
        p[c] = _mm512_maskz_mov_ps(which, exponential(_mm512_sub_ps(x, lse[c])));
        const __m512 grads = _mm512_loadu_ps(t->grads + at + c * EDGE * EDGE);
        g[c] = _mm512_maskz_mul_ps(which, p[c], _mm512_sub_ps(grads, delta[c]));
        if (t->dmask && which) {
          float lanes[EDGE], *to = t->dmask + c * EDGE * t->dmask_query + i + e;
          _mm512_storeu_ps(lanes, g[c]);
          for (int q = 0; q < EDGE; q++)
            if (which >> q & 1) to[q * t->dmask_query] = lanes[q];
        }
        g[c] = _mm512_mul_ps(g[c], scale);
      }
      write_parts(p[0], p[1], parts, weights + (i + e) * STEP, kept[e]);
      write_parts(g[0], g[1], parts, slopes + (i + e) * STEP, kept[e]);
    }
    for (int part = 0; part < parts; part++) {
      uint16_t *out = turned + part * 2 * TILE + i / 2 * STEP;
      const __m512i even = kept[0][part], odd = kept[1][part];
      _mm512_storeu_si512(out, pairs(_mm512_castsi512_si256(even), _mm512_castsi512_si256(odd)));
      _mm512_storeu_si512(out + TILE, pairs(_mm512_extracti64x4_epi64(even, 1),
                                            _mm512_extracti64x4_epi64(odd, 1)));
    }
  }
}

static void weigh_back(const torus_attention_turned *t, uint16_t *weights, uint16_t *slopes,
                       uint16_t *turned) {
  if (t->parts == 1) weigh_back_parts(t, 1, weights, slopes, turned);
  else weigh_back_parts(t, TORUS_BF16_PARTS, weights, slopes, turned);
}

INLINE __m512 read(const void *from, int64_t i, bool wide, __mmask16 which) {
  if (wide) return _mm512_maskz_loadu_ps(which, (const float *)from + i);
  return _mm512_castsi512_ps(shifted((__m256bh)_mm256_maskz_loadu_epi16(which, (const uint16_t *)from + i)));
}

static float dot(const void *a, const void *b, int64_t n, bool wide) {
  __m512 sum = _mm512_setzero_ps();
  for (int64_t i = 0; i < n; i += EDGE)
    sum = _mm512_fmadd_ps(read(a, i, wide, first_lanes(n - i)), read(b, i, wide, first_lanes(n - i)), sum);
  return _mm512_reduce_add_ps(sum);
}

// Writes a part of a row, float32 or narrowed; returns which of it are no finite numbers.
INLINE __mmask16 put(__m512 x, void *to, int64_t at, bool wide, __mmask16 which) {
  enum { NUMBERLESS = 0x99 };  // quiet and signalling NaN, both infinities
  if (wide) _mm512_mask_storeu_ps((float *)to + at, which, x);
  else _mm256_mask_storeu_epi16((uint16_t *)to + at, which, (__m256i)_mm512_cvtneps_pbh(x));
  return _mm512_mask_fpclass_ps_mask(which, x, NUMBERLESS);
}

static bool put_scaled(const float *sums, int64_t m, int64_t n, const float *factors, void *to,
                       int64_t ld, bool wide) {
  __mmask16 found = 0;
  for (int64_t i = 0; i < m; i++) {
    const __m512 factor = _mm512_set1_ps(factors[i]);
    const float *row = sums + i / EDGE * ROW_TILES + i % EDGE * EDGE;
    for (int64_t j = 0; j < n; j += EDGE)
      found |= put(_mm512_mul_ps(factor, _mm512_loadu_ps(row + j * EDGE)), to, i * ld + j, wide,
                   first_lanes(n - j));
  }
  return found == 0;
}

static bool put_turned(const float *sums, int64_t m, int64_t n, void *to, int64_t ld, bool wide) {
  __mmask16 found = 0;
  for (int64_t i = 0; i < m; i += EDGE)
    for (int64_t j = 0; j < n; j += EDGE) {
      const float *tile = sums + i / EDGE * ROW_TILES + j * EDGE;
      __m512i r[EDGE];
      for (int row = 0; row < EDGE; row++) r[row] = _mm512_loadu_si512(tile + row * EDGE);
      transpose(r);
      for (int row = 0; row < EDGE && j + row < n; row++)
        found |= put(_mm512_castsi512_ps(r[row]), to, (j + row) * ld + i, wide, first_lanes(m - i));
    }
  return found == 0;
}

static const torus_attention_kernels vectors = {
    .weigh = weigh, .weigh_back = weigh_back, .dot = dot, .put_scaled = put_scaled,
    .put_turned = put_turned,
};

TORUS_END

const torus_attention_kernels *torus_attention_vectors(void) {
  return torus_has_avx512_bf16() ? &vectors : 0;
}
#else
const torus_attention_kernels *torus_attention_vectors(void) { return 0; }
#endif
