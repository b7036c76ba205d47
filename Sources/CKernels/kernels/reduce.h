// One level's reductions and their table. Compiled by levels/reduce_….c.

#include "math32_wide.h"
#include "math64.h"
#include "widen.h"

// NaN wins over every number.
#define GREATER(l, r) l != l ? l : (l > r ? l : r)
#define LESSER(l, r) l != l ? l : (l < r ? l : r)

#define TORUS_FLOAT_FOLDS 1
#define TOTAL real
#define TOTAL_TYPE double
#define LOWEST (-__builtin_inf())
#define HIGHEST __builtin_inf()
#define T float
#define A float
#define F(name) name##_f32
#define S float
#define READ(stored) (stored)
#define LOOP(name) name##_f32
#include "reduce_loops.h"
#undef S
#undef READ
#undef LOOP

// Half types are widened on the way in.
#define READS_HALVES
#define S uint16_t
#define READ(stored) widen_bf16(stored)
#define INFINITY_BITS 0x7f80
#define READS_PAIRS 1
#define LOOP(name) name##_bf16
#include "reduce_loops.h"
#undef READ
#undef INFINITY_BITS
#undef READS_PAIRS
#undef LOOP
#define READ(stored) widen_f16(stored)
#define INFINITY_BITS 0x7c00
#define LOOP(name) name##_f16
#include "reduce_loops.h"
#undef READS_HALVES
#undef S
#undef READ
#undef INFINITY_BITS
#undef LOOP
#undef T
#undef A
#undef F

#define READ(stored) (stored)
#define T double
#define S double
#define A double
#define F(name) name##_f64
#define LOOP(name) name##_f64
#include "reduce_loops.h"
#undef T
#undef S
#undef A
#undef F
#undef LOOP
#undef TOTAL
#undef TOTAL_TYPE
#undef LOWEST
#undef HIGHEST
#undef TORUS_FLOAT_FOLDS

#define TORUS_FLOAT_FOLDS 0
#define TOTAL whole
#define TOTAL_TYPE int64_t
#define LOWEST INT64_MIN
#define HIGHEST INT64_MAX
#define A int64_t
#define T int32_t
#define S int32_t
#define F(name) name##_i32
#define LOOP(name) name##_i32
#include "reduce_loops.h"
#undef T
#undef S
#undef F
#undef LOOP
#define T int64_t
#define S int64_t
#define F(name) name##_i64
#define LOOP(name) name##_i64
#include "reduce_loops.h"
#undef T
#undef S
#undef F
#undef LOOP
#undef A
#undef READ
#undef TOTAL
#undef TOTAL_TYPE
#undef LOWEST
#undef HIGHEST
#undef TORUS_FLOAT_FOLDS

#define ENTRY(op, name, type, suffix) \
  [op][type] = {run_##name##_##suffix, rows_##name##_##suffix, totals_##name##_##suffix},
#define HALF_ENTRY(op, name, type, suffix) \
  [op][type] = {run_##name##_##suffix, rows_##name##_##suffix, totals_##name##_f32},
#define ARGS(kind, name)                                                              \
  {                                                                                   \
    [C_F32] = kind##_##name##_f32, [C_F64] = kind##_##name##_f64,                     \
    [C_I32] = kind##_##name##_i32, [C_I64] = kind##_##name##_i64,                     \
  }

const reduce_table NAME(torus_reduce) = {
  .fold =
    {
#define FLOAT_FOLD(op, name, n, m, c)                                \
  ENTRY(op, name, C_F32, f32) ENTRY(op, name, C_F64, f64)            \
  HALF_ENTRY(op, name, C_BF16, bf16) HALF_ENTRY(op, name, C_F16, f16)
#define FOLD(op, name, n, m, c) \
  FLOAT_FOLD(op, name, n, m, c) ENTRY(op, name, C_I32, i32) ENTRY(op, name, C_I64, i64)
#include "reduce_operations.h"
    },
  .arg_row = {ARGS(arg_row, max), ARGS(arg_row, min)},
  .arg_run = {ARGS(arg_run, max), ARGS(arg_run, min)},
};
