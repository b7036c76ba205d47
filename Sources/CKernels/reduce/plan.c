#include "plan.h"

#include <stdlib.h>
#include <string.h>

enum {
  PIECE = 65536,
  /// With at least this many blocks, threads need no pieces.
  ENOUGH_BLOCKS = 64,
  /// Rows between two visits to the totals.
  ROWS_PER_TOTAL = 128,
  /// Shorter runs are folded side by side even where they lie together.
  SHORT_RUN = 24,
  /// Bytes from which rows are not read side by side.
  LONG_ROW = 4096,
};

static void append(dimensions *d, int64_t size, int64_t a, const int64_t out[2]) {
  d->shape[d->rank] = size;
  d->a[d->rank] = a;
  for (int k = 0; k < 2; k++) d->out[k][d->rank] = out[k];
  d->rank++;
  d->count *= size;
}

/// Largest stride outermost, then neighbours joined.
static void arrange(dimensions *d) {
  for (int32_t i = 1; i < d->rank; i++) {
    for (int32_t j = i; j > 0 && llabs(d->a[j - 1]) < llabs(d->a[j]); j--) {
#define SWAP(x)               \
  {                           \
    int64_t t = x[j];         \
    x[j] = x[j - 1];          \
    x[j - 1] = t;             \
  }
      SWAP(d->shape)
      SWAP(d->a)
      SWAP(d->out[0])
      SWAP(d->out[1])
#undef SWAP
    }
  }
  int32_t last = 0;
  for (int32_t i = 1; i < d->rank; i++) {
    int64_t size = d->shape[i];
    bool joins = d->a[last] == d->a[i] * size && d->out[0][last] == d->out[0][i] * size &&
                 d->out[1][last] == d->out[1][i] * size;
    if (joins) {
      d->shape[last] *= size;
    } else {
      d->shape[++last] = size;
    }
    d->a[last] = d->a[i];
    d->out[0][last] = d->out[0][i];
    d->out[1][last] = d->out[1][i];
  }
  if (d->rank > 0) d->rank = last + 1;
}

torus_status plan_reduction(
  reduction_plan *plan, torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a,
  const int64_t *a_strides, uint64_t reduced, const int64_t *const out_strides[2],
  const int64_t out_sizes[2], int64_t widest) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(dtype);
  plan->dtype = dtype;
  plan->a = a;
  plan->kept.rank = plan->reduced.rank = 0;
  plan->kept.count = plan->reduced.count = 1;
  for (int32_t d = 0; d < rank; d++) {
    bool folds = (reduced >> d) & 1;
    if (shape[d] == 1) continue;
    int64_t out[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
      if (!folds && out_strides[k]) out[k] = out_strides[k][d] * out_sizes[k];
    }
    append(folds ? &plan->reduced : &plan->kept, shape[d], a_strides[d] * size, out);
  }
  dimensions *kept = &plan->kept, *folded = &plan->reduced;
  arrange(kept);
  arrange(folded);
  const int64_t none[2] = {0, 0};
  if (folded->rank == 0) append(folded, 1, size, none);
  bool scalar = kept->rank == 0;
  if (scalar) append(kept, 1, size, none);
  int64_t step = llabs(kept->a[kept->rank - 1]), fold_step = llabs(folded->a[folded->rank - 1]);
  bool run_is_short = folded->shape[folded->rank - 1] < SHORT_RUN && kept->shape[kept->rank - 1] > 8;
  plan->runs = scalar || (fold_step < step && !run_is_short);

  plan->together = (is_direct(dtype) || torus_is_half(dtype)) &&
                   (plan->runs ? folded->a[folded->rank - 1] : kept->a[kept->rank - 1]) == size;
  plan->loops = plan->together && torus_is_half(dtype) ? reading(dtype) : compute_of(dtype);

  int64_t inner = kept->shape[kept->rank - 1], count = folded->count;
  bool through_tiles = compute_of(dtype) != C_F32 || step != size;
  int64_t most = through_tiles ? TILE : widest;
  plan->width = inner < most ? inner : most;
  if (plan->runs && count > 0) {
    int64_t fit = GRAIN / count;
    if (fit < 1) fit = 1;
    if (plan->width > fit) plan->width = fit;
  }
  if (plan->width < 1) plan->width = 1;
  plan->segments = (inner + plan->width - 1) / plan->width;
  plan->blocks = inner == 0 ? 0 : kept->count / inner * plan->segments;
  plan->piece = PIECE / plan->width;
  if (plan->blocks >= ENOUGH_BLOCKS || count < 2 * plan->piece) plan->piece = count;
  plan->pieces = plan->piece > 0 ? (count + plan->piece - 1) / plan->piece : 1;
  return TORUS_OK;
}

block_place place_of_block(const reduction_plan *plan, int64_t block) {
  const dimensions *kept = &plan->kept;
  int32_t inner = kept->rank - 1;
  int64_t first = block % plan->segments * plan->width, rest = block / plan->segments;
  int64_t left = kept->shape[inner] - first;
  block_place place = {
    left < plan->width ? left : plan->width, first * kept->a[inner],
    {first * kept->out[0][inner], first * kept->out[1][inner]}};
  for (int32_t d = inner - 1; d >= 0; d--) {
    int64_t i = rest % kept->shape[d];
    rest /= kept->shape[d];
    place.a += i * kept->a[d];
    place.out[0] += i * kept->out[0][d];
    place.out[1] += i * kept->out[1][d];
  }
  return place;
}

/// A walk over the reduced elements.
typedef struct odometer {
  const dimensions *d;
  int64_t index[TORUS_MAX_RANK];
  int64_t offset;
} odometer;

