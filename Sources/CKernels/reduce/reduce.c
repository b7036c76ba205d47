// Reductions: the public operations as folds, one pass or two.
#include <math.h>
#include <string.h>

#include "plan.h"

/// What becomes of the totals.
typedef enum finish {
  FINISH_PLAIN,
  FINISH_MEAN,
  FINISH_SQRT,
  FINISH_ANY,
  FINISH_ALL,
  FINISH_LOG_SUM_EXP,
  FINISH_VARIANCE,
} finish;

typedef struct recipe {
  fold_op first;
  /// For two passes (`finish` says so): the second fold, shifted by what the first gave.
  fold_op second;
  finish finish;
  bool floats_only;
} recipe;

static const recipe recipes[TORUS_REDUCE_OP_COUNT] = {
#define REDUCTION(op, name, first, second, finish, floats) [op] = {first, second, finish, floats},
#include "../kernels/reductions.h"
#undef REDUCTION
};
static const recipe variance_recipe = {
  FOLD_SUM, FOLD_SUM_SQUARED_DIFFERENCES, FINISH_VARIANCE, true};

/// Below this, the square of a difference loses digits in f32, or vanishes.
static const double SMALL_SQUARE = 1e-30;

typedef struct reduction {
  reduction_plan plan;
  recipe recipe;
  double p, correction;
  /// Whether the first output is the variance's root.
  bool deviation;
  /// The result, and for variances the mean.
  void *out[2];
  torus_dtype out_dtype;
  /// With pieces: [blocks · pieces · width] totals, and [blocks · width] of the first pass.
  total *partial, *merged;
  int pass;
} reduction;

static bool two_passes(const recipe *r) {
  return r->finish == FINISH_LOG_SUM_EXP || r->finish == FINISH_VARIANCE;
}

static total neutral_of(fold_op op, bool real) {
  total t = {.whole = 0};
  switch (op) {
  case FOLD_PROD:
    if (real) { t.real = 1; } else { t.whole = 1; }
    break;
  case FOLD_MAX:
    if (real) { t.real = -INFINITY; } else { t.whole = INT64_MIN; }
    break;
  case FOLD_MIN:
  case FOLD_MIN_ABS:
    if (real) { t.real = INFINITY; } else { t.whole = INT64_MAX; }
    break;
  default: break;
  }
  return t;
}

/// The point that the second pass measures from, as f64 of what the compute type holds.
static double shift_of(const reduction *r, total first) {
  if (r->recipe.finish == FINISH_VARIANCE) {
    double mean = first.real / (double)r->plan.reduced.count;
    return compute_of(r->plan.dtype) == C_F32 ? (double)(float)mean : mean;
  }
  // An infinite maximum must not give ∞ - ∞.
  return isinf(first.real) ? 0 : first.real;
}

static void fold(
  const reduction *r, fold_op op, const block_place *place, int64_t piece, const total *first,
  total *totals) {
  const reduction_plan *plan = &r->plan;
  compute_type type = compute_of(plan->dtype);
  tile shifts;
  if (first) {
    for (int64_t i = 0; i < place->n; i++) {
      double s = shift_of(r, first[i]);
      if (type == C_F32) {
        ((float *)shifts.bytes)[i] = (float)s;
      } else {
        ((double *)shifts.bytes)[i] = s;
      }
    }
  }
  int64_t begin = piece * plan->piece, end = begin + plan->piece;
  if (end > plan->reduced.count) end = plan->reduced.count;
  fold_block(
    plan, &reduce_loops()->fold[op][plan->loops], place, begin, end, r->p, first ? shifts.bytes : NULL,
    neutral_of(op, torus_is_float(plan->dtype)), totals);
}

