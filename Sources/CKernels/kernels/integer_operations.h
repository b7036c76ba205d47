// What integers make of the operations in float_operations.h. The rows are read once per type, with T
// the type, U its unsigned twin (arithmetic that wraps) and F(name) its functions. Narrow integers and
// BOOL pass through I32.
#include "bit_operations.h"

#ifdef UNARY
UNARY(TORUS_NEG, neg, (T)(0 - (U)x))
UNARY(TORUS_ABS, abs, (T)(x < 0 ? 0 - (U)x : (U)x))
UNARY(TORUS_SIGN, sign, (T)((x > 0) - (x < 0)))
UNARY(TORUS_SQUARE, square, (T)((U)x * (U)x))
UNARY(TORUS_FLOOR, floor, x)
UNARY(TORUS_CEIL, ceil, x)
UNARY(TORUS_ROUND, round, x)
UNARY(TORUS_TRUNC, trunc, x)
UNARY(TORUS_RELU, relu, x < 0 ? 0 : x)
UNARY(TORUS_CLAMP, clamp, F(clamp)(x, p, q))
UNARY(TORUS_POW_SCALAR, powScalar, F(pow)(x, p))
UNARY(TORUS_ADD_SCALAR, addScalar, (T)((U)x + (U)p))
UNARY(TORUS_MUL_SCALAR, mulScalar, (T)((U)x * (U)p))
UNARY(TORUS_RSUB_SCALAR, rsubScalar, (T)((U)p - (U)x))
UNARY(TORUS_AFFINE, affine, (T)((U)x * (U)p + (U)q))
#endif

#ifdef LIGHT
LIGHT(TORUS_ADD, add, (T)((U)x + (U)p * (U)y))
LIGHT(TORUS_SUB, sub, (T)((U)x - (U)p * (U)y))
LIGHT(TORUS_MUL, mul, (T)((U)x * (U)y))
LIGHT(TORUS_MAXIMUM, maximum, x > y ? x : y)
LIGHT(TORUS_MINIMUM, minimum, x < y ? x : y)
HEAVY(TORUS_FMAX, fmax, x > y ? x : y)
HEAVY(TORUS_FMIN, fmin, x < y ? x : y)
HEAVY(TORUS_POW, pow, F(pow)(x, y))
HEAVY(TORUS_HEAVISIDE, heaviside, x == 0 ? y : (T)(x > 0))
HEAVY(TORUS_SQUARED_DIFFERENCE, squaredDifference, (T)(((U)x - (U)y) * ((U)x - (U)y)))
DIVISION(TORUS_FLOOR_DIV, floorDiv, F(floor_div)(x, y))
DIVISION(TORUS_TRUNC_DIV, truncDiv, F(trunc_div)(x, y))
DIVISION(TORUS_REMAINDER, remainder, F(python_mod)(x, y))
DIVISION(TORUS_FMOD, fmod, y == -1 ? 0 : x % y)
#endif

#ifdef TERNARY
TERNARY(TORUS_ADDCMUL, addcmul, (T)((U)x + (U)p * ((U)y * (U)z)))
TERNARY(TORUS_CLAMP_TENSOR, clampTensor, F(clamp)(x, y, z))
TERNARY(TORUS_MUL_ADD, mulAdd, (T)((U)x * (U)y + (U)z))
#endif

#ifdef COMPARE
COMPARE(TORUS_EQ, eq, x == y)
COMPARE(TORUS_NE, ne, x != y)
COMPARE(TORUS_LT, lt, x < y)
COMPARE(TORUS_LE, le, x <= y)
COMPARE(TORUS_GT, gt, x > y)
COMPARE(TORUS_GE, ge, x >= y)
COMPARE(TORUS_LOGICAL_AND, logicalAnd, (x != 0) & (y != 0))
COMPARE(TORUS_LOGICAL_OR, logicalOr, (x != 0) | (y != 0))
COMPARE(TORUS_LOGICAL_XOR, logicalXor, (x != 0) ^ (y != 0))
#endif

#ifdef PREDICATE
PREDICATE(TORUS_LOGICAL_NOT, logicalNot, x == 0)
PREDICATE(TORUS_IS_NONZERO, isNonzero, x != 0)
PREDICATE(TORUS_IS_NAN, isNan, x != x)
PREDICATE(TORUS_IS_INF, isInf, x != x)
PREDICATE(TORUS_IS_FINITE, isFinite, x == x)
PREDICATE(TORUS_IS_POS_INF, isPosInf, x != x)
PREDICATE(TORUS_IS_NEG_INF, isNegInf, x != x)
PREDICATE(TORUS_SIGNBIT, signbit, x < 0)
#endif
