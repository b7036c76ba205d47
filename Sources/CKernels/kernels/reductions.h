// The reductions, one row each: number, name in Swift, the folds of its first pass and of a second one
// (which is shifted by what the first gave; as the first where there is none), what becomes of the
// totals, and whether floats alone have it. torus_reduce.h makes the enumeration of them, reduce.c its
// recipes; the folds are in reduce_operations.h.

#define ONE(op, name, fold, finish, floats) REDUCTION(op, name, fold, fold, finish, floats)
// Floats → the same type or F32 or F64; sums of integers and BOOL → I64.
ONE(TORUS_REDUCE_SUM, sum, FOLD_SUM, FINISH_PLAIN, false)
ONE(TORUS_REDUCE_MEAN, mean, FOLD_SUM, FINISH_MEAN, true)
ONE(TORUS_REDUCE_PROD, prod, FOLD_PROD, FINISH_PLAIN, false)
// Every type → the same; NaN propagates; of nothing ∓∞, or the lowest or highest number.
ONE(TORUS_REDUCE_MAX, max, FOLD_MAX, FINISH_PLAIN, false)
ONE(TORUS_REDUCE_MIN, min, FOLD_MIN, FINISH_PLAIN, false)
// Every type → BOOL, and for the count I64.
ONE(TORUS_REDUCE_ANY, any, FOLD_COUNT_NONZERO, FINISH_ANY, false)
ONE(TORUS_REDUCE_ALL, all, FOLD_COUNT_NONZERO, FINISH_ALL, false)
ONE(TORUS_REDUCE_COUNT_NONZERO, countNonzero, FOLD_COUNT_NONZERO, FINISH_PLAIN, false)
ONE(TORUS_REDUCE_NAN_SUM, nanSum, FOLD_NAN_SUM, FINISH_PLAIN, true)  // without the NaNs
ONE(TORUS_REDUCE_SUM_ABS, sumAbs, FOLD_SUM_ABS, FINISH_PLAIN, true)
ONE(TORUS_REDUCE_SUM_SQUARES, sumSquares, FOLD_SUM_SQUARES, FINISH_PLAIN, true)
ONE(TORUS_REDUCE_SUM_ABS_POW, sumAbsPow, FOLD_SUM_ABS_POW, FINISH_PLAIN, true)  // Σ|a|^p0
ONE(TORUS_REDUCE_MAX_ABS, maxAbs, FOLD_MAX_ABS, FINISH_PLAIN, true)
ONE(TORUS_REDUCE_MIN_ABS, minAbs, FOLD_MIN_ABS, FINISH_PLAIN, true)
ONE(TORUS_REDUCE_NORM2, norm2, FOLD_SUM_SQUARES, FINISH_SQRT, true)
// log Σexp(a), stable; -∞ where all are -∞.
REDUCTION(TORUS_REDUCE_LOG_SUM_EXP, logSumExp, FOLD_MAX, FOLD_SUM_EXP, FINISH_LOG_SUM_EXP, true)
#undef ONE
