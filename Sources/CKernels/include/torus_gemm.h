// Matrix products and dense linear algebra.
//
// Matrices are row-major unless a comment says column-major. `dtype` is a torus dtype code (see
// torus_core.h). Sizes and leading dimensions are in elements. Products of F32 and F64 take whichever of
// the kernels here and OpenBLAS measures faster at that size, large ones of F32 the processor's tiles where
// it has some (see torus_split_path_used); BF16 is multiplied as it is where the processor does that faster
// (see torus_bf16_path), F16 is widened to F32, and both are summed in F32 and rounded once at the end;
// integers are summed in their own width (wrapping), and BOOL is an or of ands. Every product runs on the
// pool of torus_core.h; OpenBLAS itself is held to one thread. A result does not depend on the number of
// threads: each element is summed in one order.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Prepares OpenBLAS, once; every product calls it. Holds OpenBLAS to one thread and, where its
/// CPU detection fell back to kernels below what the CPU can run, chooses better ones. A value
/// of OPENBLAS_CORETYPE set by the user wins.
void torus_blas_init(void);

/// The name of the kernels OpenBLAS runs, such as "Zen" or "SkylakeX".
const char *torus_blas_core(void);

/// How products of BF16 are computed. All of them sum in F32 and round once; they differ in the order
/// of an element's sum, and tiles and vectors take subnormal numbers for zero.
typedef enum torus_bf16_path : int32_t {
  /// Operands are widened to F32 and multiplied as F32.
  TORUS_BF16_WIDENED = 0,
  /// In blocks, in plain C: what the next two are compared with, on every processor.
  TORUS_BF16_PLAIN = 1,
  /// By AVX512-BF16's dot products of pairs.
  TORUS_BF16_VECTORS = 2,
  /// By AMX's tiles, of 16 × 32 values each.
  TORUS_BF16_TILES = 3,
} torus_bf16_path;

/// The path in use, chosen once for the process: tiles where the processor and the system grant them,
/// vectors where they beat F32 (measured once), else widening.
torus_bf16_path torus_bf16_path_used(void);

/// Takes another path (tests compare all of them), and says whether this machine has it. Call it
/// while no kernel runs.
bool torus_bf16_use(torus_bf16_path path);

/// How large products of F32 are computed: WIDENED is float32 itself; TILES (and PLAIN, for tests) take
/// every value as the sum of three of BF16 and keep the six largest products of their parts, with
/// float32's accuracy. Tiles where the processor and the system grant them, else float32.
torus_bf16_path torus_split_path_used(void);

/// Takes another path for them, and says whether this machine has it. Call it while no kernel runs.
bool torus_split_use(torus_bf16_path path);

/// C ← alpha · op(A) · op(B) + beta · C, with op(A) of m × k, op(B) of k × n, C of m × n.
///
/// A is stored m × k with `lda` elements from row to row, or k × m where `transA` is set; B
/// likewise. Where beta is 0, C is written without being read.
void torus_gemm(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n, int64_t k,
                double alpha, const void *A, int64_t lda, const void *B, int64_t ldb, double beta,
                void *C, int64_t ldc);

/// The elements that op(B) of n columns and k rows takes as products read it, for several products of m rows
/// with it; 0 where packing it once gains nothing, or the type is not F32 or F64.
int64_t torus_columns_size(torus_dtype dtype, int64_t m, int64_t n, int64_t k);

/// Packs op(B), which lies as in torus_gemm, into that many elements.
void torus_columns_pack(torus_dtype dtype, bool transB, int64_t n, int64_t k, const void *B, int64_t ldb,
                        void *columns);

/// C ← A · op(B) + beta · C with contiguous A of m × k and C of m × n, or A · op(B) + bias with `bias` of n or
/// NULL where beta is 0.
void torus_columns_product(torus_dtype dtype, int64_t m, int64_t n, int64_t k, const void *A,
                           const void *columns, const void *bias, double beta, void *C);

/// `batch` products, the b-th on A + b·strideA, B + b·strideB, C + b·strideC (strides in
/// elements; 0 repeats an operand, but not C).
void torus_gemm_batched(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n,
                        int64_t k, double alpha, const void *A, int64_t lda, int64_t strideA,
                        const void *B, int64_t ldb, int64_t strideB, double beta, void *C,
                        int64_t ldc, int64_t strideC, int64_t batch);

