// Shared memory, for the ranks of one node: two waits, whatever the size.
//
// Buffers that live in a shared window are reduced where they lie: every rank reduces one slice over
// all ranks' buffers, in rank order, and stores it into all of them. Who is done with the own slice
// takes pieces of the others', so that nobody waits for a rank that has no core at the moment; the
// result is the same whoever computes it. Other buffers go through staging memory piece by piece:
// copied in, reduced by slices, copied out. Small ones never come here (exchange.c).

#include <string.h>

#include "../lanes/lanes.h"

/// Two stages of two lanes' memory each: while one is still read, the next is filled. Long stages
/// mean few waits, which cost most where ranks exceed cores.
#define TORUS_SHARED_STAGE (2 * TORUS_STAGE_BYTES)

/// Work between two polls, so that other operations get their turn.
#define TORUS_SHARED_PIECE ((size_t)256 << 10)

enum { BEGIN, COPY_IN, REDUCE_STAGE, COPY_OUT, REDUCE_DIRECT, LEAVE };

/// Rank r's slice of `count` elements: equal, and on cache lines of their own.
static torus_range slice(size_t count, int size, int rank, size_t element) {
  size_t line = 64 / element;
  size_t each = ((count + (size_t)size - 1) / (size_t)size + line - 1) / line * line;
  size_t begin = each * (size_t)rank < count ? each * (size_t)rank : count;
  size_t end = begin + each < count ? begin + each : count;
  return (torus_range){begin, end - begin};
}

static void reduce(torus_op *op, size_t outs, size_t count) {
  torus_team *g = op->team;
  torus_combine_many(
    op->call.reduction, op->call.dtype, g->outputs, outs, g->inputs, (size_t)g->size, count,
    op->call.reduction == TORUS_AVERAGE ? (uint64_t)g->size : 1);
}

/// Pieces of local rank `local`'s slice.
static uint32_t pieces(const torus_op *op, int local) {
  size_t bytes = slice(op->call.count, op->team->size, local, op->element).count * op->element;
  return (uint32_t)((bytes + TORUS_SHARED_PIECE - 1) / TORUS_SHARED_PIECE);
}

/// One piece, over all buffers and into all of them; false where none is left to take.
static bool reduce_direct(torus_op *op) {
  torus_team *g = op->team;
  for (; op->cursor < (uint64_t)g->size; op->cursor++) {
    int owner = (int)(((uint64_t)g->rank + op->cursor) % (uint64_t)g->size);
    uint32_t number;
    if (!torus_node_take(op, owner, pieces(op, owner), &number)) continue;
    torus_range whole = slice(op->call.count, g->size, owner, op->element);
    size_t most = TORUS_SHARED_PIECE / op->element, begin = number * most;
    size_t left = whole.count - begin;
    for (int r = 0; r < g->size; r++) {
      char *base = torus_node_at(g, op->location, r);
      g->outputs[r] = torus_at(base, whole.begin + begin, op->element);
      g->inputs[r] = g->outputs[r];
    }
    reduce(op, (size_t)g->size, left < most ? left : most);
    torus_node_done(op, owner);
    return true;
  }
  return false;
}

static bool all_done(const torus_op *op) {
  for (int r = 0; r < op->team->size; r++) {
    if (!torus_node_all_done(op, r, pieces(op, r))) return false;
  }
  return true;
}

static char *stage(const torus_op *op, int rank) {
  return op->team->desks[rank]->stage[op->team->stages % 2 * 2];
}

static bool all_direct(const torus_op *op) {
  if (!op->location) return false;
  for (int r = 0; r < op->team->size; r++) {
    if (torus_node_post(op, r)->location != op->location) return false;
  }
  return true;
}

static int advance(torus_op *op, torus_lane *lane) {
  torus_team *g = op->team;
  size_t element = op->element, most = TORUS_SHARED_STAGE / element;
  size_t left = op->call.count - op->cursor, count = left < most ? left : most;
  char *data = torus_at(op->call.output, op->cursor, element);
  switch (lane->step) {
    case BEGIN:
      // A post says that its rank's buffer is ready to be read.
      if (!op->guarded) return TORUS_AGAIN;
      op->direct = all_direct(op);
      lane->step = op->direct ? REDUCE_DIRECT : COPY_IN;
      torus_part_begin(op, lane);
      return TORUS_WAIT;

    case REDUCE_DIRECT:
      if (reduce_direct(op)) {
        g->activity++;
        return TORUS_AGAIN;
      }
      torus_part_end(op, lane, TORUS_PART_REDUCE);
      lane->step = LEAVE;
      return TORUS_WAIT;

    case LEAVE: return all_done(op) ? TORUS_FINISHED : TORUS_AGAIN;

    case COPY_IN:
      // A stage is free again: every rank has begun the stage after its last use.
      torus_part_begin(op, lane);
      memcpy(stage(op, g->rank), data, count * element);
      torus_node_advance(g, 0);
      torus_part_end(op, lane, TORUS_PART_COPY_IN);
      lane->step = REDUCE_STAGE;
      return TORUS_WAIT;

    case REDUCE_STAGE: {
      if (!torus_node_reached(g, 0, g->phase[0])) return TORUS_AGAIN;
      torus_part_begin(op, lane);
      torus_range mine = slice(count, g->size, g->rank, element);
      for (int r = 0; r < g->size; r++) {
        g->inputs[r] = torus_at(stage(op, r), mine.begin, element);
      }
      g->outputs[0] = (void *)g->inputs[g->rank];
      reduce(op, 1, mine.count);
      torus_node_advance(g, 0);
      torus_part_end(op, lane, TORUS_PART_REDUCE);
      lane->step = COPY_OUT;
      return TORUS_WAIT;
    }

    default:
      if (!torus_node_reached(g, 0, g->phase[0])) return TORUS_AGAIN;
      torus_part_begin(op, lane);
      for (int r = 0; r < g->size; r++) {
        torus_range part = slice(count, g->size, r, element);
        if (!part.count) continue;
        memcpy(torus_at(data, part.begin, element), torus_at(stage(op, r), part.begin, element),
               part.count * element);
      }
      torus_part_end(op, lane, TORUS_PART_COPY_OUT);
      g->stages++;
      op->cursor += count;
      lane->step = COPY_IN;
      return op->cursor == op->call.count ? TORUS_FINISHED : TORUS_WAIT;
  }
}

static int plan(torus_op *op) {
  if (op->call.count) torus_op_plan(op, advance, 1);
  return TORUS_DONE;
}

static bool runs(const torus_team *g, int32_t dtype) {
  (void)dtype;
  return g->desks && g->node_count == 1;
}

const torus_algorithm torus_shared_memory = {.plan = plan, .runs = runs};
