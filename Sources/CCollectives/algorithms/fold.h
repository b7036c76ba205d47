/// Making a power of two of any number of ranks, for the algorithms that need one: of the first
/// 2(p − core) ranks every even one hands its vector to the next and gets the result back.
#pragma once

#include "../lanes/lanes.h"

typedef struct torus_fold {
  int rank, extra;
  /// The largest power of two up to the group's size, and this rank's number within it.
  int core, me;
} torus_fold;

torus_fold torus_fold_of(const torus_team *group);

/// The group rank of a core number.
int torus_fold_rank(const torus_fold *fold, int number);

/// Runs the steps before the core's (0, and all of them for a folded rank) and after
/// `torus_fold_end`. True where it did, with what `advance` is to return.
bool torus_fold_handles(
  torus_op *op, torus_lane *lane, const torus_fold *fold, char *data, char *scratch, size_t count,
  int *result);

/// Finishes the core's part: averages, and sends the result to the folded rank.
int torus_fold_end(
  torus_op *op, torus_lane *lane, const torus_fold *fold, char *data, size_t count);

/// Plans the whole buffer as one chunk in segments.
void torus_fold_plan(torus_op *op, torus_advance advance);
