// The elementwise operations, one row each: number, name in Swift, expression. This is where one is
// added: include/torus_elementwise.h makes the enumerations of these rows, elementwise.h the loops.
//
// The rows are read once per floating type, with T the type and F(name) its functions. In each
// expression x is the element (y the second one), p and q the scalars as T; g stands for the incoming
// gradient, which is the first operand of the backward operations. What integers make of an operation
// is a row in integer_operations.h; what they alone have is in bit_operations.h.

// Rows that half types compute otherwise: BRIEF ones in registers alone, and EXPONENTIAL ones by the second
// expression, which holds where no element is beyond ±87. NARROWED ones are BRIEF for bfloat16 alone: of
// float16 the compiler would make them in that type, which has no vectors. Elsewhere they are as the others.
#ifndef UNARY_BRIEF
#define UNARY_BRIEF UNARY
#define UNARY_NARROWED UNARY
#define HEAVY_BRIEF HEAVY
#define EXPONENTIAL(op, name, expression, quick) UNARY(op, name, expression)
#define EXPONENTIAL_BACKWARD(op, name, expression, quick) HEAVY(op, name, expression)
#define ROWS_AS_OTHERS
#endif

#ifdef UNARY
UNARY_BRIEF(TORUS_NEG, neg, -x)
UNARY_BRIEF(TORUS_ABS, abs, F(abs)(x))
UNARY_NARROWED(TORUS_SIGN, sign, (T)((x > 0) - (x < 0)))  // NaN gives 0 as in PyTorch
UNARY_BRIEF(TORUS_SQUARE, square, x *x)
UNARY_BRIEF(TORUS_SQRT, sqrt, F(sqrt)(x))
UNARY_BRIEF(TORUS_RSQRT, rsqrt, 1 / F(sqrt)(x))
UNARY_BRIEF(TORUS_RECIPROCAL, reciprocal, 1 / x)
EXPONENTIAL(TORUS_EXP, exp, F(exp)(x), F(quick_exp)(x))
UNARY_BRIEF(TORUS_EXP2, exp2, F(exp2)(x))
UNARY_BRIEF(TORUS_EXPM1, expm1, F(expm1)(x))
UNARY_BRIEF(TORUS_LOG, log, F(log)(x))
UNARY_BRIEF(TORUS_LOG2, log2, F(log2)(x))
UNARY_BRIEF(TORUS_LOG10, log10, F(log10)(x))
UNARY(TORUS_LOG1P, log1p, F(log1p)(x))
UNARY(TORUS_ASIN, asin, F(asin)(x))
UNARY(TORUS_ACOS, acos, F(acos)(x))
UNARY(TORUS_ATAN, atan, F(atan)(x))
UNARY(TORUS_SINH, sinh, F(sinh)(x))
UNARY(TORUS_COSH, cosh, F(cosh)(x))
UNARY_BRIEF(TORUS_TANH, tanh, F(tanh)(x))
UNARY(TORUS_ASINH, asinh, F(asinh)(x))
UNARY(TORUS_ACOSH, acosh, F(acosh)(x))
UNARY(TORUS_ATANH, atanh, F(atanh)(x))
UNARY_BRIEF(TORUS_ERF, erf, F(erf)(x))
UNARY(TORUS_ERFC, erfc, F(erfc)(x))
UNARY(TORUS_ERFCX, erfcx, F(erfcx)(x))
UNARY(TORUS_ERFINV, erfinv, F(erfinv)(x))
UNARY(TORUS_LOG_NDTR, logNdtr, F(log_ndtr)(x))  // of the normal distribution function
UNARY(TORUS_NDTRI, ndtri, F(ndtri)(x))
UNARY(TORUS_LGAMMA, lgamma, F(lgamma)(x))
UNARY(TORUS_DIGAMMA, digamma, F(digamma)(x))
// The p-th derivative of digamma, p a whole number ≥ 0.
UNARY(TORUS_POLYGAMMA, polygamma, F(polygamma)(x, p))
UNARY(TORUS_I0, i0, F(i0)(x))  // modified Bessel functions of the first kind
UNARY(TORUS_I1, i1, F(i1)(x))
UNARY(TORUS_I0E, i0e, F(i0e)(x))  // times e^-|x|
UNARY(TORUS_I1E, i1e, F(i1e)(x))
UNARY_NARROWED(TORUS_FLOOR, floor, F(floor)(x))
UNARY_NARROWED(TORUS_CEIL, ceil, F(ceil)(x))
UNARY_NARROWED(TORUS_ROUND, round, F(round)(x))  // half to even
UNARY_NARROWED(TORUS_TRUNC, trunc, F(trunc)(x))
UNARY_BRIEF(TORUS_FRAC, frac, x - F(trunc)(x))
UNARY_BRIEF(TORUS_DEG2RAD, deg2rad, x *(T)0.017453292519943295)
UNARY_BRIEF(TORUS_RAD2DEG, rad2deg, x *(T)57.295779513082323)
UNARY(TORUS_LOGIT, logit, F(logit)(x, p))  // of x clamped to [p, 1 - p]; p < 0: not clamped
EXPONENTIAL(TORUS_SIGMOID, sigmoid, F(sigmoid)(x), 1 / (1 + F(quick_exp)(-x)))
UNARY(TORUS_LOG_SIGMOID, logSigmoid, F(log_sigmoid)(x))
UNARY_BRIEF(TORUS_RELU, relu, x < 0 ? 0 : x)  // NaN stays
UNARY_BRIEF(TORUS_RELU6, relu6, F(clamp)(x, 0, 6))
UNARY(TORUS_GELU, gelu, F(gelu)(x))  // x Φ(x)
UNARY_BRIEF(TORUS_GELU_TANH, geluTanh, x *F(gelu_gate)(x))  // the tanh approximation
EXPONENTIAL(TORUS_SILU, silu, x / (1 + F(exp)(-x)), x / (1 + F(quick_exp)(-x)))
UNARY(TORUS_MISH, mish, x *F(tanh_softplus)(x))  // x tanh(softplus(x))
UNARY(TORUS_SOFTPLUS, softplus, F(softplus)(x, p, q))  // p: beta, q: threshold
UNARY_BRIEF(TORUS_ELU, elu, x > 0 ? x : p * F(expm1)(x))
UNARY_BRIEF(TORUS_CELU, celu, x > 0 ? x : p * F(expm1)(x / p))
UNARY_BRIEF(TORUS_SELU, selu, x > 0 ? SELU_SCALE *x : (T)1.7580993408473766 * F(expm1)(x))
UNARY_BRIEF(TORUS_LEAKY_RELU, leakyRelu, x > 0 ? x : p * x)
UNARY_BRIEF(TORUS_CLAMP, clamp, F(clamp)(x, p, q))  // NaN stays; also hardtanh
UNARY_BRIEF(TORUS_HARDSIGMOID, hardsigmoid, F(clamp)(x + 3, 0, 6) / 6)
UNARY_BRIEF(TORUS_HARDSWISH, hardswish, x *F(clamp)(x + 3, 0, 6) / 6)
UNARY_BRIEF(TORUS_HARDSHRINK, hardshrink, x >= -p && x <= p ? 0 : x)
UNARY_BRIEF(TORUS_SOFTSHRINK, softshrink, F(softshrink)(x, p))
UNARY_BRIEF(TORUS_SOFTSIGN, softsign, x / (1 + F(abs)(x)))
UNARY_BRIEF(TORUS_TANHSHRINK, tanhshrink, x - F(tanh)(x))
UNARY_BRIEF(TORUS_THRESHOLD, threshold, x <= p ? q : x)  // NaN stays
UNARY(TORUS_POW_SCALAR, powScalar, F(pow)(x, p))  // integers: p a whole number ≥ 0
UNARY_BRIEF(TORUS_ADD_SCALAR, addScalar, x + p)
UNARY_BRIEF(TORUS_MUL_SCALAR, mulScalar, x *p)
UNARY_BRIEF(TORUS_DIV_SCALAR, divScalar, x / p)
UNARY_BRIEF(TORUS_RSUB_SCALAR, rsubScalar, p - x)
UNARY_BRIEF(TORUS_RDIV_SCALAR, rdivScalar, p / x)
UNARY(TORUS_RPOW_SCALAR, rpowScalar, F(pow)(p, x))
UNARY_BRIEF(TORUS_AFFINE, affine, x *p + q)
// Angles past the range of the fast reduction take the second expression.
ANGLE(TORUS_SIN, sin, F(sin)(x), sin(x))
ANGLE(TORUS_COS, cos, F(cos)(x), cos(x))
ANGLE(TORUS_TAN, tan, F(tan)(x), tan(x))
ANGLE(TORUS_SINC, sinc, F(sinc)(x), F(slow_sinc)(x))
#endif

