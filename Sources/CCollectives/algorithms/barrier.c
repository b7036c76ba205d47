// Dissemination barrier: in round k every rank tells the one 2^k to its right, ⌈log₂p⌉ rounds.

#include "../lanes/lanes.h"

static int advance(torus_op *op, torus_lane *lane) {
  int rank = op->team->rank, size = op->team->size;
  int64_t distance = (int64_t)1 << lane->step++;
  if (distance >= size) return TORUS_FINISHED;
  char *scratch = torus_lane_scratch(op, lane, 64);
  if (!scratch) return TORUS_NO_MEMORY;
  int from = (int)((rank - distance + size) % size), to = (int)((rank + distance) % size);
  torus_lane_receive(op, lane, scratch, 1, from);
  torus_lane_send(op, lane, scratch + 1, 1, to);
  return TORUS_WAIT;
}

int torus_plan_barrier(torus_op *op) {
  torus_op_plan(op, advance, 1);
  return TORUS_DONE;
}
