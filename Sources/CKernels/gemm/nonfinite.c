// NaN and infinity in what LAPACK factorizes. OpenBLAS drops NaN on some of its ways (a pivot that is NaN divides
// nothing, a column of NaN has no reflection), which leaves finite numbers where there are none.
#include <math.h>

#include "nonfinite.h"

#define EITHER_TYPE(BODY)                  \
  if (dtype == TORUS_F32) BODY(float)      \
  else if (dtype == TORUS_F64) BODY(double)

int32_t torus_not_finite(torus_dtype dtype, bool lower, bool upper, int64_t m, int64_t n, const void *a,
                         int64_t lda) {
  int32_t found = 0;
#define FIND(T)                                                                   \
  {                                                                               \
    const T *elements = a;                                                        \
    for (int64_t j = 0; j < n; j++) {                                             \
      const int64_t end = lower ? m : j + 1 < m ? j + 1 : m;                      \
      for (int64_t i = upper ? 0 : j; i < end; i++) {                             \
        const T x = elements[j * lda + i], difference = x - x;                    \
        if (difference == 0) continue;                                            \
        found |= x != x   ? TORUS_NAN                                             \
                 : i == j ? TORUS_INFINITE_DIAGONAL                               \
                          : TORUS_INFINITE_ELSEWHERE;                             \
      }                                                                           \
    }                                                                             \
  }
  EITHER_TYPE(FIND)
#undef FIND
  return found;
}

int64_t torus_lu_spread_nan(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda, int64_t info) {
  int64_t first = -1;
#define SPREAD(T)                                                       \
  {                                                                     \
    T *elements = a;                                                    \
    for (int64_t k = 0; k < m && k < n && first < 0; k++) {             \
      if (isnan(elements[k * lda + k])) first = k;                      \
    }                                                                   \
    for (int64_t j = first; first >= 0 && j < n; j++) {                 \
      for (int64_t i = first + 1; i < m; i++) elements[j * lda + i] = (T)NAN; \
    }                                                                   \
  }
  EITHER_TYPE(SPREAD)
#undef SPREAD
  return first >= 0 && info > first ? 0 : info;
}

int64_t torus_cholesky_broken_minor(torus_dtype dtype, bool upper, int64_t n, const void *a, int64_t lda) {
#define FIND(T)                                                                         \
  {                                                                                     \
    const T *elements = a;                                                              \
    for (int64_t k = 0; k < n; k++) {                                                   \
      for (int64_t j = 0; j <= k; j++) {                                                \
        const T x = upper ? elements[k * lda + j] : elements[j * lda + k];              \
        if (isnan(x) || (isinf(x) && (j < k || x < 0))) return k + 1;                   \
      }                                                                                 \
      if (k + 1 < n && isinf(elements[k * lda + k])) return k + 2;                      \
    }                                                                                   \
  }
  EITHER_TYPE(FIND)
#undef FIND
  return 0;
}

int64_t torus_first_broken_column(torus_dtype dtype, int64_t m, int64_t n, const void *a, int64_t lda) {
#define FIND(T)                                                                   \
  {                                                                               \
    const T *elements = a;                                                        \
    for (int64_t j = 0; j < n; j++) {                                             \
      T sum = 0;                                                                  \
      for (int64_t i = 0; i < m; i++) sum += elements[j * lda + i] * 0;           \
      if (sum != 0) return j;                                                     \
    }                                                                             \
  }
  EITHER_TYPE(FIND)
#undef FIND
  return n;
}

void torus_qr_spread_nan(torus_dtype dtype, int64_t m, int64_t n, int64_t first, void *a, int64_t lda,
                         void *tau) {
#define SPREAD(T)                                                                       \
  {                                                                                     \
    T *elements = a, *scales = tau;                                                     \
    for (int64_t j = first; j < n; j++) {                                               \
      for (int64_t i = first; i < m; i++) elements[j * lda + i] = (T)NAN;               \
      if (j < m - 1) scales[j] = (T)NAN;                                                \
    }                                                                                   \
  }
  EITHER_TYPE(SPREAD)
#undef SPREAD
}

void torus_q_spread_nan(torus_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t lda, const void *tau) {
#define SPREAD(T)                                                                \
  {                                                                              \
    T *elements = a;                                                             \
    const T *scales = tau;                                                       \
    int64_t first = 0;                                                           \
    while (first < k && !isnan(scales[first])) first++;                          \
    for (int64_t j = first; first < k && j < n; j++) {                           \
      for (int64_t i = 0; i < m; i++) elements[j * lda + i] = (T)NAN;            \
    }                                                                            \
  }
  EITHER_TYPE(SPREAD)
#undef SPREAD
}
