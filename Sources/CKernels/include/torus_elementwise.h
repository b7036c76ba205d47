/// Elementwise kernels over strided tensors.
///
/// Conventions. Strides count elements; 0 repeats an element (broadcasting), negative values walk
/// backwards. `shape` is the shape of the output, already broadcast; every operand has `rank`
/// strides. Rank 0 and sizes of 0 are allowed. The output may be exactly one of the inputs (same
/// pointer, strides and type) but must not overlap one otherwise, and its own elements must not
/// overlap. Floating types are computed in their own type (BF16, F16 in f32, rounded once);
/// integers wrap around.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Unary

/// out = f(a), both of type `dtype`. "all" marks operations for every type, "int" for integers
/// and BOOL too where they make sense; the rest is for floating types.
typedef enum torus_unary_op : int32_t {
  TORUS_NEG,          ///< -a (all but BOOL)
  TORUS_ABS,          ///< |a| (all)
  TORUS_SIGN,         ///< -1, 0, 1 (all); NaN gives 0 as in PyTorch
  TORUS_SQUARE,       ///< a² (all)
  TORUS_BITWISE_NOT,  ///< ~a (integers; BOOL: not a)
  TORUS_SQRT,
  TORUS_RSQRT,
  TORUS_RECIPROCAL,
  TORUS_EXP,
  TORUS_EXP2,
  TORUS_EXPM1,
  TORUS_LOG,
  TORUS_LOG2,
  TORUS_LOG10,
  TORUS_LOG1P,
  TORUS_SIN,
  TORUS_COS,
  TORUS_TAN,
  TORUS_ASIN,
  TORUS_ACOS,
  TORUS_ATAN,
  TORUS_SINH,
  TORUS_COSH,
  TORUS_TANH,
  TORUS_ASINH,
  TORUS_ACOSH,
  TORUS_ATANH,
  TORUS_ERF,
  TORUS_ERFC,
  TORUS_ERFINV,
  TORUS_LGAMMA,
  TORUS_DIGAMMA,
  TORUS_POLYGAMMA,    ///< the p0-th derivative of digamma, p0 a whole number ≥ 0
  TORUS_I0,           ///< modified Bessel function of the first kind, order 0
  TORUS_I1,           ///< the same, order 1
  TORUS_SINC,         ///< sin(πa) / (πa), 1 at 0
  TORUS_FLOOR,        ///< (all: integers unchanged)
  TORUS_CEIL,         ///< (all: integers unchanged)
  TORUS_ROUND,        ///< half to even (all: integers unchanged)
  TORUS_TRUNC,        ///< (all: integers unchanged)
  TORUS_FRAC,         ///< a - trunc(a)
  TORUS_DEG2RAD,
  TORUS_RAD2DEG,
  TORUS_LOGIT,        ///< log(z / (1 - z)), z = a clamped to [p0, 1 - p0]; p0 < 0: not clamped
  TORUS_SIGMOID,
  TORUS_LOG_SIGMOID,
  TORUS_RELU,         ///< max(a, 0), NaN stays (all)
  TORUS_RELU6,        ///< clamp(a, 0, 6)
  TORUS_GELU,         ///< a Φ(a)
  TORUS_GELU_TANH,    ///< the tanh approximation
  TORUS_SILU,         ///< a sigmoid(a)
  TORUS_MISH,         ///< a tanh(softplus(a))
  TORUS_SOFTPLUS,     ///< log(1 + exp(p0 a)) / p0, a itself where p0 a > p1 (beta, threshold)
  TORUS_ELU,          ///< a > 0 ? a : p0 (exp(a) - 1)
  TORUS_CELU,         ///< a > 0 ? a : p0 (exp(a / p0) - 1)
  TORUS_SELU,
  TORUS_LEAKY_RELU,   ///< a > 0 ? a : p0 a
  TORUS_CLAMP,        ///< min(max(a, p0), p1), NaN stays (all); also hardtanh
  TORUS_HARDSIGMOID,  ///< relu6(a + 3) / 6
  TORUS_HARDSWISH,    ///< a relu6(a + 3) / 6
  TORUS_HARDSHRINK,   ///< 0 where |a| ≤ p0, else a
  TORUS_SOFTSHRINK,   ///< a - p0 above p0, a + p0 below -p0, else 0
  TORUS_SOFTSIGN,     ///< a / (1 + |a|)
  TORUS_TANHSHRINK,   ///< a - tanh(a)
  TORUS_THRESHOLD,    ///< a > p0 ? a : p1 (NaN stays)
  TORUS_POW_SCALAR,   ///< a ^ p0 (floats; integers with p0 a whole number ≥ 0)
  TORUS_ADD_SCALAR,   ///< a + p0 (all but BOOL)
  TORUS_MUL_SCALAR,   ///< a · p0 (all but BOOL)
  TORUS_DIV_SCALAR,   ///< a / p0
  TORUS_RSUB_SCALAR,  ///< p0 - a (all but BOOL)
  TORUS_RDIV_SCALAR,  ///< p0 / a
  TORUS_RPOW_SCALAR,  ///< p0 ^ a
  TORUS_AFFINE,       ///< a · p0 + p1 (all but BOOL)
  TORUS_UNARY_COUNT
} torus_unary_op;

