#include "fold.h"

#define TORUS_FOLD_SEGMENT ((size_t)1 << 20)
#define TORUS_FOLD_LAST 1000

torus_fold torus_fold_of(const torus_team *g) {
  int core = 1;
  while (2 * core <= g->size) core *= 2;
  int extra = g->size - core;
  int me = g->rank < 2 * extra ? g->rank / 2 : g->rank - extra;
  return (torus_fold){g->rank, extra, core, me};
}

int torus_fold_rank(const torus_fold *fold, int number) {
  return number < fold->extra ? 2 * number + 1 : number + fold->extra;
}

bool torus_fold_handles(
  torus_op *op, torus_lane *lane, const torus_fold *fold, char *data, char *scratch, size_t count,
  int *result
) {
  size_t bytes = count * op->element;
  bool paired = fold->rank < 2 * fold->extra, even = fold->rank % 2 == 0;
  *result = TORUS_WAIT;
  if (paired && even) {
    switch (lane->step++) {
      case 0: torus_lane_send(op, lane, data, bytes, fold->rank + 1); return true;
      case 1: torus_lane_receive(op, lane, data, bytes, fold->rank + 1); return true;
      default: *result = TORUS_FINISHED; return true;
    }
  }
  if (lane->step >= TORUS_FOLD_LAST) {
    *result = TORUS_FINISHED;
    return true;
  }
  if (lane->step == 0) {
    lane->step = 1;
    if (!paired) return false;
    torus_lane_receive(op, lane, scratch, bytes, fold->rank - 1);
    return true;
  }
  if (lane->step == 1 && paired) {
    torus_combine_pair(op->call.reduction, op->call.dtype, data, scratch, data, count);
  }
  return false;
}

int torus_fold_end(
  torus_op *op, torus_lane *lane, const torus_fold *fold, char *data, size_t count
) {
  if (op->call.reduction == TORUS_AVERAGE) {
    torus_combine_divide(op->call.dtype, data, count, (uint64_t)op->team->size);
  }
  lane->step = TORUS_FOLD_LAST;
  if (fold->rank >= 2 * fold->extra) return TORUS_FINISHED;
  torus_lane_send(op, lane, data, count * op->element, fold->rank - 1);
  return TORUS_WAIT;
}

void torus_fold_plan(torus_op *op, torus_advance advance) {
  for (int r = 1; r <= op->team->size; r++) op->starts[r] = op->call.count;
  op->starts[0] = 0;
  torus_op_segments(op, advance, TORUS_FOLD_SEGMENT);
}