#ifdef LIGHT
LIGHT(TORUS_ADD, add, x + p * y)  // p = 1: the plain sum
LIGHT(TORUS_SUB, sub, x - p * y)
LIGHT(TORUS_MUL, mul, x *y)
LIGHT(TORUS_DIV, div, x / y)
LIGHT(TORUS_TRUNC_DIV, truncDiv, F(trunc)(x / y))  // C's rule
LIGHT(TORUS_MAXIMUM, maximum, F(maximum)(x, y))  // NaN propagates
LIGHT(TORUS_MINIMUM, minimum, F(minimum)(x, y))  // NaN propagates
LIGHT(TORUS_SQUARED_DIFFERENCE, squaredDifference, (x - y) * (x - y))
HEAVY(TORUS_FLOOR_DIV, floorDiv, F(floor_div)(x, y))  // Python's rule
HEAVY(TORUS_REMAINDER, remainder, F(python_mod)(x, y))  // the sign of y
HEAVY(TORUS_FMOD, fmod, F(fmod)(x, y))  // the sign of x
HEAVY(TORUS_POW, pow, F(pow)(x, y))
HEAVY_BRIEF(TORUS_FMAX, fmax, x != x ? y : (y > x ? y : x))  // the other one where one is NaN
HEAVY_BRIEF(TORUS_FMIN, fmin, x != x ? y : (y < x ? y : x))  // the other one where one is NaN
HEAVY(TORUS_ATAN2, atan2, F(atan2)(x, y))
HEAVY(TORUS_HYPOT, hypot, F(hypot)(x, y))
HEAVY_BRIEF(TORUS_COPYSIGN, copysign, F(copysign)(x, y))
HEAVY(TORUS_NEXTAFTER, nextafter, F(next_number)(x, y, p))  // p: 0, of BF16 16, of F16 13
HEAVY(TORUS_LOGADDEXP, logaddexp, F(logaddexp)(x, y))
HEAVY(TORUS_LOGADDEXP2, logaddexp2, F(logaddexp2)(x, y))
HEAVY(TORUS_XLOGY, xlogy, y != y ? y : x == 0 ? 0 : x * F(log)(y))
HEAVY(TORUS_XLOG1PY, xlog1py, y != y ? y : x == 0 ? 0 : x * F(log1p)(y))
HEAVY(TORUS_ZETA, zeta, F(zeta)(x, y))  // Hurwitz's zeta function Σ (y + k)^-x
HEAVY_BRIEF(TORUS_HEAVISIDE, heaviside, x == 0 ? y : (T)(x > 0))
HEAVY(TORUS_LDEXP, ldexp, x *F(exp2)(y))
HEAVY_BRIEF(TORUS_LERP_SCALAR, lerpScalar, F(lerp)(x, y, p))

