// How a reduction walks its input: kept and reduced dimensions apart, each joined and ordered.
#pragma once
#include "../elementwise/tiles.h"
#include "../kernels/reduce_table.h"

/// A group of dimensions, outermost first; strides in bytes.
typedef struct dimensions {
  int32_t rank;
  int64_t count;
  int64_t shape[TORUS_MAX_RANK];
  int64_t a[TORUS_MAX_RANK];
  /// Up to two outputs; 0 for reduced dimensions.
  int64_t out[2][TORUS_MAX_RANK];
} dimensions;

enum {
  /// The most outputs of a block. Long rows are read faster; what has to go through a tile first,
  /// and accumulators of 8 bytes, take TILE.
  WIDEST = 2 * TILE,
};

typedef struct reduction_plan {
  torus_dtype dtype;
  const char *a;
  dimensions kept, reduced;
  /// Whether each output is folded from runs (its elements lie closest), or rows of outputs are
  /// folded side by side.
  bool runs;
  /// Whether the loops read elements where they lie, those of half types by loops of their own, or from
  /// tiles; and the type whose loops they are.
  bool together;
  compute_type loops;
  /// Outputs are worked on in segments of the innermost kept dimension.
  int64_t width, segments, blocks;
  /// The reduced elements are cut into pieces of this many where outputs are too few to keep
  /// threads busy. The cut depends on shapes alone.
  int64_t piece, pieces;
} reduction_plan;

/// Null outputs have null strides. Blocks have at most `widest` outputs, TILE or WIDEST.
torus_status plan_reduction(
  reduction_plan *plan, torus_dtype dtype, int32_t rank, const int64_t *shape, const void *a,
  const int64_t *a_strides, uint64_t reduced, const int64_t *const out_strides[2],
  const int64_t out_sizes[2], int64_t widest);

/// The place of a block: its first output in the input and in the outputs, and how many it has.
typedef struct block_place {
  int64_t n;
  int64_t a, out[2];
} block_place;

block_place place_of_block(const reduction_plan *plan, int64_t block);

/// Folds the reduced elements begin ..< end of a block into n totals. `shift` holds one element of
/// the compute type per output, or is null.
void fold_block(
  const reduction_plan *plan, const fold_entry *fold, const block_place *place, int64_t begin,
  int64_t end, double p, const void *shift, total neutral, total *totals);

/// Folds all reduced elements of one output of a block, of floats that are computed in f32, in f64.
double fold_widened(
  const reduction_plan *plan, fold_op op, const block_place *place, int64_t output, double shift);
