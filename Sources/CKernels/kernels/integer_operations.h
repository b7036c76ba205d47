// The integer operations, included once per type with T the type, U its unsigned twin (arithmetic
// that wraps) and F(name) its functions. Narrow integers and BOOL pass through I32.

#ifdef UNARY
UNARY(TORUS_NEG, neg, (T)(0 - (U)x))
UNARY(TORUS_ABS, abs, (T)(x < 0 ? 0 - (U)x : (U)x))
UNARY(TORUS_SIGN, sign, (T)((x > 0) - (x < 0)))
UNARY(TORUS_SQUARE, square, (T)((U)x * (U)x))
UNARY(TORUS_BITWISE_NOT, bitwise_not, ~x)
UNARY(TORUS_FLOOR, floor, x)
UNARY(TORUS_CEIL, ceil, x)
UNARY(TORUS_ROUND, round, x)
UNARY(TORUS_TRUNC, trunc, x)
UNARY(TORUS_RELU, relu, x < 0 ? 0 : x)
UNARY(TORUS_CLAMP, clamp, F(clamp)(x, p, q))
UNARY(TORUS_POW_SCALAR, pow_scalar, F(pow)(x, p))
UNARY(TORUS_ADD_SCALAR, add_scalar, (T)((U)x + (U)p))
UNARY(TORUS_MUL_SCALAR, mul_scalar, (T)((U)x * (U)p))
UNARY(TORUS_RSUB_SCALAR, rsub_scalar, (T)((U)p - (U)x))
UNARY(TORUS_AFFINE, affine, (T)((U)x * (U)p + (U)q))
#endif

#ifdef LIGHT
LIGHT(TORUS_ADD, add, (T)((U)x + (U)p * (U)y))
LIGHT(TORUS_SUB, sub, (T)((U)x - (U)p * (U)y))
LIGHT(TORUS_MUL, mul, (T)((U)x * (U)y))
LIGHT(TORUS_MAXIMUM, maximum, x > y ? x : y)
LIGHT(TORUS_MINIMUM, minimum, x < y ? x : y)
LIGHT(TORUS_BITWISE_AND, bitwise_and, x &y)
LIGHT(TORUS_BITWISE_OR, bitwise_or, x | y)
LIGHT(TORUS_BITWISE_XOR, bitwise_xor, x ^ y)
HEAVY(TORUS_FMAX, fmax, x > y ? x : y)
HEAVY(TORUS_FMIN, fmin, x < y ? x : y)
HEAVY(TORUS_SHIFT_LEFT, shift_left, (y < 0 || y >= BITS) ? 0 : (T)((U)x << (y & (BITS - 1))))
HEAVY(TORUS_SHIFT_RIGHT, shift_right,
      x >> (y < 0 || y >= BITS ? BITS - 1 : y))
HEAVY(TORUS_POW, pow, F(pow)(x, y))
HEAVY(TORUS_HEAVISIDE, heaviside, x == 0 ? y : (T)(x > 0))
HEAVY(TORUS_GCD, gcd, F(gcd)(x, y))
HEAVY(TORUS_LCM, lcm, F(lcm)(x, y))
HEAVY(TORUS_SQUARED_DIFFERENCE, squared_difference, (T)(((U)x - (U)y) * ((U)x - (U)y)))
DIVISION(TORUS_FLOOR_DIV, floor_div, F(floor_div)(x, y))
DIVISION(TORUS_TRUNC_DIV, trunc_div, F(trunc_div)(x, y))
DIVISION(TORUS_REMAINDER, remainder, F(python_mod)(x, y))
DIVISION(TORUS_FMOD, fmod, y == -1 ? 0 : x % y)
#endif

#ifdef TERNARY
TERNARY(TORUS_ADDCMUL, addcmul, (T)((U)x + (U)p * ((U)y * (U)z)))
TERNARY(TORUS_CLAMP_TENSOR, clamp_tensor, F(clamp)(x, y, z))
TERNARY(TORUS_MUL_ADD, mul_add, (T)((U)x * (U)y + (U)z))
#endif

#ifdef COMPARE
COMPARE(TORUS_EQ, eq, x == y)
COMPARE(TORUS_NE, ne, x != y)
COMPARE(TORUS_LT, lt, x < y)
COMPARE(TORUS_LE, le, x <= y)
COMPARE(TORUS_GT, gt, x > y)
COMPARE(TORUS_GE, ge, x >= y)
COMPARE(TORUS_LOGICAL_AND, logical_and, (x != 0) & (y != 0))
COMPARE(TORUS_LOGICAL_OR, logical_or, (x != 0) | (y != 0))
COMPARE(TORUS_LOGICAL_XOR, logical_xor, (x != 0) ^ (y != 0))
#endif

#ifdef PREDICATE
PREDICATE(TORUS_LOGICAL_NOT, logical_not, x == 0)
PREDICATE(TORUS_IS_NONZERO, is_nonzero, x != 0)
PREDICATE(TORUS_IS_NAN, is_nan, x != x)
PREDICATE(TORUS_IS_INF, is_inf, x != x)
PREDICATE(TORUS_IS_FINITE, is_finite, x == x)
PREDICATE(TORUS_IS_POS_INF, is_pos_inf, x != x)
PREDICATE(TORUS_IS_NEG_INF, is_neg_inf, x != x)
PREDICATE(TORUS_SIGNBIT, signbit, x < 0)
#endif
