// Recursive doubling (Thakur 2005): ⌈log₂p⌉(α + nβ + nγ), for small messages.
//
// In round k every rank exchanges its whole vector with the one whose number differs in bit k, and
// both add. Ranks beyond a power of two hand their vector to a neighbour first and get the result
// last. The lower rank's vector is always the left operand, so that all ranks compute the same bits.

#include "../lanes/lanes.h"
#include "fold.h"

static int advance(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  torus_fold fold = torus_fold_of(op->team);
  torus_range whole = torus_op_part(op, lane->segment, 0);
  size_t bytes = whole.count * op->element;
  char *data = torus_at(c->output, whole.begin, op->element);
  char *scratch = torus_lane_scratch(op, lane, op->segment * op->element);
  if (!scratch) return TORUS_NO_MEMORY;
  int result;
  if (torus_fold_handles(op, lane, &fold, data, scratch, whole.count, &result)) return result;

  int round = (int)lane->step++ - 1;
  if (round > 0) {
    int peer = fold.me ^ 1 << (round - 1);
    char *first = peer < fold.me ? scratch : data, *second = peer < fold.me ? data : scratch;
    torus_combine_pair(c->reduction, c->dtype, data, first, second, whole.count);
  }
  if (1 << round >= fold.core) return torus_fold_end(op, lane, &fold, data, whole.count);
  int peer = torus_fold_rank(&fold, fold.me ^ 1 << round);
  torus_lane_receive(op, lane, scratch, bytes, peer);
  torus_lane_send(op, lane, data, bytes, peer);
  return TORUS_WAIT;
}

static int plan(torus_op *op) {
  torus_fold_plan(op, advance);
  return TORUS_DONE;
}

const torus_algorithm torus_recursive_doubling = {.plan = plan};
