// Gather, scatter and all-to-all: every part goes from its rank to its rank at once.

#include <string.h>

#include "../lanes/lanes.h"

static void keep(const torus_op *op, const void *from, void *to, uint64_t count) {
  if (count && from != to) memmove(to, from, count * op->element);
}

static uint64_t length(const uint64_t *starts, int rank) { return starts[rank + 1] - starts[rank]; }

static int advance_gather(torus_op *op, torus_lane *lane) {
  if (lane->step++ > 0) return TORUS_FINISHED;
  const torus_collective *c = &op->call;
  int rank = op->team->rank, size = op->team->size;
  size_t element = op->element;
  uint64_t mine = length(op->starts, rank);
  if (rank != c->root) {
    torus_lane_send(op, lane, c->input, mine * element, c->root);
    return TORUS_WAIT;
  }
  for (int r = 0; r < size; r++) {
    char *to = torus_at(c->output, op->starts[r], element);
    if (r == rank) keep(op, c->input, to, mine);
    else torus_lane_receive(op, lane, to, length(op->starts, r) * element, r);
  }
  return TORUS_WAIT;
}

static int advance_scatter(torus_op *op, torus_lane *lane) {
  if (lane->step++ > 0) return TORUS_FINISHED;
  const torus_collective *c = &op->call;
  int rank = op->team->rank, size = op->team->size;
  size_t element = op->element;
  uint64_t mine = length(op->starts, rank);
  if (rank != c->root) {
    torus_lane_receive(op, lane, c->output, mine * element, c->root);
    return TORUS_WAIT;
  }
  for (int r = 0; r < size; r++) {
    const char *from = torus_at(c->input, op->starts[r], element);
    if (r == rank) keep(op, from, c->output, mine);
    else torus_lane_send(op, lane, from, length(op->starts, r) * element, r);
  }
  return TORUS_WAIT;
}

static int advance_all_to_all(torus_op *op, torus_lane *lane) {
  if (lane->step++ > 0) return TORUS_FINISHED;
  const torus_collective *c = &op->call;
  int rank = op->team->rank, size = op->team->size;
  size_t element = op->element;
  keep(op, torus_at(c->input, op->send_starts[rank], element),
       torus_at(c->output, op->starts[rank], element), length(op->starts, rank));
  // Every rank begins with another partner, so that no one is asked by all at once.
  for (int k = 1; k < size; k++) {
    int from = (rank - k + size) % size, to = (rank + k) % size;
    torus_lane_receive(
      op, lane, torus_at(c->output, op->starts[from], element),
      length(op->starts, from) * element, from);
    torus_lane_send(
      op, lane, torus_at(c->input, op->send_starts[to], element),
      length(op->send_starts, to) * element, to);
  }
  return TORUS_WAIT;
}

int torus_plan_gather(torus_op *op) {
  torus_op_chunks(op, op->call.counts, op->call.count);
  torus_op_plan(op, advance_gather, 1);
  return TORUS_DONE;
}

int torus_plan_scatter(torus_op *op) {
  torus_op_chunks(op, op->call.counts, op->call.count);
  torus_op_plan(op, advance_scatter, 1);
  return TORUS_DONE;
}

int torus_plan_all_to_all(torus_op *op) {
  const torus_collective *c = &op->call;
  torus_op_chunks(op, c->send_counts, c->count);
  for (int r = 0; r <= op->team->size; r++) op->send_starts[r] = op->starts[r];
  torus_op_chunks(op, c->counts, c->count);
  torus_op_plan(op, advance_all_to_all, 1);
  return TORUS_DONE;
}
