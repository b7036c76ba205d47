// Broadcast and reduce over a tree: binomial for short vectors (⌈log₂p⌉ rounds), a chain of segments
// for long ones (every link carries the vector once, all of them at the same time).

#include <string.h>

#include "../lanes/lanes.h"

#define TORUS_CHAIN_FROM ((size_t)256 << 10)
#define TORUS_TREE_SEGMENT ((size_t)256 << 10)

/// Finds this rank's parent (−1 at the root) and children.
static void grow(torus_op *op) {
  int size = op->team->size, root = op->call.root;
  int me = (op->team->rank - root + size) % size;
  op->child_count = 0;
  op->parent = -1;
  if (op->call.count * op->element >= TORUS_CHAIN_FROM) {
    if (me > 0) op->parent = (me - 1 + root) % size;
    if (me + 1 < size) op->children[op->child_count++] = (me + 1 + root) % size;
    return;
  }
  int bit = 1;
  while (bit < size && !(me & bit)) bit <<= 1;
  if (me > 0) op->parent = ((me & ~bit) + root) % size;
  for (int b = bit >> 1; b > 0; b >>= 1) {
    if (me + b < size) op->children[op->child_count++] = (me + b + root) % size;
  }
}

static int plan(torus_op *op, torus_advance advance) {
  grow(op);
  op->starts[0] = 0;
  for (int r = 1; r <= op->team->size; r++) op->starts[r] = op->call.count;
  torus_op_segments(op, advance, TORUS_TREE_SEGMENT);
  return TORUS_DONE;
}

static int advance_broadcast(torus_op *op, torus_lane *lane) {
  torus_range part = torus_op_part(op, lane->segment, 0);
  size_t bytes = part.count * op->element;
  char *data = torus_at(op->call.output, part.begin, op->element);
  switch (lane->step++) {
    case 0:
      if (op->parent >= 0) torus_lane_receive(op, lane, data, bytes, op->parent);
      return TORUS_WAIT;
    case 1:
      for (int i = 0; i < op->child_count; i++) {
        torus_lane_send(op, lane, data, bytes, op->children[i]);
      }
      return TORUS_WAIT;
    default: return TORUS_FINISHED;
  }
}

int torus_plan_broadcast(torus_op *op) {
  const torus_collective *c = &op->call;
  if (op->team->rank == c->root && c->input != c->output && c->count) {
    memcpy(c->output, c->input, c->count * op->element);
  }
  return plan(op, advance_broadcast);
}

static int advance_reduce(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  torus_range part = torus_op_part(op, lane->segment, 0);
  size_t bytes = part.count * op->element, room = op->segment * op->element;
  room = (room + 63) & ~(size_t)63;
  const char *mine = torus_at(c->input, part.begin, op->element);
  char *incoming = torus_lane_scratch(op, lane, 2 * room);
  if (!incoming) return TORUS_NO_MEMORY;
  bool root = op->parent < 0;
  // Only the root may write to its output; the others sum in scratch memory.
  char *sum = root ? torus_at(c->output, part.begin, op->element) : incoming + room;
  int64_t step = lane->step++;
  if (step == 0 && sum != mine && bytes) memcpy(sum, mine, bytes);
  if (step > 0 && step <= op->child_count) {
    torus_combine_pair(c->reduction, c->dtype, sum, sum, incoming, part.count);
  }
  if (step < op->child_count) {
    torus_lane_receive(op, lane, incoming, bytes, op->children[op->child_count - 1 - step]);
    return TORUS_WAIT;
  }
  if (step > op->child_count) return TORUS_FINISHED;
  if (!root) {
    torus_lane_send(op, lane, sum, bytes, op->parent);
  } else if (c->reduction == TORUS_AVERAGE) {
    torus_combine_divide(c->dtype, sum, part.count, (uint64_t)op->team->size);
  }
  return TORUS_WAIT;
}

int torus_plan_reduce(torus_op *op) {
  if (!torus_combine_supported(op->call.reduction, op->call.dtype)) return TORUS_NOT_SUPPORTED;
  return plan(op, advance_reduce);
}
