// The loops of reductions that one CPU level offers.
#pragma once
#include "table.h"
#include "../include/torus_reduce.h"

/// What is summed, multiplied or compared. The public operations are made of these.
typedef enum fold_op {
#define FOLD(op, name, neutral, map, combine) op,
#define FLOAT_FOLD(op, name, neutral, map, combine) op,
#include "reduce_operations.h"
#undef FOLD
#undef FLOAT_FOLD
  FOLD_OPS
} fold_op;

/// Totals are kept as f64 for floats and as i64 for integers.
typedef union total {
  double real;
  int64_t whole;
} total;

/// Folds n contiguous elements into one total. `shift` points to one element.
typedef void (*fold_run)(int64_t n, const void *a, total *result, double p, const void *shift);
/// Folds rows, `step` bytes apart, one after the other into n accumulators (f32, f64; i64 for
/// integers), with a shift per column.
typedef void (*fold_rows)(
  int64_t n, void *accumulators, const void *a, int64_t rows, int64_t step, double p,
  const void *shift);
/// Folds n accumulators into n totals.
typedef void (*fold_totals)(int64_t n, total *totals, const void *accumulators);

typedef struct fold_entry {
  fold_run run;
  fold_rows rows;
  fold_totals totals;
} fold_entry;

/// A row against the best so far: values and indices are replaced where the row's are better.
typedef void (*arg_row)(int64_t n, void *values, int64_t *indices, const void *a, int64_t index);
/// The first place of the best value among n contiguous elements.
typedef int64_t (*arg_run)(int64_t n, const void *a);

typedef struct reduce_table {
  /// Those of C_BF16 and C_F16 fold into accumulators and totals of C_F32.
  fold_entry fold[FOLD_OPS][LOOP_TYPES];
  /// [smallest]
  arg_row arg_row[2][COMPUTE_TYPES];
  arg_run arg_run[2][COMPUTE_TYPES];
} reduce_table;

extern const reduce_table torus_reduce_base, torus_reduce_v3, torus_reduce_v4;

static inline const reduce_table *reduce_loops(void) { return AT_LEVEL(torus_reduce); }
