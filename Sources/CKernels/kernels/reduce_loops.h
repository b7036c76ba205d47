// The folds of one type T with accumulators A and totals in `total.TOTAL`, named LOOP(…); S and
// READ(S) → T say how elements are stored.
//
// A run goes through LANES accumulators side by side, so that it vectorises and rounding errors
// grow with the logarithm of its length; every BLOCK elements they are joined pairwise and added
// to the total, which is f64 for floats. The order of all additions is fixed.

#define VECTORISE _Pragma("clang loop vectorize(assume_safety)")

typedef A F(lanes16) __attribute__((ext_vector_type(16)));
typedef A F(lanes8) __attribute__((ext_vector_type(8)));
typedef A F(lanes4) __attribute__((ext_vector_type(4)));
typedef A F(lanes2) __attribute__((ext_vector_type(2)));

#define HALVE(n, from, combine)                                                         \
  F(lanes##n) half##n;                                                                  \
  {                                                                                     \
    F(lanes##n) l = from.lo, r = from.hi;                                               \
    half##n = (combine);                                                                \
  }

// No lane is reached by a variable index, so that all stay in registers.
#define LANES_STEP(i, map, combine, LANES)                                              \
  VECTORISE for (int k = 0; k < LANES; k++) {                                           \
    T x = READ(b[i + k]);                                                               \
    A l = lanes[k], r = (A)(map);                                                       \
    lanes[k] = (combine);                                                               \
  }

#if READS_PAIRS
// Elements at even places go to the first half of the lanes, those at odd places to the second: a word
// of memory is widened by a shift and by a mask. In the end the lanes are brought in order.
#define LANES_STEPS(map, combine, LANES)                                                \
  if (LANES > 16) {                                                                     \
    for (; i + LANES <= m; i += LANES) {                                                \
      const pair_bf16 *pairs = (const pair_bf16 *)(b + i);                              \
      VECTORISE for (int k = 0; k < LANES / 2; k++) {                                   \
        T x = first_bf16(pairs[k]);                                                     \
        A l = lanes[k], r = (A)(map);                                                   \
        lanes[k] = (combine);                                                           \
        x = second_bf16(pairs[k]);                                                      \
        l = lanes[k + LANES / 2], r = (A)(map);                                         \
        lanes[k + LANES / 2] = (combine);                                               \
      }                                                                                 \
    }                                                                                   \
    A apart[LANES];                                                                     \
    __builtin_memcpy(apart, lanes, sizeof apart);                                       \
    VECTORISE for (int k = 0; k < LANES / 2; k++) {                                     \
      lanes[2 * k] = apart[k];                                                          \
      lanes[2 * k + 1] = apart[k + LANES / 2];                                          \
    }                                                                                   \
  }
#else
#define LANES_STEPS(map, combine, LANES) \
  for (; i + LANES <= m; i += LANES) LANES_STEP(i, map, combine, LANES)
#endif

#define LANES_LOOP(neutral, map, combine, LANES)                                        \
  {                                                                                     \
    A lanes[LANES];                                                                     \
    VECTORISE for (int k = 0; k < LANES; k++) lanes[k] = (A)(neutral);                  \
    int64_t i = 0;                                                                      \
    LANES_STEPS(map, combine, LANES)                                                    \
    _Pragma("clang loop unroll(full)") for (int half = LANES / 2; half >= 16; half /= 2) { \
      VECTORISE for (int k = 0; k < half; k++) {                                        \
        A l = lanes[k], r = lanes[k + half];                                            \
        lanes[k] = (combine);                                                           \
      }                                                                                 \
    }                                                                                   \
    for (; i + 16 <= m; i += 16) LANES_STEP(i, map, combine, 16)                        \
    F(lanes16) wide;                                                                    \
    __builtin_memcpy(&wide, lanes, sizeof wide);                                        \
    HALVE(8, wide, combine)                                                             \
    HALVE(4, half8, combine)                                                            \
    HALVE(2, half4, combine)                                                            \
    A l = half2.lo, r = half2.hi;                                                       \
    block = (combine);                                                                  \
    _Pragma("clang loop vectorize(disable)") for (; i < m; i++) {                       \
      T x = READ(b[i]);                                                                     \
      A l = block, r = (A)(map);                                                        \
      block = (combine);                                                                \
    }                                                                                   \
  }

#define FOLD_ROWS(count, own_shift, map, combine)                                       \
  VECTORISE for (int64_t i = 0; i < n; i++) {                                           \
    T s = own_shift;                                                                    \
    (void)s;                                                                            \
    A l = acc[i];                                                                       \
    _Pragma("clang loop unroll(full)") for (int k = 0; k < count; k++) {                \
      T x = READ(((const S *)(a + k * step))[i]);                                       \
      A r = (A)(map);                                                                   \
      l = (combine);                                                                    \
    }                                                                                   \
    acc[i] = l;                                                                         \
  }

#define FOLD_RUN(op, name, neutral, map, combine)                                       \
  static void LOOP(run_##name)(                                                            \
    int64_t n, const void *from, total *result, double p0, const void *shift) {         \
    const S *a = from;                                                                  \
    T p = (T)p0, s = shift ? *(const T *)shift : 0;                                     \
    (void)p, (void)s;                                                                   \
    for (int64_t start = 0; start < n; start += 4096) {                                 \
      int64_t m = n - start < 4096 ? n - start : 4096;                                  \
      const S *b = a + start;                                                           \
      A block;                                                                          \
      if (m >= 256) {                                                                   \
        LANES_LOOP(neutral, map, combine, 128)                                          \
      } else {                                                                          \
        LANES_LOOP(neutral, map, combine, 16)                                           \
      }                                                                                 \
      TOTAL_TYPE l = result->TOTAL, r = (TOTAL_TYPE)block;                              \
      result->TOTAL = (combine);                                                        \
    }                                                                                   \
  }
#define FOLD_ROWS_OF(op, name, neutral, map, combine)                                   \
  static void LOOP(rows_##name)(                                                           \
    int64_t n, void *accumulators, const void *from, int64_t rows, int64_t step,        \
    double p0, const void *shifts) {                                                    \
    const char *a = from;                                                               \
    const T *shift = shifts;                                                            \
    A *acc = accumulators;                                                              \
    T p = (T)p0;                                                                        \
    (void)p;                                                                            \
    int64_t row = 0;                                                                    \
    /* Four at a time: accumulators are stored a quarter as often. */                   \
    for (; row + 4 <= rows; row += 4, a += 4 * step) {                                  \
      if (shift) {                                                                      \
        FOLD_ROWS(4, shift[i], map, combine)                                            \
      } else {                                                                          \
        FOLD_ROWS(4, 0, map, combine)                                                   \
      }                                                                                 \
    }                                                                                   \
    for (; row < rows; row++, a += step) {                                              \
      if (shift) {                                                                      \
        FOLD_ROWS(1, shift[i], map, combine)                                            \
      } else {                                                                          \
        FOLD_ROWS(1, 0, map, combine)                                                   \
      }                                                                                 \
    }                                                                                   \
  }

#define FOLD(op, name, neutral, map, combine)  \
  FOLD_RUN(op, name, neutral, map, combine)    \
  FOLD_ROWS_OF(op, name, neutral, map, combine)

#ifdef READS_HALVES
// The order of a half type's bits is that of its numbers where the rest of negative ones is turned round; NaN
// then lies beyond the infinities. So the largest and smallest are found among integers.
#define EXTREME(op, name, neutral, map, combine)                                        \
  FOLD_ROWS_OF(op, name, neutral, map, combine)                                         \
  static void LOOP(run_##name)(                                                         \
    int64_t n, const void *from, total *result, double p0, const void *shift) {         \
    const int16_t *a = from;                                                            \
    int16_t least = INT16_MAX, most = INT16_MIN;                                        \
    VECTORISE for (int64_t i = 0; i < n; i++) {                                         \
      const int16_t key = (int16_t)(a[i] ^ ((a[i] >> 15) & 0x7fff));                    \
      least = key < least ? key : least;                                                \
      most = key > most ? key : most;                                                   \
    }                                                                                   \
    const bool nan = n > 0 && (most > INFINITY_BITS || least < ~INFINITY_BITS);         \
    const int16_t key = op == FOLD_MAX ? most : least;                                  \
    const T best = READ((uint16_t)(key ^ ((key >> 15) & 0x7fff)));                      \
    TOTAL_TYPE l = result->TOTAL, r = nan ? (TOTAL_TYPE)__builtin_nan("") : (TOTAL_TYPE)best; \
    if (n > 0) result->TOTAL = (combine);                                               \
  }
#endif

#if TORUS_FLOAT_FOLDS
#define FLOAT_FOLD FOLD
#else
#define FLOAT_FOLD(op, name, neutral, map, combine)
#endif
#include "reduce_operations.h"
#undef FOLD
#undef EXTREME

#ifndef READS_HALVES
#define FOLD(op, name, neutral, map, combine)                                           \
  static void F(totals_##name)(int64_t n, total *totals, const void *accumulators) {    \
    const A *acc = accumulators;                                                        \
    VECTORISE for (int64_t i = 0; i < n; i++) {                                         \
      TOTAL_TYPE l = totals[i].TOTAL, r = (TOTAL_TYPE)acc[i];                           \
      totals[i].TOTAL = (combine);                                                      \
    }                                                                                   \
  }
#include "reduce_operations.h"
#undef FOLD
#endif
#undef FLOAT_FOLD
#undef FOLD_RUN
#undef FOLD_ROWS_OF
#undef FOLD_ROWS
#undef LANES_LOOP
#undef LANES_STEP
#undef LANES_STEPS
#undef HALVE

#ifndef READS_HALVES

#define ARG(name, sign)                                                                 \
  static void F(arg_row_##name)(                                                        \
    int64_t n, void *values, int64_t *indices, const void *from, int64_t index) {       \
    const T *a = from;                                                                  \
    T *best = values;                                                                   \
    VECTORISE for (int64_t i = 0; i < n; i++) {                                         \
      T x = a[i], b = best[i];                                                          \
      bool better = (x sign b) | ((x != x) & (b == b));                                 \
      best[i] = better ? x : b;                                                         \
      indices[i] = better ? index : indices[i];                                         \
    }                                                                                   \
  }

#define ARG_RUN(name, combine)                                                          \
  static int64_t F(arg_run_##name)(int64_t n, const void *from) {                       \
    const T *a = from;                                                                  \
    total t = {.TOTAL = (TOTAL_TYPE)a[0]};                                              \
    LOOP(run_##name)(n, a, &t, 0, NULL);                                                \
    T best = (T)t.TOTAL;                                                                \
    for (int64_t start = 0; start < n; start += 64) {                                   \
      int64_t m = n - start < 64 ? n - start : 64;                                      \
      int found = 0;                                                                    \
      VECTORISE for (int64_t i = 0; i < m; i++) {                                       \
        T x = a[start + i];                                                             \
        found |= (x == best) | (x != x);                                                \
      }                                                                                 \
      if (!found) continue;                                                             \
      for (int64_t i = start; i < start + m; i++) {                                     \
        if (best != best ? a[i] != a[i] : a[i] == best) return i;                       \
      }                                                                                 \
    }                                                                                   \
    return 0;                                                                           \
  }

ARG(max, >)
ARG(min, <)
ARG_RUN(max, )
ARG_RUN(min, )
#undef ARG
#undef ARG_RUN
#endif
#undef VECTORISE
