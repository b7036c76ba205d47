// Several nodes, any number of ranks on each: shared memory within a node, rings between nodes.
//
// Every segment is cut into as many slices as the largest node has ranks; slice s belongs, on a node
// with L ranks, to local rank s mod L. Owners reduce their slices over the node's buffers, the owners
// of one slice on all nodes run a ring, and the node's ranks read the sums. So every link carries
// 2(N−1)/N of the buffer once, and all local ranks share the work.

#include <string.h>

#include "../lanes/lanes.h"

/// What a message between nodes carries: with its header less than the 64 KiB that MPI sends over TCP
/// without asking first. A longer one waits for its answer behind all that is under way, and a link
/// of 1 Gbit/s then carries two thirds of what it could.
#define TORUS_HIERARCHICAL_MESSAGE ((size_t)60 << 10)

enum { BEGIN, REDUCE, SHARE = -2, LEAVE = -1, RING = 2 };

typedef struct place {
  int node, nodes, local, locals, slices;
} place;

static place place_of(const torus_team *g) {
  const torus_transport *t = g->transport;
  return (place){
    g->node_index[g->rank], g->node_count, t->local_index, t->local_size, g->node_largest};
}

static torus_range cut(torus_range whole, int parts, int part) {
  size_t each = whole.count / (size_t)parts, rest = whole.count % (size_t)parts, p = (size_t)part;
  size_t begin = p * each + (p < rest ? p : rest);
  return (torus_range){whole.begin + begin, each + (p < rest ? 1 : 0)};
}

/// Where local rank `local` keeps the segment: its own buffer, or its stage.
static char *home(const torus_op *op, const torus_lane *lane, torus_range segment, int local) {
  const torus_team *g = op->team;
  if (g->transport->local_size == 1) return torus_at(op->call.output, segment.begin, op->element);
  if (!op->direct) return g->desks[local]->stage[lane->index];
  return torus_at(torus_node_at(g, op->location, local), segment.begin, op->element);
}

static bool all_direct(const torus_op *op) {
  if (!op->location) return false;
  for (int i = 0; i < op->team->transport->local_size; i++) {
    if (torus_node_post(op, i)->location != op->location) return false;
  }
  return true;
}

/// The rank that owns `slice` on a node.
static int owner(const torus_team *g, int slice, int node) {
  int begin = g->node_start[node], locals = g->node_start[node + 1] - begin;
  return g->node_members[begin + slice % locals];
}

/// One step of the rings between nodes, of all slices that this rank owns.
static bool ring(torus_op *op, torus_lane *lane, torus_range segment, int64_t step) {
  torus_team *g = op->team;
  const torus_collective *c = &op->call;
  place at = place_of(g);
  int64_t rounds = at.nodes - 1;
  size_t element = op->element;
  char *mine = home(op, lane, segment, at.local);
  char *scratch = torus_lane_scratch(op, lane, segment.count * element + 64);
  if (!scratch) return false;
  torus_range whole = {0, segment.count};
  int n = at.nodes;
  for (int s = at.local; s < at.slices; s += at.locals) {
    torus_range slice = cut(whole, at.slices, s);
    if (step >= 1 && step <= rounds) {
      torus_range got = cut(slice, n, (int)((at.node - 1 - step + 2 * n) % n));
      char *sum = torus_at(mine, got.begin, element);
      torus_combine_pair(
        c->reduction, c->dtype, sum, torus_at(scratch, got.begin, element), sum, got.count);
      if (step == rounds && c->reduction == TORUS_AVERAGE) {
        torus_combine_divide(c->dtype, sum, got.count, (uint64_t)g->size);
      }
    }
    if (step >= 2 * rounds) continue;
    bool adding = step < rounds;
    int64_t round = adding ? step + 1 : step - rounds;
    torus_range out = cut(slice, n, (int)((at.node - round + 2 * n) % n));
    torus_range in = cut(slice, n, (int)((at.node - 1 - round + 2 * n) % n));
    torus_lane_receive(
      op, lane, torus_at(adding ? scratch : mine, in.begin, element), in.count * element,
      owner(g, s, (at.node + n - 1) % n));
    torus_lane_send(
      op, lane, torus_at(mine, out.begin, element), out.count * element,
      owner(g, s, (at.node + 1) % n));
  }
  return step < 2 * rounds;
}