/// `batch` products at arbitrary places: the b-th on A + offsetsA[b] and so on (offsets in
/// elements). For broadcast batch dimensions.
void torus_gemm_batched_at(torus_dtype dtype, bool transA, bool transB, int64_t m, int64_t n,
                           int64_t k, double alpha, const void *A, int64_t lda,
                           const int64_t *offsetsA, const void *B, int64_t ldb,
                           const int64_t *offsetsB, double beta, void *C, int64_t ldc,
                           const int64_t *offsetsC, int64_t batch);

/// y ← x · Wᵀ + bias: x of rows × inputs, W of outputs × inputs, both contiguous; bias of
/// `outputs` elements, or NULL. The bias is added while the result is still in cache.
void torus_linear(torus_dtype dtype, int64_t rows, int64_t inputs, int64_t outputs, const void *x,
                  const void *weight, const void *bias, void *y);

/// y ← alpha · op(A) · x + beta · y; A is stored rows × cols. x and y step by `incx` and `incy`.
void torus_gemv(torus_dtype dtype, bool transA, int64_t rows, int64_t cols, double alpha,
                const void *A, int64_t lda, const void *x, int64_t incx, double beta, void *y,
                int64_t incy);

/// out[0] ← Σ x[i]·y[i], in `dtype`.
void torus_dot(torus_dtype dtype, int64_t n, const void *x, int64_t incx, const void *y, int64_t incy,
               void *out);

// LAPACK, F32 and F64 only; any other dtype returns TORUS_LAPACK_DTYPE.
//
// Everything here is column-major and in place, one matrix a call, as in LAPACK itself: a
// row-major matrix passed as it lies is its own transpose. Work space is allocated inside.
// The result is LAPACK's info: 0 for success, -i where argument i was wrong, a positive number
// where the algorithm failed (singular, not positive definite, not converged), as each says.

enum { TORUS_LAPACK_DTYPE = -1000 };

/// Cholesky factor of the symmetric n × n `a`, in its lower (`upper` 0) or upper triangle; the
/// other triangle is left alone. info > 0: the leading minor of that order is not positive
/// definite.
int64_t torus_potrf(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda);

/// Solves A X = B given the factor by torus_potrf; b (n × rhs) becomes X.
int64_t torus_potrs(torus_dtype dtype, bool upper, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, void *b, int64_t ldb);

/// Inverse of A from the factor by torus_potrf, in the same triangle.
int64_t torus_potri(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda);

/// LU factors of the m × n `a` with row swaps `pivots` (min(m, n), counted from 1).
/// info > 0: U[info, info] is exactly zero.
int64_t torus_getrf(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda, int32_t *pivots);

/// Solves op(A) X = B from torus_getrf's factors; b (n × rhs) becomes X.
int64_t torus_getrs(torus_dtype dtype, bool trans, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, const int32_t *pivots, void *b, int64_t ldb);

/// What an m × n matrix, or the triangle of it that is read, holds beside finite numbers: a sum of these.
enum { TORUS_INFINITE_DIAGONAL = 1, TORUS_INFINITE_ELSEWHERE = 2, TORUS_NAN = 4 };
int32_t torus_not_finite(torus_dtype dtype, bool lower, bool upper, int64_t m, int64_t n, const void *a,
                         int64_t lda);

/// The determinant of an n × n matrix from torus_getrf's factors, its sign (-1, 0 or 1) and the
/// logarithm of its size: one number of `dtype` each, none where the pointer is NULL.
int64_t torus_lu_determinant(torus_dtype dtype, int64_t n, const void *lu, int64_t ld,
                             const int32_t *pivots, void *det, void *sign, void *logabs);

/// Inverse from torus_getrf's factors, in place.
int64_t torus_getri(torus_dtype dtype, int64_t n, void *a, int64_t lda, const int32_t *pivots);

/// Solves A X = B: a becomes its LU factors, b (n × rhs) becomes X.
int64_t torus_gesv(torus_dtype dtype, int64_t n, int64_t rhs, void *a, int64_t lda, int32_t *pivots,
                   void *b, int64_t ldb);

