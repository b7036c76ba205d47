/// Elementwise kernels over strided tensors.
///
/// Conventions. Strides count elements; 0 repeats an element (broadcasting), negative values walk
/// backwards. `shape` is the shape of the output, already broadcast; every operand has `rank`
/// strides. Rank 0 and sizes of 0 are allowed. The output may be exactly one of the inputs (same
/// pointer, strides and type) but must not overlap one otherwise, and its own elements must not
/// overlap. Floating types are computed in their own type (BF16, F16 in f32, rounded once);
/// integers wrap around. The operations, with what they compute, are the rows of
/// kernels/float_operations.h and, for integers, of kernels/integer_operations.h.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Unary

/// out = f(a), both of type `dtype`: x of the rows is a, p and q are p0 and p1. A type that has no row of
/// an operation does not take it.
typedef enum TORUS_KERNELS torus_unary_op : int32_t {
#define UNARY(op, name, expression) op TORUS_CASE(name),
#define ANGLE(op, name, expression, slow) op TORUS_CASE(name),
#include "../kernels/float_operations.h"
#include "../kernels/bit_operations.h"
#undef UNARY
#undef ANGLE
  TORUS_UNARY_COUNT TORUS_CASE(count)
} torus_unary_op;

torus_status torus_unary(
  torus_unary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  double p0, double p1);

// MARK: Binary

/// out = f(a, b), all of type `dtype`. The `…_BACKWARD` operations take the incoming gradient as
/// `a` and the saved input, or where said the saved output, as `b`.
typedef enum TORUS_KERNELS torus_binary_op : int32_t {
#define LIGHT(op, name, expression) op TORUS_CASE(name),
#define HEAVY(op, name, expression) op TORUS_CASE(name),
#define ANGLE_BACKWARD(op, name, expression, slow) op TORUS_CASE(name),
#include "../kernels/float_operations.h"
#include "../kernels/bit_operations.h"
#undef LIGHT
#undef HEAVY
#undef ANGLE_BACKWARD
  TORUS_BINARY_COUNT TORUS_CASE(count)
} torus_binary_op;

/// Integer FLOOR_DIV, TRUNC_DIV, REMAINDER and FMOD answer TORUS_DIVISION_BY_ZERO where b holds
/// a zero.
torus_status torus_binary(
  torus_binary_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides, double p0, double p1);

// MARK: Comparisons and predicates

typedef enum TORUS_KERNELS torus_compare_op : int32_t {
#define COMPARE(op, name, expression) op TORUS_CASE(name),
#include "../kernels/float_operations.h"
#undef COMPARE
  TORUS_COMPARE_COUNT TORUS_CASE(count)
} torus_compare_op;

/// out (BOOL) = a ⋈ b; a and b are of type `dtype`.
torus_status torus_compare(
  torus_compare_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  const void *b, const int64_t *b_strides);

typedef enum TORUS_KERNELS torus_predicate_op : int32_t {
#define PREDICATE(op, name, expression) op TORUS_CASE(name),
#include "../kernels/float_operations.h"
#undef PREDICATE
  TORUS_PREDICATE_COUNT TORUS_CASE(count)
} torus_predicate_op;

/// out (BOOL) = p(a); every type.
torus_status torus_predicate(
  torus_predicate_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides);

// MARK: Ternary

typedef enum TORUS_KERNELS torus_ternary_op : int32_t {
#define TERNARY(op, name, expression) op TORUS_CASE(name),
#include "../kernels/float_operations.h"
#undef TERNARY
  TORUS_TERNARY_COUNT TORUS_CASE(count)
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

// MARK: Chains

/// The most inputs and steps of a chain together.
enum { TORUS_CHAIN_VALUES = 40 };

typedef enum TORUS_KERNELS torus_chain_kind : int32_t {
  TORUS_CHAIN_UNARY TORUS_CASE(unary),
  TORUS_CHAIN_PREDICATE TORUS_CASE(predicate),
  TORUS_CHAIN_BINARY TORUS_CASE(binary),
  TORUS_CHAIN_COMPARE TORUS_CASE(compare),
  TORUS_CHAIN_TERNARY TORUS_CASE(ternary),
  TORUS_CHAIN_WHERE TORUS_CASE(select),
  TORUS_CHAIN_CONVERT TORUS_CASE(convert),
} torus_chain_kind;

/// One operation of a chain: `op` of the kind's enumeration, whose operands are of type `dtype` (those of
/// `where` but for the condition).
typedef struct torus_chain_step {
  torus_chain_kind kind;
  int32_t op;
  torus_dtype dtype;
  /// Which values it takes: inputs and results of steps before, counted in this order.
  int32_t operands[3];
  double p0, p1;
} torus_chain_step;

/// What a chain reads or computes. A result without data exists tile by tile alone; one with data is
/// contiguous, whatever its strides say. Where rows begin is for inputs' strides to say.
typedef struct torus_chain_value {
  void *data;
  const int64_t *strides;
  torus_dtype dtype;
} torus_chain_value;

/// Computes `steps` operations of floats (comparisons, `where` and conversions: of any type) in one pass, with
/// the bits that one after the other gives. `values` are `inputs` operands that broadcast to `shape`, and
/// a result of `shape` a step; the last has data. Bound by the memory of inputs and of results with data.
torus_status torus_chain(
  int32_t rank, const int64_t *shape, int32_t inputs, int32_t steps,
  const torus_chain_value *values, const torus_chain_step *list);

// MARK: Copies

/// Copies with conversion between any two types and layouts: float to integer truncates (out of
/// range values as the CPU gives them), anything to BOOL is ≠ 0, to BF16 and F16 rounds to
/// nearest even. Transposed layouts go through cache blocks.
torus_status torus_copy(
  int32_t rank, const int64_t *shape,
  torus_dtype out_dtype, void *out, const int64_t *out_strides,
  torus_dtype a_dtype, const void *a, const int64_t *a_strides);

/// Writes one number, an element of `number_dtype`, everywhere as an element of `dtype`.
torus_status torus_fill(
  torus_dtype dtype, int32_t rank, const int64_t *shape, void *out, const int64_t *out_strides,
  torus_dtype number_dtype, const void *number);

/// out[i] = start + i · step (i < n), contiguous; computed in f64 or, for integers, i64 and
/// rounded once per element.
torus_status torus_arange(torus_dtype dtype, int64_t n, void *out, double start, double step);

#ifdef __cplusplus
}
#endif
