// The operations of integers alone, under the rules of integer_operations.h.

#ifdef UNARY
UNARY(TORUS_BITWISE_NOT, bitwiseNot, ~x)
#endif

#ifdef LIGHT
LIGHT(TORUS_BITWISE_AND, bitwiseAnd, x &y)
LIGHT(TORUS_BITWISE_OR, bitwiseOr, x | y)
LIGHT(TORUS_BITWISE_XOR, bitwiseXor, x ^ y)
HEAVY(TORUS_SHIFT_LEFT, shiftLeft, (y < 0 || y >= BITS) ? 0 : (T)((U)x << (y & (BITS - 1))))
HEAVY(TORUS_SHIFT_RIGHT, shiftRight, x >> (y < 0 || y >= BITS ? BITS - 1 : y))
HEAVY(TORUS_GCD, gcd, F(gcd)(x, y))
HEAVY(TORUS_LCM, lcm, F(lcm)(x, y))
#endif
