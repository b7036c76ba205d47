// The places of maxima and minima along a dimension.
#include <string.h>

#include "plan.h"

typedef struct arg_reduction {
  reduction_plan plan;
  bool smallest;
  char *values, *indices;
} arg_reduction;

static void write_answers(
  const arg_reduction *r, const block_place *place, const void *values, const int64_t *indices) {
  const dimensions *kept = &r->plan.kept;
  int64_t n = place->n, size = torus_element_size(r->plan.dtype);
  if (r->indices) {
    int64_t step = n > 1 ? kept->out[1][kept->rank - 1] : 8;
    tile_scatter(n, 8, r->indices + place->out[1], step, indices);
  }
  if (r->values) {
    int64_t step = n > 1 ? kept->out[0][kept->rank - 1] : size;
    tile_store(elementwise(), r->plan.dtype, n, r->values + place->out[0], step, values);
  }
}

/// Each output from its own elements: the whole run as one tile where it is longer than a tile.
static void arg_runs(const arg_reduction *r, const block_place *place) {
  const reduction_plan *plan = &r->plan;
  const elementwise_table *table = elementwise();
  compute_type type = compute_of(plan->dtype);
  arg_run run = reduce_loops()->arg_run[r->smallest][type];
  arg_row better = reduce_loops()->arg_row[r->smallest][type];
  const dimensions *d = &plan->reduced;
  int64_t length = d->count, step = d->a[d->rank - 1], size = torus_element_size(plan->dtype);
  int64_t compute_size = torus_element_size(compute_dtype(plan->dtype));
  bool together = is_direct(plan->dtype) && step == size;
  tile values, t;
  int64_t indices[TILE];
  for (int64_t i = 0; i < place->n; i++) {
    const char *a = plan->a + place->a + i * plan->kept.a[plan->kept.rank - 1];
    char *best = values.bytes + i * compute_size;
    int64_t stretch = together ? length : TILE;
    for (int64_t start = 0; start < length; start += stretch) {
      int64_t n = length - start < stretch ? length - start : stretch;
      const char *x = together ? a : tile_load(table, plan->dtype, n, a + start * step, step, &t);
      int64_t found = run(n, x);
      const char *value = x + found * compute_size;
      if (start == 0) {
        memcpy(best, value, (size_t)compute_size);
        indices[i] = found;
      } else {
        better(1, best, &indices[i], value, start + found);
      }
    }
  }
  write_answers(r, place, values.bytes, indices);
}

/// A row of outputs side by side.
static void arg_rows(const arg_reduction *r, const block_place *place) {
  const reduction_plan *plan = &r->plan;
  const elementwise_table *table = elementwise();
  arg_row better = reduce_loops()->arg_row[r->smallest][compute_of(plan->dtype)];
  const dimensions *d = &plan->reduced;
  int64_t n = place->n, step = plan->kept.a[plan->kept.rank - 1];
  int64_t compute_size = torus_element_size(compute_dtype(plan->dtype));
  tile values, t;
  int64_t indices[TILE];
  memset(indices, 0, sizeof indices);
  for (int64_t row = 0; row < d->count; row++) {
    const char *from = plan->a + place->a + row * d->a[d->rank - 1];
    const void *x = tile_load(table, plan->dtype, n, from, step, &t);
    if (row == 0) {
      memcpy(values.bytes, x, (size_t)(n * compute_size));
    } else {
      better(n, values.bytes, indices, x, row);
    }
  }
  write_answers(r, place, values.bytes, indices);
}

static void arg_blocks(int64_t begin, int64_t end, void *context) {
  const arg_reduction *r = context;
  for (int64_t block = begin; block < end; block++) {
    block_place place = place_of_block(&r->plan, block);
    if (r->plan.runs) {
      arg_runs(r, &place);
    } else {
      arg_rows(r, &place);
    }
  }
}

torus_status torus_arg_reduce(
  bool smallest, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, void *values, const int64_t *values_strides,
  int64_t *indices, const int64_t *indices_strides) {
  arg_reduction r = {.smallest = smallest, .values = values, .indices = (char *)indices};
  const int64_t *const strides[2] = {
    values ? values_strides : NULL, indices ? indices_strides : NULL};
  const int64_t sizes[2] = {torus_element_size(dtype), 8};
  // A 0-d tensor has the one place 0.
  uint64_t reduced = rank == 0 ? 0 : (uint64_t)1 << dim;
  torus_status status =
    plan_reduction(&r.plan, dtype, rank, shape, a, a_strides, reduced, strides, sizes, TILE);
  if (status != TORUS_OK || r.plan.blocks == 0) return status;
  int64_t work = r.plan.width * r.plan.reduced.count;
  torus_parallel_for(r.plan.blocks, GRAIN / work, arg_blocks, &r);
  return TORUS_OK;
}