torus_status torus_unary(
  torus_unary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  double p0, double p1);

// MARK: Binary

/// out = f(a, b), all of type `dtype`. The `…_BACKWARD` operations take the incoming gradient as
/// `a` and the saved input x, or where said the saved output y, as `b`.
typedef enum torus_binary_op : int32_t {
  TORUS_ADD,          ///< a + p0 b (all; BOOL: or). Pass p0 = 1 for the plain sum
  TORUS_SUB,          ///< a - p0 b (all but BOOL)
  TORUS_MUL,          ///< a b (all; BOOL: and)
  TORUS_DIV,          ///< a / b (floats)
  TORUS_FLOOR_DIV,    ///< ⌊a / b⌋, Python's rule (all but BOOL)
  TORUS_TRUNC_DIV,    ///< a / b towards zero, C's rule (all but BOOL)
  TORUS_REMAINDER,    ///< a - b ⌊a / b⌋, the sign of b (all but BOOL)
  TORUS_FMOD,         ///< a - b trunc(a / b), the sign of a (all but BOOL)
  TORUS_POW,          ///< a ^ b (all but BOOL; integers: negative powers as PyTorch, 0 or ±1)
  TORUS_MAXIMUM,      ///< NaN propagates (all)
  TORUS_MINIMUM,      ///< NaN propagates (all)
  TORUS_FMAX,         ///< the other one where one is NaN (all)
  TORUS_FMIN,         ///< the other one where one is NaN (all)
  TORUS_ATAN2,
  TORUS_HYPOT,
  TORUS_COPYSIGN,
  TORUS_NEXTAFTER,    ///< F32 and F64 only
  TORUS_LOGADDEXP,
  TORUS_LOGADDEXP2,
  TORUS_XLOGY,        ///< a log(b), 0 where a is 0 (unless b is NaN)
  TORUS_XLOG1PY,      ///< a log1p(b), 0 where a is 0 (unless b is NaN)
  TORUS_ZETA,         ///< Hurwitz's zeta function Σ (b + k)^-a
  TORUS_HEAVISIDE,    ///< a < 0: 0, a > 0: 1, a = 0: b (all)
  TORUS_LDEXP,        ///< a · 2^b
  TORUS_BITWISE_AND,  ///< (integers and BOOL)
  TORUS_BITWISE_OR,
  TORUS_BITWISE_XOR,
  TORUS_SHIFT_LEFT,   ///< (integers)
  TORUS_SHIFT_RIGHT,  ///< arithmetic (integers)
  TORUS_GCD,          ///< (integers)
  TORUS_LCM,          ///< (integers)
  TORUS_LERP_SCALAR,  ///< a + p0 (b - a)
  TORUS_SQUARED_DIFFERENCE, ///< (a - b)² (all but BOOL)

  TORUS_ABS_BACKWARD,         ///< g sign(x)
  TORUS_SQRT_BACKWARD,        ///< g / (2 y), of the output y
  TORUS_RSQRT_BACKWARD,       ///< -g y³ / 2, of the output y
  TORUS_RECIPROCAL_BACKWARD,  ///< -g y², of the output y
  TORUS_SIN_BACKWARD,         ///< g cos(x)
  TORUS_COS_BACKWARD,         ///< -g sin(x)
  TORUS_ERF_BACKWARD,         ///< g 2/√π exp(-x²)
  TORUS_POW_SCALAR_BACKWARD,  ///< g p0 x^(p0 - 1), 0 where p0 = 0
  TORUS_RELU_BACKWARD,        ///< g where x > 0 (of the input or the output)
  TORUS_THRESHOLD_BACKWARD,   ///< g where x > p0
  TORUS_SIGMOID_BACKWARD,     ///< g y (1 - y), of the output y
  TORUS_TANH_BACKWARD,        ///< g (1 - y²), of the output y
  TORUS_LOG_SIGMOID_BACKWARD,
  TORUS_LOGIT_BACKWARD,       ///< p0 as in TORUS_LOGIT
  TORUS_GELU_BACKWARD,
  TORUS_GELU_TANH_BACKWARD,
  TORUS_SILU_BACKWARD,
  TORUS_MISH_BACKWARD,
  TORUS_SOFTPLUS_BACKWARD,    ///< p0, p1 as in TORUS_SOFTPLUS
  TORUS_ELU_BACKWARD,         ///< p0
  TORUS_CELU_BACKWARD,        ///< p0
  TORUS_SELU_BACKWARD,
  TORUS_LEAKY_RELU_BACKWARD,  ///< p0
  TORUS_CLAMP_BACKWARD,       ///< g where p0 ≤ x ≤ p1
  TORUS_HARDTANH_BACKWARD,    ///< g where p0 < x < p1 (relu6: 0, 6)
  TORUS_HARDSIGMOID_BACKWARD,
  TORUS_HARDSWISH_BACKWARD,
  TORUS_SHRINK_BACKWARD,      ///< g where |x| > p0 (hardshrink and softshrink)
  TORUS_SOFTSIGN_BACKWARD,
  TORUS_TANHSHRINK_BACKWARD,  ///< g tanh(x)²
  TORUS_BINARY_COUNT
} torus_binary_op;

