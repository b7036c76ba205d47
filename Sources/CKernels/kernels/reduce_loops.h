// The folds of one type T with accumulators A and totals in `total.TOTAL`.
//
// A run goes through LANES accumulators side by side, so that it vectorises and rounding errors
// grow with the logarithm of its length; every BLOCK elements they are joined pairwise and added
// to the total, which is f64 for floats. The order of all additions is fixed.

#define VECTORISE _Pragma("clang loop vectorize(assume_safety)")

#define LANES_LOOP(neutral, map, combine, LANES)                                        \
  {                                                                                     \
    A lanes[LANES];                                                                     \
    VECTORISE for (int k = 0; k < LANES; k++) lanes[k] = (A)(neutral);                  \
    int64_t i = 0;                                                                      \
    for (; i + LANES <= m; i += LANES) {                                                \
      VECTORISE for (int k = 0; k < LANES; k++) {                                       \
        T x = b[i + k];                                                                 \
        A l = lanes[k], r = (A)(map);                                                   \
        lanes[k] = (combine);                                                           \
      }                                                                                 \
    }                                                                                   \
    for (int k = 0; i < m; i++, k++) {                                                  \
      T x = b[i];                                                                       \
      A l = lanes[k], r = (A)(map);                                                     \
      lanes[k] = (combine);                                                             \
    }                                                                                   \
    _Pragma("clang loop unroll(full)") for (int half = LANES / 2; half > 0; half /= 2) { \
      VECTORISE for (int k = 0; k < half; k++) {                                        \
        A l = lanes[k], r = lanes[k + half];                                            \
        lanes[k] = (combine);                                                           \
      }                                                                                 \
    }                                                                                   \
    block = lanes[0];                                                                   \
  }

#define FOLD(op, name, neutral, map, combine)                                           \
  static void F(run_##name)(                                                            \
    int64_t n, const void *from, total *result, double p0, const void *shift) {         \
    const T *a = from;                                                                  \
    T p = (T)p0, s = shift ? *(const T *)shift : 0;                                     \
    (void)p, (void)s;                                                                   \
    for (int64_t start = 0; start < n; start += 4096) {                                 \
      int64_t m = n - start < 4096 ? n - start : 4096;                                  \
      const T *b = a + start;                                                           \
      A block;                                                                          \
      if (m >= 256) {                                                                   \
        LANES_LOOP(neutral, map, combine, 128)                                          \
      } else {                                                                          \
        LANES_LOOP(neutral, map, combine, 16)                                           \
      }                                                                                 \
      TOTAL_TYPE l = result->TOTAL, r = (TOTAL_TYPE)block;                              \
      result->TOTAL = (combine);                                                        \
    }                                                                                   \
  }                                                                                     \
  static void F(row_##name)(                                                            \
    int64_t n, void *accumulators, const void *from, double p0, const void *shifts) {   \
    const T *a = from, *shift = shifts;                                                 \
    A *acc = accumulators;                                                              \
    T p = (T)p0;                                                                        \
    (void)p;                                                                            \
    if (shift) {                                                                        \
      VECTORISE for (int64_t i = 0; i < n; i++) {                                       \
        T x = a[i], s = shift[i];                                                       \
        (void)s;                                                                        \
        A l = acc[i], r = (A)(map);                                                     \
        acc[i] = (combine);                                                             \
      }                                                                                 \
    } else {                                                                            \
      T s = 0;                                                                          \
      (void)s;                                                                          \
      VECTORISE for (int64_t i = 0; i < n; i++) {                                       \
        T x = a[i];                                                                     \
        A l = acc[i], r = (A)(map);                                                     \
        acc[i] = (combine);                                                             \
      }                                                                                 \
    }                                                                                   \
  }                                                                                     \
  static void F(totals_##name)(int64_t n, total *totals, const void *accumulators) {    \
    const A *acc = accumulators;                                                        \
    VECTORISE for (int64_t i = 0; i < n; i++) {                                         \
      TOTAL_TYPE l = totals[i].TOTAL, r = (TOTAL_TYPE)acc[i];                           \
      totals[i].TOTAL = (combine);                                                      \
    }                                                                                   \
  }

#if TORUS_FLOAT_FOLDS
#define FLOAT_FOLD FOLD
#else
#define FLOAT_FOLD(op, name, neutral, map, combine)
#endif
#include "reduce_operations.h"
#undef FLOAT_FOLD
#undef FOLD
#undef LANES_LOOP

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
    F(run_##name)(n, a, &t, 0, NULL);                                                   \
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
#undef VECTORISE
