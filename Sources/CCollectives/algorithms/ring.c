// The ring (Patarasuk & Yuan 2009): 2(p−1)α + 2(p−1)/p·nβ + (p−1)/p·nγ.
//
// The buffer is cut into one chunk per rank. In p−1 rounds every rank sends a partial sum to its
// right neighbour and adds the one from its left to its own, until rank r holds the whole sum of
// chunk r; in p−1 more rounds the sums travel on round the ring. Segments of the chunks are rings of
// their own, TORUS_LANES of them at a time: while one waits for its message another adds.

#include "../lanes/lanes.h"

#define TORUS_RING_SEGMENT ((size_t)512 << 10)

static int wrapped(int64_t rank, int size) { return (int)(((rank % size) + size) % size); }

static int advance(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  int rank = op->team->rank, size = op->team->size;
  int left = wrapped(rank - 1, size), right = wrapped(rank + 1, size);
  size_t element = op->element;
  int64_t step = lane->step++, rounds = size - 1;
  char *scratch = torus_lane_scratch(op, lane, op->segment * element);
  if (!scratch) return TORUS_NO_MEMORY;

  if (step >= 1 && step <= rounds) {
    torus_range got = torus_op_part(op, lane->segment, wrapped(rank - 1 - step, size));
    char *mine = torus_at(c->output, got.begin, element);
    torus_combine_pair(c->reduction, c->dtype, mine, scratch, mine, got.count);
    if (step == rounds && c->reduction == TORUS_AVERAGE) {
      torus_combine_divide(c->dtype, mine, got.count, (uint64_t)size);
    }
  }
  if (step >= 2 * rounds) return TORUS_FINISHED;

  // In round k of the sums chunk r−1−k leaves and r−2−k arrives; after them, chunk r−k and r−1−k.
  bool adding = step < rounds;
  int64_t round = adding ? step + 1 : step - rounds;
  torus_range out = torus_op_part(op, lane->segment, wrapped(rank - round, size));
  torus_range in = torus_op_part(op, lane->segment, wrapped(rank - 1 - round, size));
  char *arriving = adding ? scratch : torus_at(c->output, in.begin, element);
  torus_lane_receive(op, lane, arriving, in.count * element, left);
  torus_lane_send(op, lane, torus_at(c->output, out.begin, element), out.count * element, right);
  return TORUS_WAIT;
}

static int plan(torus_op *op) {
  torus_op_even_chunks(op, op->call.count);
  torus_op_segments(op, advance, TORUS_RING_SEGMENT);
  return TORUS_DONE;
}

const torus_algorithm torus_ring = {.plan = plan};