/// Reduces this rank's slices over the node's buffers, into its own.
static void reduce(torus_op *op, const torus_lane *lane, torus_range segment) {
  torus_team *g = op->team;
  place at = place_of(g);
  for (int s = at.local; s < at.slices; s += at.locals) {
    torus_range slice = cut((torus_range){0, segment.count}, at.slices, s);
    for (int i = 0; i < at.locals; i++) {
      g->inputs[i] = torus_at(home(op, lane, segment, i), slice.begin, op->element);
    }
    g->outputs[0] = (void *)g->inputs[at.local];
    torus_combine_many(
      op->call.reduction, op->call.dtype, g->outputs, 1, g->inputs, (size_t)at.locals, slice.count,
      1);
  }
}

/// Gives this rank's finished slices to the others' buffers, or takes theirs from their stages.
static void spread(torus_op *op, const torus_lane *lane, torus_range segment, bool give) {
  place at = place_of(op->team);
  size_t element = op->element;
  for (int s = 0; s < at.slices; s++) {
    int keeper = s % at.locals;
    torus_range slice = cut((torus_range){0, segment.count}, at.slices, s);
    if (!slice.count || (give && keeper != at.local)) continue;
    const char *from = torus_at(home(op, lane, segment, keeper), slice.begin, element);
    if (!give) {
      char *to = torus_at(op->call.output, segment.begin + slice.begin, element);
      memcpy(to, from, slice.count * element);
      continue;
    }
    for (int i = 0; i < at.locals; i++) {
      char *to = torus_at(home(op, lane, segment, i), slice.begin, element);
      if (i != at.local) memcpy(to, from, slice.count * element);
    }
  }
}

static int advance(torus_op *op, torus_lane *lane) {
  torus_team *g = op->team;
  bool single = g->transport->local_size == 1;
  uint64_t phase = g->phase[lane->index];
  torus_range segment = torus_op_part(op, lane->segment, 0);

  switch (lane->step) {
    case BEGIN:
      if (single) {
        lane->step = RING;
        return TORUS_WAIT;
      }
      // The stage is free once every local rank has left the lane's last segment.
      if (!op->node_guarded || !torus_node_reached(g, lane->index, phase)) return TORUS_AGAIN;
      op->direct = all_direct(op);
      if (!op->direct) {
        memcpy(
          g->desks[g->transport->local_index]->stage[lane->index],
          torus_at(op->call.output, segment.begin, op->element), segment.count * op->element);
      }
      torus_node_advance(g, lane->index);
      lane->step = REDUCE;
      return TORUS_WAIT;

    case REDUCE:
      if (!torus_node_reached(g, lane->index, phase)) return TORUS_AGAIN;
      reduce(op, lane, segment);
      lane->step = RING;
      return TORUS_WAIT;

    default:
      if (ring(op, lane, segment, lane->step++ - RING)) return TORUS_WAIT;
      if (single) return TORUS_FINISHED;
      if (op->direct) spread(op, lane, segment, true);
      torus_node_advance(g, lane->index);
      lane->step = op->direct ? LEAVE : SHARE;
      return TORUS_WAIT;

    case SHARE:
      if (!torus_node_reached(g, lane->index, phase)) return TORUS_AGAIN;
      spread(op, lane, segment, false);
      torus_node_advance(g, lane->index);
      return TORUS_FINISHED;

    case LEAVE: return torus_node_reached(g, lane->index, phase) ? TORUS_FINISHED : TORUS_AGAIN;
  }
}

static int plan(torus_op *op) {
  op->starts[0] = 0;
  for (int r = 1; r <= op->team->size; r++) op->starts[r] = op->call.count;
  const torus_team *g = op->team;
  size_t bytes = TORUS_HIERARCHICAL_MESSAGE * (size_t)g->node_count * (size_t)g->node_largest;
  op->segment = (bytes < TORUS_STAGE_BYTES ? bytes : TORUS_STAGE_BYTES) / op->element;
  torus_op_plan(op, advance, (op->call.count + op->segment - 1) / op->segment);
  return TORUS_DONE;
}

static bool runs(const torus_team *g, int32_t dtype) {
  (void)dtype;
  // Nodes with one rank have no desk and need none.
  return g->node_count > 1 && g->share_memory;
}

const torus_algorithm torus_hierarchical = {.plan = plan, .runs = runs};