#define g x
HEAVY_BRIEF(TORUS_ABS_BACKWARD, absBackward, g *(T)((y > 0) - (y < 0)))
HEAVY_BRIEF(TORUS_SQRT_BACKWARD, sqrtBackward, g / (2 * y))  // y: the output
HEAVY_BRIEF(TORUS_RSQRT_BACKWARD, rsqrtBackward, (T)-0.5 * g * (y * y * y))  // y: the output
HEAVY_BRIEF(TORUS_RECIPROCAL_BACKWARD, reciprocalBackward, -g *(y *y))  // y: the output
ANGLE_BACKWARD(TORUS_SIN_BACKWARD, sinBackward, g *F(cos)(y), g *(T)cos(y))
ANGLE_BACKWARD(TORUS_COS_BACKWARD, cosBackward, -g *F(sin)(y), -g *(T)sin(y))
HEAVY(TORUS_ERF_BACKWARD, erfBackward, g *(T)1.1283791670955126 * F(exp)(-y * y))
HEAVY(TORUS_POW_SCALAR_BACKWARD, powScalarBackward, p == 0 ? 0 : g * p * F(pow)(y, p - 1))
HEAVY_BRIEF(TORUS_RELU_BACKWARD, reluBackward, y <= 0 ? 0 : g)  // y: the input or the output
HEAVY_BRIEF(TORUS_THRESHOLD_BACKWARD, thresholdBackward, y <= p ? 0 : g)
HEAVY_BRIEF(TORUS_SIGMOID_BACKWARD, sigmoidBackward, g *((1 - y) * y))  // y: the output
HEAVY_BRIEF(TORUS_TANH_BACKWARD, tanhBackward, g *(1 - y * y))  // y: the output
HEAVY(TORUS_LOG_SIGMOID_BACKWARD, logSigmoidBackward, g *F(sigmoid)(-y))
HEAVY(TORUS_LOGIT_BACKWARD, logitBackward, F(logit_backward)(g, y, p))
HEAVY(TORUS_GELU_BACKWARD, geluBackward,
      g *(F(normal_cdf)(y) + y * (T)0.39894228040143268 * F(exp)((T)-0.5 * y * y)))
