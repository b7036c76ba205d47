// The folds, of which reductions are made: FOLD(op, name, neutral, map of x, combination of l and r). p
// and s are the parameter and the shift. FLOAT_FOLD for floats only;
// EXTREME for what runs of half types fold by their bits.
#ifndef EXTREME
#define EXTREME FOLD
#define EXTREME_AS_FOLD
#endif
FOLD(FOLD_SUM, sum, 0, x, l + r)
FOLD(FOLD_COUNT_NONZERO, count, 0, (x != 0), l + r)
FOLD(FOLD_PROD, prod, 1, x, l *r)
EXTREME(FOLD_MAX, max, LOWEST, x, (GREATER(l, r)))
EXTREME(FOLD_MIN, min, HIGHEST, x, (LESSER(l, r)))
FLOAT_FOLD(FOLD_NAN_SUM, nan_sum, 0, x != x ? 0 : x, l + r)
FLOAT_FOLD(FOLD_SUM_ABS, sum_abs, 0, F(abs)(x), l + r)
FLOAT_FOLD(FOLD_SUM_SQUARES, sum_squares, 0, x *x, l + r)
FLOAT_FOLD(FOLD_SUM_ABS_POW, sum_abs_pow, 0, F(pow)(F(abs)(x), p), l + r)
FLOAT_FOLD(FOLD_SUM_SQUARED_DIFFERENCES, sum_squared_differences, 0, (x - s) * (x - s), l + r)
FLOAT_FOLD(FOLD_SUM_EXP, sum_exp, 0, F(exp)(x - s), l + r)
FLOAT_FOLD(FOLD_MAX_ABS, max_abs, 0, F(abs)(x), (GREATER(l, r)))
FLOAT_FOLD(FOLD_MIN_ABS, min_abs, HIGHEST, F(abs)(x), (LESSER(l, r)))
#ifdef EXTREME_AS_FOLD
#undef EXTREME
#undef EXTREME_AS_FOLD
#endif
