// LAPACK by way of OpenBLAS: each routine for float and double, with its work space.

#include "nonfinite.h"

#include <math.h>

typedef int32_t integer;
typedef integer *in;  // LAPACK takes everything by reference and writes only what it says

#define DECLARE(T, p)                                                                           \
  void p##potrf_(const char *, in, T *, in, in);                                                \
  void p##potrs_(const char *, in, in, const T *, in, T *, in, in);                             \
  void p##potri_(const char *, in, T *, in, in);                                                \
  void p##getrf_(in, in, T *, in, integer *, in);                                               \
  void p##getrs_(const char *, in, in, const T *, in, const integer *, T *, in, in);            \
  void p##getri_(in, T *, in, const integer *, T *, in, in);                                    \
  void p##gesv_(in, in, T *, in, integer *, T *, in, in);                                       \
  void p##sytrf_(const char *, in, T *, in, integer *, T *, in, in);                            \
  void p##sytrs_(const char *, in, in, const T *, in, const integer *, T *, in, in);            \
  void p##geqrf_(in, in, T *, in, T *, T *, in, in);                                            \
  void p##orgqr_(in, in, in, T *, in, const T *, T *, in, in);                                  \
  void p##ormqr_(const char *, const char *, in, in, in, const T *, in, const T *, T *, in,     \
                 T *, in, in);                                                                  \
  void p##syevd_(const char *, const char *, in, T *, in, T *, T *, in, integer *, in, in);     \
  void p##gesdd_(const char *, in, in, T *, in, T *, T *, in, T *, in, T *, in, integer *, in); \
  void p##geev_(const char *, const char *, in, T *, in, T *, T *, T *, in, T *, in, T *, in,   \
                in);                                                                            \
  void p##gelsd_(in, in, in, T *, in, T *, in, T *, const T *, integer *, T *, in, integer *,   \
                 in);                                                                           \
  void p##gelss_(in, in, in, T *, in, T *, in, T *, const T *, integer *, T *, in, in);         \
  void p##gelsy_(in, in, in, T *, in, T *, in, integer *, const T *, integer *, T *, in, in);   \
  void p##gels_(const char *, in, in, in, T *, in, T *, in, T *, in, in);                       \
  void p##trtrs_(const char *, const char *, const char *, in, in, const T *, in, T *, in, in); \
  void p##trsm_(const char *, const char *, const char *, const char *, in, in, const T *,      \
                const T *, in, T *, in);                                                        \
  void p##trtri_(const char *, const char *, in, T *, in, in);
DECLARE(float, s)
DECLARE(double, d)

// Every routine's float and double forms have the same text. RUN leaves the report in `info`.
#define RUN(CALL)                           \
  torus_blas_init();                        \
  integer info = 0;                         \
  if (dtype == TORUS_F32) CALL(float, s)    \
  else if (dtype == TORUS_F64) CALL(double, d) \
  else return TORUS_LAPACK_DTYPE;
#define EITHER(CALL) \
  RUN(CALL)          \
  return info;

// Runs CALL twice: LAPACK answers the first, with a work length of -1, with the best length.
#define WITH_WORK(T, CALL)                                \
  T best = 0;                                             \
  T *work = &best;                                        \
  integer length = -1;                                    \
  CALL;                                                   \
  if (info == 0) {                                        \
    length = best < 1 ? 1 : (integer)best;                \
    work = torus_alloc((size_t)length * sizeof(T));       \
    CALL;                                                 \
    torus_free(work, (size_t)length * sizeof(T));         \
  }

static const char *triangle(bool upper) { return upper ? "U" : "L"; }
static const char *transposed(bool trans) { return trans ? "T" : "N"; }
static integer least(integer a, integer b) { return a < b ? a : b; }

int64_t torus_potrf(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda) {
  integer N = (integer)n, LDA = (integer)lda;
  const int64_t broken = torus_cholesky_broken_minor(dtype, upper, n, a, lda);
#define CALL(T, p) p##potrf_(triangle(upper), &N, a, &LDA, &info);
  RUN(CALL)
#undef CALL
  return broken > 0 && (info <= 0 || info > broken) ? broken : info;
}

