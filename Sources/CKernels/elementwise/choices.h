// Which loop serves an operation of a number, for those who call loops.
#pragma once
#include <math.h>

#include "../kernels/table.h"

/// Powers with cheaper loops: those that PyTorch singles out.
static inline torus_unary_op special_power(double p) {
  if (p == 2.0) return TORUS_SQUARE;
  if (p == 0.5) return TORUS_SQRT;
  if (p == -0.5) return TORUS_RSQRT;
  if (p == -1.0) return TORUS_RECIPROCAL;
  return TORUS_POW_SCALAR;
}

/// The operation whose loop computes `op` of floats, and the number that it takes.
static inline torus_unary_op unary_choice(torus_unary_op op, torus_dtype dtype, double *p0) {
  if (op == TORUS_POW_SCALAR && torus_is_float(dtype)) return special_power(*p0);
  if (op == TORUS_DIV_SCALAR && dtype != TORUS_F64) {
    // A reciprocal that is exact in f32 makes the product equal to the quotient.
    int exponent;
    float inverse = 1.0f / (float)*p0;
    if (frexp(*p0, &exponent) == 0.5 && isnormal(inverse)) {
      *p0 = (double)inverse;
      return TORUS_MUL_SCALAR;
    }
  }
  return op;
}

/// The number that the loop of a binary operation takes.
static inline double binary_choice(torus_binary_op op, torus_dtype dtype, double p0) {
  if (op != TORUS_NEXTAFTER) return p0;
  // The next number of a 16-bit type is not the next f32: so many bits less has its fraction.
  return dtype == TORUS_BF16 ? 16 : dtype == TORUS_F16 ? 13 : 0;
}