/// Integer FLOOR_DIV, TRUNC_DIV, REMAINDER and FMOD answer TORUS_DIVISION_BY_ZERO where b holds
/// a zero.
torus_status torus_binary(
  torus_binary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides, double p0, double p1);

// MARK: Comparisons and predicates

typedef enum torus_compare_op : int32_t {
  TORUS_EQ,
  TORUS_NE,
  TORUS_LT,
  TORUS_LE,
  TORUS_GT,
  TORUS_GE,
  TORUS_LOGICAL_AND,  ///< (a ≠ 0) and (b ≠ 0); NaN counts as not 0
  TORUS_LOGICAL_OR,
  TORUS_LOGICAL_XOR,
  TORUS_COMPARE_COUNT
} torus_compare_op;

/// out (BOOL) = a ⋈ b; a and b are of type `dtype`.
torus_status torus_compare(
  torus_compare_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides);

typedef enum torus_predicate_op : int32_t {
  TORUS_LOGICAL_NOT,  ///< a = 0
  TORUS_IS_NONZERO,   ///< a ≠ 0
  TORUS_IS_NAN,
  TORUS_IS_INF,
  TORUS_IS_FINITE,
  TORUS_IS_POS_INF,
  TORUS_IS_NEG_INF,
  TORUS_SIGNBIT,
  TORUS_PREDICATE_COUNT
} torus_predicate_op;

/// out (BOOL) = p(a); every type.
torus_status torus_predicate(
  torus_predicate_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides);

// MARK: Ternary

typedef enum torus_ternary_op : int32_t {
  TORUS_ADDCMUL,      ///< a + p0 b c (all but BOOL)
  TORUS_ADDCDIV,      ///< a + p0 b / c (floats)
  TORUS_LERP,         ///< a + c (b - a) (floats)
  TORUS_CLAMP_TENSOR, ///< min(max(a, b), c), NaN of any propagates (all)
  TORUS_MUL_ADD,      ///< a b + c (all but BOOL)
  TORUS_TERNARY_COUNT
} torus_ternary_op;

/// out = f(a, b, c), all of type `dtype`.
torus_status torus_ternary(
  torus_ternary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides, const void *c, const int64_t *c_strides, double p0);

/// out = condition ? a : b. `condition` is BOOL; out, a and b are of type `dtype`.
torus_status torus_where(
  torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *condition, const int64_t *condition_strides,
  const void *a, const int64_t *a_strides, const void *b, const int64_t *b_strides);

// MARK: Copies

/// Copies with conversion between any two types and layouts: float to integer truncates (out of
/// range values as the CPU gives them), anything to BOOL is ≠ 0, to BF16 and F16 rounds to
/// nearest even. Transposed layouts go through cache blocks.
torus_status torus_copy(
  int32_t rank, const int64_t *shape,
  torus_dtype out_dtype, void *out, const int64_t *out_strides,
  torus_dtype a_dtype, const void *a, const int64_t *a_strides);

/// Writes one value, given by a pointer to an element of type `dtype`, everywhere.
torus_status torus_fill(
  torus_dtype dtype, int32_t rank, const int64_t *shape, void *out, const int64_t *out_strides,
  const void *value);

/// out[i] = start + i · step (i < n), contiguous; computed in f64 or, for integers, i64 and
/// rounded once per element.
torus_status torus_arange(torus_dtype dtype, int64_t n, void *out, double start, double step);

#ifdef __cplusplus
}
#endif
