// All-gather and reduce-scatter: the two halves of the ring all-reduce, with parts of any lengths.

#include <string.h>

#include "../lanes/lanes.h"
#include "rank_order.h"

#define TORUS_PARTS_SEGMENT ((size_t)512 << 10)

static int wrapped(int64_t rank, int size) { return (int)(((rank % size) + size) % size); }

static int advance_all_gather(torus_op *op, torus_lane *lane) {
  int rank = op->team->rank, size = op->team->size;
  int64_t step = lane->step++;
  if (step >= size - 1) return TORUS_FINISHED;
  torus_range out = torus_op_part(op, lane->segment, wrapped(rank - step, size));
  torus_range in = torus_op_part(op, lane->segment, wrapped(rank - 1 - step, size));
  size_t element = op->element;
  char *data = op->call.output;
  torus_lane_receive(
    op, lane, torus_at(data, in.begin, element), in.count * element, wrapped(rank - 1, size));
  torus_lane_send(
    op, lane, torus_at(data, out.begin, element), out.count * element, wrapped(rank + 1, size));
  return TORUS_WAIT;
}

int torus_plan_all_gather(torus_op *op) {
  const torus_collective *c = &op->call;
  torus_op_chunks(op, c->counts, c->count);
  uint64_t begin = op->starts[op->team->rank], end = op->starts[op->team->rank + 1];
  char *mine = torus_at(c->output, begin, op->element);
  if (end > begin && mine != c->input) memmove(mine, c->input, (end - begin) * op->element);
  torus_op_segments(op, advance_all_gather, TORUS_PARTS_SEGMENT);
  return TORUS_DONE;
}

static int advance_reduce_scatter(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  int rank = op->team->rank, size = op->team->size;
  size_t element = op->element, room = (op->segment * element + 63) & ~(size_t)63;
  int64_t step = lane->step++, rounds = size - 1;
  char *scratch = torus_lane_scratch(op, lane, 2 * room);
  if (!scratch) return TORUS_NO_MEMORY;
  // Partial sums arrive in one half of the scratch memory while the other is on its way out.
  char *arrived = scratch + (size_t)((step + 1) & 1) * room;
  char *arriving = scratch + (size_t)(step & 1) * room;
  const char *leaving;
  torus_range out = torus_op_part(op, lane->segment, wrapped(rank - 1 - step, size));
  if (step == 0) {
    leaving = torus_at(c->input, out.begin, element);
  } else {
    bool last = step == rounds;
    size_t begin = lane->segment * op->segment;
    char *sum = last ? torus_at(c->output, begin, element) : arrived;
    torus_combine_pair(
      c->reduction, c->dtype, sum, arrived, torus_at(c->input, out.begin, element), out.count);
    if (last && c->reduction == TORUS_AVERAGE) {
      torus_combine_divide(c->dtype, sum, out.count, (uint64_t)size);
    }
    if (last) return TORUS_FINISHED;
    leaving = sum;
  }
  torus_range in = torus_op_part(op, lane->segment, wrapped(rank - 2 - step, size));
  torus_lane_receive(op, lane, arriving, in.count * element, wrapped(rank - 1, size));
  torus_lane_send(op, lane, leaving, out.count * element, wrapped(rank + 1, size));
  return TORUS_WAIT;
}

int torus_plan_reduce_scatter(torus_op *op) {
  const torus_collective *c = &op->call;
  if (!torus_combine_supported(c->reduction, c->dtype)) return TORUS_NOT_SUPPORTED;
  torus_op_chunks(op, c->counts, c->count);
  // A ring would round to half precision at every rank.
  bool half = c->dtype == TORUS_F16 || c->dtype == TORUS_BF16;
  if (half) return torus_plan_rank_order(op);
  torus_op_segments(op, advance_reduce_scatter, TORUS_PARTS_SEGMENT);
  return TORUS_DONE;
}