/// Symmetric indefinite factors (Bunch-Kaufman), and the solve from them.
int64_t torus_sytrf(torus_dtype dtype, bool upper, int64_t n, void *a, int64_t lda,
                    int32_t *pivots);
int64_t torus_sytrs(torus_dtype dtype, bool upper, int64_t n, int64_t rhs, const void *a,
                    int64_t lda, const int32_t *pivots, void *b, int64_t ldb);

/// QR: R in the upper triangle of the m × n `a`, Householder vectors below, scales in `tau`
/// (min(m, n)).
int64_t torus_geqrf(torus_dtype dtype, int64_t m, int64_t n, void *a, int64_t lda, void *tau);

/// The first n columns of Q (m × n, n ≤ m) from k reflectors, in place of them.
int64_t torus_orgqr(torus_dtype dtype, int64_t m, int64_t n, int64_t k, void *a, int64_t lda,
                    const void *tau);

/// C ← op(Q) C (`left`) or C op(Q), with Q from k reflectors; C is m × n.
int64_t torus_ormqr(torus_dtype dtype, bool left, bool trans, int64_t m, int64_t n, int64_t k,
                    const void *a, int64_t lda, const void *tau, void *c, int64_t ldc);

/// Eigenvalues `w`, ascending, of the symmetric n × n `a`, read from one triangle; where
/// `vectors` is set a becomes the eigenvectors, column by column.
int64_t torus_syevd(torus_dtype dtype, bool vectors, bool upper, int64_t n, void *a,
                    int64_t lda, void *w);

/// Singular values `s`, descending, of the m × n `a` (destroyed). mode 0: values only (u and vt
/// may be NULL); 1: u m × min and vt min × n; 2: u m × m and vt n × n.
int64_t torus_gesdd(torus_dtype dtype, int32_t mode, int64_t m, int64_t n, void *a, int64_t lda,
                    void *s, void *u, int64_t ldu, void *vt, int64_t ldvt);

/// Eigenvalues wr + i·wi of a general n × n `a` (destroyed); right eigenvectors in `vr` where it
/// is not NULL (for a complex pair j, j+1: columns hold the real and the imaginary part).
int64_t torus_geev(torus_dtype dtype, int64_t n, void *a, int64_t lda, void *wr, void *wi, void *vr,
                   int64_t ldvr);

/// Least squares by singular values (divide and conquer): b, of max(m, n) × rhs, becomes the
/// solution in its first n rows; `s` holds min(m, n) singular values; `rank` counts those above
/// rcond · s[0].
int64_t torus_gelsd(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, void *s, double rcond, int32_t *rank);

/// Least squares by singular values (gelss): as torus_gelsd.
int64_t torus_gelss(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, void *s, double rcond, int32_t *rank);

/// Least squares by a complete orthogonal factorisation (gelsy).
int64_t torus_gelsy(torus_dtype dtype, int64_t m, int64_t n, int64_t rhs, void *a, int64_t lda,
                    void *b, int64_t ldb, double rcond, int32_t *rank);

/// Least squares for full rank by QR (gels).
int64_t torus_gels(torus_dtype dtype, bool trans, int64_t m, int64_t n, int64_t rhs, void *a,
                   int64_t lda, void *b, int64_t ldb);

/// Solves op(A) X = B for a triangular n × n `a`; b (n × rhs) becomes X. info > 0: a zero on the
/// diagonal. `unit` takes the diagonal as ones.
int64_t torus_trtrs(torus_dtype dtype, bool upper, bool trans, bool unit, int64_t n,
                    int64_t rhs, const void *a, int64_t lda, void *b, int64_t ldb);

/// Triangular solve without the singularity check: op(A) X = alpha B (`left`) or
/// X op(A) = alpha B; b is m × n and becomes X. Row-major callers: a row-major matrix is a
/// column-major transpose, so swap left with right and upper with lower.
int64_t torus_trsm(torus_dtype dtype, bool left, bool upper, bool trans, bool unit,
                   int64_t m, int64_t n, double alpha, const void *a, int64_t lda, void *b,
                   int64_t ldb);

/// Inverse of a triangular n × n `a`, in place.
int64_t torus_trtri(torus_dtype dtype, bool upper, bool unit, int64_t n, void *a, int64_t lda);

#ifdef __cplusplus
}
#endif
