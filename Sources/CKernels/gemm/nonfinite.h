// What becomes of NaN and infinity in factors, for lapack.c.
#pragma once
#include "torus_gemm.h"

/// Writes NaN behind the first pivot that is NaN, where elimination puts it.
/// @return What LAPACK reported, but no zero pivot behind that one.
int64_t torus_lu_spread_nan(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda, int64_t info);

/// The order of the first leading minor of a symmetric matrix that NaN or infinity keep from being positive, or 0.
/// Infinity may stand last on the diagonal.
int64_t torus_cholesky_broken_minor(torus_dtype dtype, bool upper, int64_t n, const void *a, int64_t lda);

/// The first column that holds NaN or infinity, n where none does.
int64_t torus_first_broken_column(torus_dtype dtype, int64_t m, int64_t n, const void *a, int64_t lda);

/// Writes NaN into reflections and R from the first such column on.
void torus_qr_spread_nan(torus_dtype dtype, int64_t m, int64_t n, int64_t first, void *a, int64_t lda,
                         void *tau);

/// Writes NaN into the columns of Q from the first reflection on that is NaN.
void torus_q_spread_nan(torus_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t lda, const void *tau);
