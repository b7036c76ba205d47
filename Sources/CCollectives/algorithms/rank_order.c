// Reduce-scatter in rank order, for half precision: (p−1)α + (p−1)/p·nβ + (p−1)/p·nγ.
//
// Every part goes to its rank at once, which adds all of them up in f32 and rounds once: the bits are
// those of the shared-memory all-reduce. As many bytes travel as in the ring, which rounds partial
// sums at every rank, and overflows where only the sum, not the average, is out of f16's range.

#include "rank_order.h"

/// Bytes that arrive in one segment, of all ranks together, unless messages became tiny.
#define TORUS_RANK_ORDER_ROOM ((size_t)1 << 20)
#define TORUS_RANK_ORDER_LEAST ((size_t)16 << 10)

static int advance(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  torus_team *g = op->team;
  size_t element = op->element, room = (op->segment * element + 63) & ~(size_t)63;
  char *scratch = torus_lane_scratch(op, lane, (size_t)g->size * room);
  if (!scratch) return TORUS_NO_MEMORY;
  torus_range mine = torus_op_part(op, lane->segment, g->rank);
  if (lane->step++ == 0) {
    // Every rank begins with another partner, so that no one is asked by all at once.
    for (int k = 1; k < g->size; k++) {
      int from = (g->rank - k + g->size) % g->size, to = (g->rank + k) % g->size;
      torus_range out = torus_op_part(op, lane->segment, to);
      torus_lane_receive(op, lane, scratch + (size_t)from * room, mine.count * element, from);
      torus_lane_send(
        op, lane, torus_at(c->input, out.begin, element), out.count * element, to);
    }
    return TORUS_WAIT;
  }
  for (int r = 0; r < g->size; r++) g->inputs[r] = scratch + (size_t)r * room;
  g->inputs[g->rank] = torus_at(c->input, mine.begin, element);
  void *sum = torus_at(c->output, lane->segment * op->segment, element);
  torus_combine_many(
    c->reduction, c->dtype, &sum, 1, g->inputs, (size_t)g->size, mine.count,
    c->reduction == TORUS_AVERAGE ? (uint64_t)g->size : 1);
  return TORUS_FINISHED;
}

int torus_plan_rank_order(torus_op *op) {
  size_t each = TORUS_RANK_ORDER_ROOM / (size_t)op->team->size;
  torus_op_segments(op, advance, each < TORUS_RANK_ORDER_LEAST ? TORUS_RANK_ORDER_LEAST : each);
  return TORUS_DONE;
}