HEAVY_BRIEF(TORUS_GELU_TANH_BACKWARD, geluTanhBackward, F(gelu_tanh_backward)(g, y))
EXPONENTIAL_BACKWARD(TORUS_SILU_BACKWARD, siluBackward, F(silu_backward)(g, y, F(sigmoid)(y)),
                     F(silu_backward)(g, y, 1 / (1 + F(quick_exp)(-y))))
HEAVY(TORUS_MISH_BACKWARD, mishBackward, F(mish_backward)(g, y))
HEAVY(TORUS_SOFTPLUS_BACKWARD, softplusBackward, y *p > q ? g : g * F(sigmoid)(y * p))
HEAVY_BRIEF(TORUS_ELU_BACKWARD, eluBackward, y > 0 ? g : g * p * F(exp)(y))
HEAVY(TORUS_CELU_BACKWARD, celuBackward, y > 0 ? g : g * F(exp)(y / p))
HEAVY_BRIEF(TORUS_SELU_BACKWARD, seluBackward,
      y > 0 ? g * SELU_SCALE : g * (T)1.7580993408473766 * F(exp)(y))
HEAVY_BRIEF(TORUS_LEAKY_RELU_BACKWARD, leakyReluBackward, y > 0 ? g : g * p)
HEAVY_BRIEF(TORUS_CLAMP_BACKWARD, clampBackward, y >= p && y <= q ? g : 0)
HEAVY_BRIEF(TORUS_HARDTANH_BACKWARD, hardtanhBackward, y <= p || y >= q ? 0 : g)  // relu6: 0, 6
HEAVY_BRIEF(TORUS_HARDSIGMOID_BACKWARD, hardsigmoidBackward, y > -3 && y < 3 ? g / 6 : 0)
HEAVY_BRIEF(TORUS_HARDSWISH_BACKWARD, hardswishBackward,
      y <= -3 ? 0 : y < 3 ? g * (y / 3 + (T)0.5) : g)
HEAVY_BRIEF(TORUS_SHRINK_BACKWARD, shrinkBackward, y >= -p && y <= p ? 0 : g)  // and softshrink
HEAVY_BRIEF(TORUS_SOFTSIGN_BACKWARD, softsignBackward, F(softsign_backward)(g, y))
HEAVY(TORUS_TANHSHRINK_BACKWARD, tanhshrinkBackward, F(tanhshrink_backward)(g, y))
#undef g
#endif

#ifdef TERNARY
TERNARY(TORUS_ADDCMUL, addcmul, x + p * (y * z))
TERNARY(TORUS_ADDCDIV, addcdiv, x + p * (y / z))
TERNARY(TORUS_LERP, lerp, F(lerp)(x, y, z))
TERNARY(TORUS_CLAMP_TENSOR, clampTensor, F(minimum)(F(maximum)(x, y), z))  // NaN of any propagates
TERNARY(TORUS_MUL_ADD, mulAdd, x *y + z)
#endif

#ifdef COMPARE
COMPARE(TORUS_EQ, eq, x == y)
COMPARE(TORUS_NE, ne, x != y)
COMPARE(TORUS_LT, lt, x < y)
COMPARE(TORUS_LE, le, x <= y)
COMPARE(TORUS_GT, gt, x > y)
COMPARE(TORUS_GE, ge, x >= y)
COMPARE(TORUS_LOGICAL_AND, logicalAnd, (x != 0) & (y != 0))  // NaN counts as not 0
COMPARE(TORUS_LOGICAL_OR, logicalOr, (x != 0) | (y != 0))
COMPARE(TORUS_LOGICAL_XOR, logicalXor, (x != 0) ^ (y != 0))
#endif

#ifdef PREDICATE
PREDICATE(TORUS_LOGICAL_NOT, logicalNot, x == 0)
PREDICATE(TORUS_IS_NONZERO, isNonzero, x != 0)
PREDICATE(TORUS_IS_NAN, isNan, x != x)
PREDICATE(TORUS_IS_INF, isInf, F(abs)(x) == (T)__builtin_inf())
PREDICATE(TORUS_IS_FINITE, isFinite, F(abs)(x) < (T)__builtin_inf())
PREDICATE(TORUS_IS_POS_INF, isPosInf, x == (T)__builtin_inf())
PREDICATE(TORUS_IS_NEG_INF, isNegInf, x == -(T)__builtin_inf())
PREDICATE(TORUS_SIGNBIT, signbit, F(copysign)((T)1, x) < 0)
#endif

#ifdef ROWS_AS_OTHERS
#undef UNARY_BRIEF
#undef UNARY_NARROWED
#undef HEAVY_BRIEF
#undef EXPONENTIAL
#undef EXPONENTIAL_BACKWARD
#undef ROWS_AS_OTHERS
#endif