/// Turns the totals of a block into its outputs and writes them. `first` is the first pass's.
static void write_block(
  const reduction *r, const block_place *place, const total *first, total *totals) {
  const reduction_plan *plan = &r->plan;
  double count = (double)plan->reduced.count;
  total means[WIDEST];
  for (int64_t i = 0; i < place->n; i++) {
    total *t = &totals[i];
    switch (r->recipe.finish) {
    case FINISH_PLAIN: break;
    case FINISH_MEAN: t->real /= count; break;
    case FINISH_SQRT: t->real = sqrt(t->real); break;
    case FINISH_ANY:
      t->whole = torus_is_float(plan->dtype) ? t->real > 0 : t->whole > 0;
      break;
    case FINISH_ALL:
      t->whole = torus_is_float(plan->dtype) ? t->real == count : t->whole == plan->reduced.count;
      break;
    case FINISH_LOG_SUM_EXP: t->real = log(t->real) + shift_of(r, first[i]); break;
    case FINISH_VARIANCE: {
      // The shift is the mean as rounded; what that added is taken off again.
      double mean = first[i].real / count, off = mean - shift_of(r, first[i]);
      double rest = count - r->correction, squares = t->real - count * off * off;
      bool holds = squares >= count * SMALL_SQUARE && squares < INFINITY;
      if (!holds && count > 0 && compute_of(plan->dtype) == C_F32) {
        mean = fold_widened(plan, FOLD_SUM, place, i, 0) / count;
        squares = fold_widened(plan, FOLD_SUM_SQUARED_DIFFERENCES, place, i, mean);
      }
      means[i].real = mean;
      t->real = (squares < 0 ? 0 : squares) / (rest > 0 ? rest : 0);
      if (r->deviation) t->real = sqrt(t->real);
      break;
    }
    }
  }
  const elementwise_table *table = elementwise();
  bool whole = r->recipe.finish == FINISH_ANY || r->recipe.finish == FINISH_ALL ||
               !torus_is_float(plan->dtype);
  torus_dtype from = whole ? TORUS_I64 : TORUS_F64;
  int64_t size = torus_element_size(r->out_dtype);
  for (int k = 0; k < 2; k++) {
    if (!r->out[k]) continue;
    _Alignas(64) char bytes[WIDEST * 8];
    table->convert[r->out_dtype][from](place->n, bytes, k == 0 ? totals : means);
    char *to = (char *)r->out[k] + place->out[k];
    int64_t step = place->n > 1 ? plan->kept.out[k][plan->kept.rank - 1] : size;
    tile_scatter(place->n, size, to, step, bytes);
  }
}

static void whole_blocks(int64_t begin, int64_t end, void *context) {
  const reduction *r = context;
  total first[WIDEST], totals[WIDEST];
  for (int64_t block = begin; block < end; block++) {
    block_place place = place_of_block(&r->plan, block);
    if (two_passes(&r->recipe)) {
      fold(r, r->recipe.first, &place, 0, NULL, first);
      fold(r, r->recipe.second, &place, 0, first, totals);
      write_block(r, &place, first, totals);
    } else {
      fold(r, r->recipe.first, &place, 0, NULL, totals);
      write_block(r, &place, NULL, totals);
    }
  }
}

static void block_pieces(int64_t begin, int64_t end, void *context) {
  const reduction *r = context;
  const reduction_plan *plan = &r->plan;
  for (int64_t i = begin; i < end; i++) {
    int64_t block = i / plan->pieces;
    block_place place = place_of_block(plan, block);
    const total *first = r->pass == 0 ? NULL : r->merged + block * plan->width;
    fold_op op = r->pass == 0 ? r->recipe.first : r->recipe.second;
    fold(r, op, &place, i % plan->pieces, first, r->partial + i * plan->width);
  }
}

