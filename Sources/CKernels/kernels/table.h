// What one CPU level offers to the drivers: contiguous loops over one type each. The drivers walk
// strides, convert 16-bit and narrow types to a compute type in tiles, and split over threads.
#pragma once

// Loops that call libm, or branch, stay scalar: no need to hear of it. Said before any list of
// operations is read, since that is where the compiler takes the loops to stand.
#pragma clang diagnostic ignored "-Wpass-failed"

#include "../core/levels.h"
#include "../include/torus_elementwise.h"

/// The types that loops exist for; the others pass through one of them. Those of C_BF16 and C_F16
/// read and write them as they lie.
typedef enum compute_type {
  C_F32, C_F64, C_I32, C_I64, COMPUTE_TYPES, C_BF16 = COMPUTE_TYPES, C_F16, LOOP_TYPES
} compute_type;

static inline compute_type compute_of(torus_dtype dtype) {
#define LOOPS(x, type, number, stored, form, loops, name) [number] = C_##loops,
  static const uint8_t types[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(LOOPS, )};
#undef LOOPS
  return (compute_type)types[dtype];
}

/// The loops of a half type as it is stored.
static inline compute_type reading(torus_dtype half) { return half == TORUS_BF16 ? C_BF16 : C_F16; }

/// Whether `dtype` is its own compute type.
static inline bool is_direct(torus_dtype dtype) {
  const torus_form form = torus_form_of(dtype);
  return form == TORUS_FORM_FLOAT || form == TORUS_FORM_WHOLE;
}

/// How the operands of a binary loop lie: both run, or one is a single element.
typedef enum operand_form { FORM_VV, FORM_VS, FORM_SV } operand_form;

typedef void (*unary_loop)(int64_t n, void *out, const void *a, double p0, double p1);
/// Answers whether an integer division by zero was met.
typedef bool (*binary_loop)(
  operand_form form, int64_t n, void *out, const void *a, const void *b, double p0, double p1);
typedef void (*ternary_loop)(
  int64_t n, void *out, const void *a, const void *b, const void *c, double p0);
typedef void (*convert_loop)(int64_t n, void *out, const void *a);
typedef void (*where_loop)(
  int64_t n, void *out, const void *condition, const void *a, const void *b);

typedef struct binary_entry {
  binary_loop loop;
  /// Whether the loop takes all forms, or FORM_VV only.
  bool takes_forms;
} binary_entry;

/// Null entries are operations that the type does not have.
typedef struct elementwise_table {
  unary_loop unary[TORUS_UNARY_COUNT][LOOP_TYPES];
  binary_entry binary[TORUS_BINARY_COUNT][LOOP_TYPES];
  ternary_loop ternary[TORUS_TERNARY_COUNT][LOOP_TYPES];
  /// Outputs of comparisons and predicates are BOOL.
  binary_loop compare[TORUS_COMPARE_COUNT][LOOP_TYPES];
  unary_loop predicate[TORUS_PREDICATE_COUNT][LOOP_TYPES];
  /// convert[to][from], between any two types.
  convert_loop convert[TORUS_DTYPE_COUNT][TORUS_DTYPE_COUNT];
  /// By element size 1, 2, 4, 8 (log₂).
  where_loop where[4];
  /// Writes the transpose of 8·8 … blocks; see copy.c. By element size (log₂).
  void (*transpose[4])(
    int64_t rows, int64_t columns, void *out, int64_t out_stride, const void *a, int64_t a_stride);
} elementwise_table;

/// F32 to BF16 by AVX512-BF16, block by block up to the first that holds a subnormal number or a NaN;
/// answers how many elements that is.
int64_t torus_narrow_avx512_bf16(int64_t n, uint16_t *out, const float *a);
enum { TORUS_NARROW_BLOCK = 64 };

extern const elementwise_table torus_elementwise_base, torus_elementwise_v3, torus_elementwise_v4;

static inline const elementwise_table *elementwise(void) { return AT_LEVEL(torus_elementwise); }