static odometer odometer_at(const dimensions *d, int64_t element) {
  odometer o = {.d = d, .offset = 0};
  for (int32_t k = d->rank - 1; k >= 0; k--) {
    o.index[k] = element % d->shape[k];
    element /= d->shape[k];
    o.offset += o.index[k] * d->a[k];
  }
  return o;
}

/// Moves on by `steps` elements that lie within the innermost dimension.
static inline void advance(odometer *o, int64_t steps) {
  const dimensions *d = o->d;
  int32_t k = d->rank - 1;
  o->index[k] += steps;
  o->offset += steps * d->a[k];
  while (k > 0 && o->index[k] == d->shape[k]) {
    o->offset -= d->shape[k] * d->a[k];
    o->index[k] = 0;
    k--;
    o->index[k]++;
    o->offset += d->a[k];
  }
}

static void fold_runs(
  const reduction_plan *plan, const fold_entry *fold, const char *a, int64_t begin, int64_t end,
  double p, const void *shift, total *result) {
  const elementwise_table *table = elementwise();
  const dimensions *d = &plan->reduced;
  int64_t length = d->shape[d->rank - 1], step = d->a[d->rank - 1];
  bool together = plan->together;
  if (together && d->rank == 1) {
    fold->run(end - begin, a + begin * step, result, p, shift);
    return;
  }
  odometer o = odometer_at(d, begin);
  tile t;
  while (begin < end) {
    int64_t n = length - o.index[d->rank - 1];
    if (n > end - begin) n = end - begin;
    if (together) {
      fold->run(n, a + o.offset, result, p, shift);
    } else {
      for (int64_t start = 0; start < n; start += TILE) {
        int64_t m = n - start < TILE ? n - start : TILE;
        const char *from = a + o.offset + start * step;
        fold->run(m, tile_load(table, plan->dtype, m, from, step, &t), result, p, shift);
      }
    }
    begin += n;
    advance(&o, n);
  }
}

static void fold_side_by_side(
  const reduction_plan *plan, const fold_entry *fold, const char *a, int64_t n, int64_t begin,
  int64_t end, double p, const void *shift, const void *neutral, total *totals) {
  const elementwise_table *table = elementwise();
  int64_t step = plan->kept.a[plan->kept.rank - 1];
  bool together = plan->together;
  // Accumulators are of the compute type, but i64 for all integers.
  int64_t accumulator_size = compute_of(plan->dtype) == C_F32 ? 4 : 8;
  const dimensions *d = &plan->reduced;
  int32_t inner = d->rank - 1;
  // Long rows one by one: a single stream is fetched faster than four.
  int64_t most = llabs(d->a[inner]) < LONG_ROW ? ROWS_PER_TOTAL : 1;
  tile t, accumulators;
  odometer o = odometer_at(d, begin);
  while (begin < end) {
    int64_t rows = end - begin < ROWS_PER_TOTAL ? end - begin : ROWS_PER_TOTAL;
    tile_fill(n, accumulator_size, accumulators.bytes, neutral);
    for (int64_t row = 0; row < rows;) {
      const char *from = a + o.offset;
      int64_t m = 1;
      if (together) {
        // As many as follow each other at one distance.
        m = d->shape[inner] - o.index[inner];
        if (m > most) m = most;
        if (m > rows - row) m = rows - row;
        fold->rows(n, accumulators.bytes, from, m, d->a[inner], p, shift);
      } else {
        const void *x = tile_load(table, plan->dtype, n, from, step, &t);
        fold->rows(n, accumulators.bytes, x, 1, 0, p, shift);
      }
      advance(&o, m);
      row += m;
    }
    fold->totals(n, totals, accumulators.bytes);
    begin += rows;
  }
}

void fold_block(
  const reduction_plan *plan, const fold_entry *fold, const block_place *place, int64_t begin,
  int64_t end, double p, const void *shift, total neutral, total *totals) {
  for (int64_t i = 0; i < place->n; i++) totals[i] = neutral;
  if (begin >= end) return;
  compute_type type = compute_of(plan->dtype);
  if (!plan->runs) {
    float single = (float)neutral.real;
    const void *one = type == C_F32 ? (const void *)&single : &neutral;
    fold_side_by_side(plan, fold, plan->a + place->a, place->n, begin, end, p, shift, one, totals);
    return;
  }
  int64_t size = type == C_F32 || type == C_I32 ? 4 : 8;
  int64_t step = plan->kept.a[plan->kept.rank - 1];
  for (int64_t i = 0; i < place->n; i++) {
    const void *own = shift ? (const char *)shift + i * size : NULL;
    fold_runs(plan, fold, plan->a + place->a + i * step, begin, end, p, own, &totals[i]);
  }
}

double fold_widened(
  const reduction_plan *plan, fold_op op, const block_place *place, int64_t output, double shift) {
  const elementwise_table *table = elementwise();
  const fold_run run = reduce_loops()->fold[op][C_F64].run;
  const dimensions *d = &plan->reduced;
  int64_t length = d->shape[d->rank - 1], step = d->a[d->rank - 1];
  const char *a = plan->a + place->a + output * plan->kept.a[plan->kept.rank - 1];
  total result = {.real = 0};
  odometer o = odometer_at(d, 0);
  tile t;
  _Alignas(64) double wide[TILE];
  for (int64_t begin = 0; begin < d->count;) {
    int64_t n = length - o.index[d->rank - 1];
    if (n > TILE) n = TILE;
    const void *x = tile_load(table, plan->dtype, n, a + o.offset, step, &t);
    table->convert[TORUS_F64][TORUS_F32](n, wide, x);
    run(n, wide, &result, 0, &shift);
    begin += n;
    advance(&o, n);
  }
  return result.real;
}
