// One level's elementwise loops and their table. Compiled by levels/elementwise_….c.

#include "math32_angles.h"
#include "math32_wide.h"
#include "math64.h"

#define SELU_SCALE ((T)1.0507009873554804934)

#include "convert.h"

#define OPERATIONS "float_operations.h"

#define T float
#define F(name) name##_f32
#define SCALAR(p) ((float)(p))
#include "float_functions.h"

static bool loop_any_large_angle_f32(int64_t n, const float *a) {
  bool large = false;
  for (int64_t i = 0; i < n; i++) large |= !(abs_f32(a[i]) < LARGE_ANGLE_F32 / 4);
  return large;
}

#define LOOP(name) loop_##name##_f32
#define S float
#define READ(stored) (stored)
#include "loops.h"
#undef LOOP
#undef S
#undef READ

// The lowest level of x86-64 is that of processors which are long gone: there half types go through float's loops.
#if LEVEL > TORUS_BASE || !defined(__x86_64__)
#define HALF_LOOPS
#define HALVES
#include "half_blocks.h"
#define S uint16_t
#define LOOP(name) loop_##name##_bf16
#define READ(stored) widen_bf16(stored)
#define WIDEN convert_F32_BF16
#define AT TAKE_BF16
#define NARROWED UNARY_BRIEF
#define BEYOND BEYOND_BF16
#include "half_loops.h"
#include "loops.h"
#undef LOOP
#undef READ
#undef WIDEN
#undef AT
#undef BEYOND
#undef NARROWED

#define LOOP(name) loop_##name##_f16
#define READ(stored) widen_f16(stored)
#define WIDEN convert_F32_F16
#define AT TAKE_F16
#define NARROWED UNARY
#define BEYOND BEYOND_F16
#include "half_loops.h"
#include "loops.h"
#undef LOOP
#undef READ
#undef WIDEN
#undef AT
#undef BEYOND
#undef NARROWED
#undef S
#undef HALVES
#endif
#undef T
#undef F
#undef SCALAR

#define READ(stored) (stored)

#define T double
#define S double
#define F(name) name##_f64
#define LOOP(name) loop_##name##_f64
#define SCALAR(p) (p)
static bool loop_any_large_angle_f64(int64_t n, const double *a) {
  (void)n, (void)a;
  return false;
}
#include "float_functions.h"
#include "loops.h"
#undef T
#undef S
#undef F
#undef LOOP
#undef SCALAR
#undef OPERATIONS

// A scalar past the integers' range (a bound such as infinity) becomes the nearest integer.
INLINE int64_t nearest_i64(double p) {
  return p >= 0x1p63 ? INT64_MAX : p <= -0x1p63 ? INT64_MIN : p != p ? 0 : (int64_t)p;
}

#define OPERATIONS "integer_operations.h"
#define T int32_t
#define S int32_t
#define U uint32_t
#define BITS 32
#define F(name) name##_i32
#define LOOP(name) loop_##name##_i32
#define SCALAR(p) narrow_scalar_i32(p)
INLINE int32_t narrow_scalar_i32(double p) {
  return p != p ? 0 : p >= 4294967296.0 ? INT32_MAX : p < -2147483648.0 ? INT32_MIN : (int32_t)(int64_t)p;
}
#include "integer_functions.h"
#include "loops.h"
#undef T
#undef S
#undef U
#undef BITS
#undef F
#undef LOOP
#undef SCALAR
#define T int64_t
#define S int64_t
#define U uint64_t
#define BITS 64
#define F(name) name##_i64
#define LOOP(name) loop_##name##_i64
#define SCALAR(p) nearest_i64(p)
#include "integer_functions.h"
#include "loops.h"
#undef T
#undef S
#undef U
#undef BITS
#undef F
#undef LOOP
#undef SCALAR
#undef OPERATIONS
#undef READ

#include "transpose.h"

#define ENTRY(op, name) [op][TYPE] = LOOP(name),
#define FORMS_ENTRY(op, name) [op][TYPE] = {LOOP(name), true},
#define PLAIN_ENTRY(op, name) [op][TYPE] = {LOOP(name), false},
// Rows of short expressions have loops in half types, too; the others pass through LONG (all_types.h).
#define UNARY_BRIEF(op, name, expression) ENTRY(op, name)
#define UNARY_NARROWED(op, name, expression) NARROWED(ENTRY(op, name))
#define EXPONENTIAL(op, name, expression, quick) ENTRY(op, name)
#define HEAVY_BRIEF(op, name, expression) PLAIN_ENTRY(op, name)
#define EXPONENTIAL_BACKWARD(op, name, expression, quick) PLAIN_ENTRY(op, name)

const elementwise_table NAME(torus_elementwise) = {
  .unary =
    {
#define UNARY(op, name, expression) LONG(ENTRY(op, name))
#define ANGLE(op, name, expression, slow) LONG(ENTRY(op, name))
#include "all_types.h"
#undef UNARY
#undef ANGLE
    },
  .binary =
    {
#define LIGHT(op, name, expression) FORMS_ENTRY(op, name)
#define HEAVY(op, name, expression) LONG(PLAIN_ENTRY(op, name))
#define DIVISION(op, name, expression) PLAIN_ENTRY(op, name)
#define ANGLE_BACKWARD(op, name, expression, slow) LONG(PLAIN_ENTRY(op, name))
#include "all_types.h"
#undef LIGHT
#undef HEAVY
#undef DIVISION
#undef ANGLE_BACKWARD
    },
  .ternary =
    {
#define TERNARY(op, name, expression) ENTRY(op, name)
#include "all_types.h"
#undef TERNARY
    },
  .compare =
    {
#define COMPARE(op, name, expression) ENTRY(op, name)
#include "all_types.h"
#undef COMPARE
    },
  .predicate =
    {
#define PREDICATE(op, name, expression) ENTRY(op, name)
#include "all_types.h"
#undef PREDICATE
    },
  .convert = {TORUS_TWICE(TORUS_DTYPE_ROWS(CONVERT_ENTRIES, ))},
  .where = {where_1, where_2, where_4, where_8},
  .transpose = {transpose_1, transpose_2, transpose_4, transpose_8},
};