int64_t torus_potrs(torus_dtype dtype, bool upper, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, void *b, int64_t ldb) {
  integer N = (integer)n, R = (integer)rhs, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p) p##potrs_(triangle(upper), &N, &R, a, &LDA, b, &LDB, &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_potri(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda) {
  integer N = (integer)n, LDA = (integer)lda;
#define CALL(T, p) p##potri_(triangle(upper), &N, a, &LDA, &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_getrf(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda,
                    int32_t *pivots) {
  integer M = (integer)m, N = (integer)n, LDA = (integer)lda;
#define CALL(T, p) p##getrf_(&M, &N, a, &LDA, pivots, &info);
  RUN(CALL)
#undef CALL
  return torus_lu_spread_nan(dtype, m, n, a, lda, info);
}

int64_t torus_getrs(torus_dtype dtype, bool trans, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, const int32_t *pivots, void *b, int64_t ldb) {
  integer N = (integer)n, R = (integer)rhs, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p) p##getrs_(transposed(trans), &N, &R, a, &LDA, pivots, b, &LDB, &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_getri(torus_dtype dtype, int64_t n, void *a, int64_t lda, const int32_t *pivots) {
  integer N = (integer)n, LDA = (integer)lda;
#define CALL(T, p) \
  { WITH_WORK(T, p##getri_(&N, a, &LDA, pivots, work, &length, &info)) }
  EITHER(CALL)
#undef CALL
}

int64_t torus_gesv(torus_dtype dtype, int64_t n, int64_t rhs, void *a, int64_t lda,
                   int32_t *pivots, void *b, int64_t ldb) {
  integer N = (integer)n, R = (integer)rhs, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p) p##gesv_(&N, &R, a, &LDA, pivots, b, &LDB, &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_sytrf(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda,
                    int32_t *pivots) {
  integer N = (integer)n, LDA = (integer)lda;
#define CALL(T, p) \
  { WITH_WORK(T, p##sytrf_(triangle(upper), &N, a, &LDA, pivots, work, &length, &info)) }
  EITHER(CALL)
#undef CALL
}

int64_t torus_sytrs(torus_dtype dtype, bool upper, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, const int32_t *pivots, void *b, int64_t ldb) {
  integer N = (integer)n, R = (integer)rhs, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p) p##sytrs_(triangle(upper), &N, &R, a, &LDA, pivots, b, &LDB, &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_geqrf(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda, void *tau) {
  integer M = (integer)m, N = (integer)n, LDA = (integer)lda;
  // The last row alone is not reflected.
  const int64_t reflected = m - 1 < n ? m - 1 : n;
  const int64_t broken = torus_first_broken_column(dtype, m, reflected, a, lda);
#define CALL(T, p) \
  { WITH_WORK(T, p##geqrf_(&M, &N, a, &LDA, tau, work, &length, &info)) }
  RUN(CALL)
#undef CALL
  if (broken < reflected) torus_qr_spread_nan(dtype, m, n, broken, a, lda, tau);
  return info;
}

int64_t torus_orgqr(torus_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t lda,
                    const void *tau) {
  integer M = (integer)m, N = (integer)n, K = (integer)k, LDA = (integer)lda;
#define CALL(T, p) \
  { WITH_WORK(T, p##orgqr_(&M, &N, &K, a, &LDA, tau, work, &length, &info)) }
  RUN(CALL)
#undef CALL
  torus_q_spread_nan(dtype, m, n, k, a, lda, tau);
  return info;
}

int64_t torus_ormqr(torus_dtype dtype, bool left, bool trans, int64_t m, int64_t n, int64_t k,
                    const void *a, int64_t lda, const void *tau, void *c, int64_t ldc) {
  integer M = (integer)m, N = (integer)n, K = (integer)k, LDA = (integer)lda, LDC = (integer)ldc;
#define CALL(T, p)                                                                       \
  {                                                                                      \
    WITH_WORK(T, p##ormqr_(left ? "L" : "R", transposed(trans), &M, &N, &K, a, &LDA,     \
                           tau, c, &LDC, work, &length, &info))                          \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_syevd(torus_dtype dtype, bool vectors, bool upper, int64_t n, void *a, int64_t lda,
                    void *w) {
  integer N = (integer)n, LDA = (integer)lda;
  const char *job = vectors ? "V" : "N";
  // Asks for both lengths, which depend on each other's query.
#define CALL(T, p)                                                                            \
  {                                                                                           \
    T best = 0;                                                                               \
    integer ints = 0, query = -1;                                                             \
    p##syevd_(job, triangle(upper), &N, a, &LDA, w, &best, &query, &ints, &query, &info);     \
    if (info == 0) {                                                                          \
      integer length = best < 1 ? 1 : (integer)best;                                          \
      T *work = torus_alloc((size_t)length * sizeof(T));                                      \
      integer *places = torus_alloc((size_t)ints * sizeof(integer));                          \
      p##syevd_(job, triangle(upper), &N, a, &LDA, w, work, &length, places, &ints, &info);   \
      torus_free(work, (size_t)length * sizeof(T));                                           \
      torus_free(places, (size_t)ints * sizeof(integer));                                     \
    }                                                                                         \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_gesdd(torus_dtype dtype, int32_t mode, int64_t m, int64_t n, void *a, int64_t lda,
                    void *s, void *u, int64_t ldu, void *vt, int64_t ldvt) {
  integer M = (integer)m, N = (integer)n, LDA = (integer)lda;
  integer LDU = u ? (integer)ldu : 1, LDVT = vt ? (integer)ldvt : 1;
  const char *job = mode == 0 ? "N" : mode == 1 ? "S" : "A";
  const size_t bytes = (size_t)(8 * least(M, N) + 1) * sizeof(integer);
  integer *places = torus_alloc(bytes);
  torus_blas_init();
  integer info = 0;
#define CALL(T, p)                                                                            \
  {                                                                                           \
    WITH_WORK(T, p##gesdd_(job, &M, &N, a, &LDA, s, u, &LDU, vt, &LDVT, work, &length,        \
                           places, &info))                                                    \
  }
  if (dtype == TORUS_F32) CALL(float, s)
  else if (dtype == TORUS_F64) CALL(double, d)
#undef CALL
  torus_free(places, bytes);
  return dtype == TORUS_F32 || dtype == TORUS_F64 ? info : TORUS_LAPACK_DTYPE;
}

int64_t torus_geev(torus_dtype dtype, int64_t n, void *a, int64_t lda, void *wr, void *wi, void *vr,
                   int64_t ldvr) {
  integer N = (integer)n, LDA = (integer)lda, LDVL = 1, LDVR = vr ? (integer)ldvr : 1;
#define CALL(T, p)                                                                            \
  {                                                                                           \
    WITH_WORK(T, p##geev_("N", vr ? "V" : "N", &N, a, &LDA, wr, wi, 0, &LDVL, vr, &LDVR,      \
                          work, &length, &info))                                              \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_gelsd(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, void *s, double rcond, int32_t *rank) {
  integer M = (integer)m, N = (integer)n, R = (integer)rhs;
  integer LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p)                                                                            \
  {                                                                                           \
    T best = 0, bound = (T)rcond;                                                             \
    integer ints = 1, query = -1;                                                             \
    p##gelsd_(&M, &N, &R, a, &LDA, b, &LDB, s, &bound, rank, &best, &query, &ints, &info);    \
    if (info == 0) {                                                                          \
      integer length = best < 1 ? 1 : (integer)best;                                          \
      const size_t bytes = (size_t)(ints < 1 ? 1 : ints) * sizeof(integer);                   \
      T *work = torus_alloc((size_t)length * sizeof(T));                                      \
      integer *places = torus_alloc(bytes);                                                   \
      p##gelsd_(&M, &N, &R, a, &LDA, b, &LDB, s, &bound, rank, work, &length, places, &info); \
      torus_free(work, (size_t)length * sizeof(T));                                           \
      torus_free(places, bytes);                                                              \
    }                                                                                         \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_gelss(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, void *s, double rcond, int32_t *rank) {
  integer M = (integer)m, N = (integer)n, R = (integer)rhs;
  integer LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p)                                                                            \
  {                                                                                           \
    T bound = (T)rcond;                                                                       \
    WITH_WORK(T, p##gelss_(&M, &N, &R, a, &LDA, b, &LDB, s, &bound, rank, work, &length,      \
                           &info))                                                            \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_gelsy(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, double rcond, int32_t *rank) {
  integer M = (integer)m, N = (integer)n, R = (integer)rhs;
  integer LDA = (integer)lda, LDB = (integer)ldb;
  const size_t bytes = (size_t)(n + 1) * sizeof(integer);
  integer *order = torus_alloc(bytes);
  for (int64_t i = 0; i < n; i++) order[i] = 0;  // every column is free to move
  torus_blas_init();
  integer info = 0;
#define CALL(T, p)                                                                         \
  {                                                                                        \
    T bound = (T)rcond;                                                                    \
    WITH_WORK(T, p##gelsy_(&M, &N, &R, a, &LDA, b, &LDB, order, &bound, rank, work,        \
                           &length, &info))                                                \
  }
  if (dtype == TORUS_F32) CALL(float, s)
  else if (dtype == TORUS_F64) CALL(double, d)
#undef CALL
  torus_free(order, bytes);
  return dtype == TORUS_F32 || dtype == TORUS_F64 ? info : TORUS_LAPACK_DTYPE;
}

int64_t torus_gels(torus_dtype dtype, bool trans, int64_t m, int64_t n, int64_t rhs, void *a,
                   int64_t lda, void *b, int64_t ldb) {
  integer M = (integer)m, N = (integer)n, R = (integer)rhs;
  integer LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p)                                                                         \
  {                                                                                        \
    WITH_WORK(T, p##gels_(transposed(trans), &M, &N, &R, a, &LDA, b, &LDB, work, &length,  \
                          &info))                                                          \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_trtrs(torus_dtype dtype, bool upper, bool trans, bool unit, int64_t n, int64_t rhs,
                    const void *a, int64_t lda, void *b, int64_t ldb) {
  integer N = (integer)n, R = (integer)rhs, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p)                                                                          \
  p##trtrs_(triangle(upper), transposed(trans), unit ? "U" : "N", &N, &R, a, &LDA, b, &LDB, \
            &info);
  EITHER(CALL)
#undef CALL
}

int64_t torus_trsm(torus_dtype dtype, bool left, bool upper, bool trans, bool unit, int64_t m,
                   int64_t n, double alpha, const void *a, int64_t lda, void *b, int64_t ldb) {
  integer M = (integer)m, N = (integer)n, LDA = (integer)lda, LDB = (integer)ldb;
#define CALL(T, p)                                                                            \
  {                                                                                           \
    const T factor = (T)alpha;                                                                \
    p##trsm_(left ? "L" : "R", triangle(upper), transposed(trans), unit ? "U" : "N", &M, &N,  \
             &factor, a, &LDA, b, &LDB);                                                      \
  }
  EITHER(CALL)
#undef CALL
}

int64_t torus_trtri(torus_dtype dtype, bool upper, bool unit, int64_t n, void *a, int64_t lda) {
  integer N = (integer)n, LDA = (integer)lda;
#define CALL(T, p) p##trtri_(triangle(upper), unit ? "U" : "N", &N, a, &LDA, &info);
  EITHER(CALL)
#undef CALL
}

#define DETERMINANT(T, LOG, ABS)                                          \
  {                                                                       \
    const T *factors = lu;                                                \
    T product = 1, logs = 0, direction = 1;                               \
    for (int64_t i = 0; i < n; i++) {                                     \
      const T pivot = factors[i * ld + i];                                \
      product *= pivots[i] == i + 1 ? pivot : -pivot;                     \
      logs += LOG(ABS(pivot));                                            \
      direction *= pivot > 0 ? 1 : pivot < 0 ? -1 : pivot; /* 0, or NaN */ \
      if (pivots[i] != i + 1) direction = -direction;                     \
    }                                                                     \
    if (det) *(T *)det = product;                                         \
    if (sign) *(T *)sign = direction;                                     \
    if (logabs) *(T *)logabs = logs;                                      \
  }

int64_t torus_lu_determinant(torus_dtype dtype, int64_t n, const void *lu, int64_t ld,
                             const int32_t *pivots, void *det, void *sign, void *logabs) {
  if (dtype == TORUS_F32) DETERMINANT(float, logf, fabsf)
  else if (dtype == TORUS_F64) DETERMINANT(double, log, fabs)
  else return TORUS_LAPACK_DTYPE;
  return 0;
}