/// Folds the pieces' totals of a block, in order, into `totals`.
static void merge_pieces(const reduction *r, fold_op op, int64_t block, total *totals) {
  const reduction_plan *plan = &r->plan;
  bool real = torus_is_float(plan->dtype);
  // Counting and sums of any kind add; the rest keeps its own combination.
  fold_op combine = op == FOLD_PROD || op == FOLD_MAX || op == FOLD_MIN ? op
                    : op == FOLD_MAX_ABS                                ? FOLD_MAX
                    : op == FOLD_MIN_ABS                                ? FOLD_MIN
                                                                        : FOLD_SUM;
  fold_totals merge = reduce_loops()->fold[combine][real ? C_F64 : C_I64].totals;
  const total *partial = r->partial + block * plan->pieces * plan->width;
  memcpy(totals, partial, (size_t)plan->width * sizeof(total));
  for (int64_t k = 1; k < plan->pieces; k++) {
    merge(plan->width, totals, partial + k * plan->width);
  }
}

static void reduce_in_pieces(reduction *r) {
  const reduction_plan *plan = &r->plan;
  int64_t tasks = plan->blocks * plan->pieces, width = plan->width;
  size_t partial_bytes = (size_t)(tasks * width) * sizeof(total);
  size_t merged_bytes = (size_t)(plan->blocks * width) * sizeof(total);
  r->partial = torus_alloc(partial_bytes);
  r->merged = torus_alloc(merged_bytes);
  memset(r->partial, 0, partial_bytes);
  total totals[WIDEST];
  for (r->pass = 0; r->pass < (two_passes(&r->recipe) ? 2 : 1); r->pass++) {
    torus_parallel_for(tasks, 1, block_pieces, r);
    bool last = r->pass == 1 || !two_passes(&r->recipe);
    for (int64_t block = 0; block < plan->blocks; block++) {
      total *first = r->merged + block * width;
      if (last) {
        merge_pieces(r, r->pass == 0 ? r->recipe.first : r->recipe.second, block, totals);
        block_place place = place_of_block(plan, block);
        write_block(r, &place, r->pass == 0 ? NULL : first, totals);
      } else {
        merge_pieces(r, r->recipe.first, block, first);
      }
    }
  }
  torus_free(r->partial, partial_bytes);
  torus_free(r->merged, merged_bytes);
}

static void reduce(reduction *r) {
  const reduction_plan *plan = &r->plan;
  if (plan->blocks == 0) return;
  if (plan->pieces > 1) {
    reduce_in_pieces(r);
    return;
  }
  int64_t work = plan->width * plan->reduced.count;
  torus_parallel_for(plan->blocks, work > 0 ? GRAIN / work : plan->blocks, whole_blocks, r);
}

torus_status torus_reduce(
  torus_reduce_op op, torus_dtype dtype, int32_t rank, const int64_t *shape,
  const void *a, const int64_t *a_strides, uint64_t reduced,
  torus_dtype out_dtype, void *out, const int64_t *out_strides, double p0) {
  if ((uint32_t)op >= TORUS_REDUCE_OP_COUNT) return TORUS_UNSUPPORTED;
  reduction r = {
    .recipe = recipes[op], .p = p0, .out = {out, NULL}, .out_dtype = out_dtype};
  if (r.recipe.floats_only && !torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  const int64_t *const strides[2] = {out_strides, NULL};
  const int64_t sizes[2] = {torus_element_size(out_dtype), 0};
  torus_status status =
    plan_reduction(&r.plan, dtype, rank, shape, a, a_strides, reduced, strides, sizes, WIDEST);
  if (status == TORUS_OK) reduce(&r);
  return status;
}

torus_status torus_var_mean(
  torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a, const int64_t *a_strides,
  uint64_t reduced, double correction, bool deviation, torus_dtype out_dtype,
  void *spread, const int64_t *spread_strides, void *mean, const int64_t *mean_strides) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  reduction r = {
    .recipe = variance_recipe, .correction = correction, .deviation = deviation, .out = {spread, mean},
    .out_dtype = out_dtype};
  const int64_t *const strides[2] = {
    spread ? spread_strides : NULL, mean ? mean_strides : NULL};
  const int64_t size = torus_element_size(out_dtype), sizes[2] = {size, size};
  torus_status status =
    plan_reduction(&r.plan, dtype, rank, shape, a, a_strides, reduced, strides, sizes, WIDEST);
  if (status == TORUS_OK) reduce(&r);
  return status;
}
