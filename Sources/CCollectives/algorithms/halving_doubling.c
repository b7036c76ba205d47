// Recursive halving and doubling (Rabenseifner 2004): 2⌈log₂p⌉α with the ring's bandwidth.
//
// In round k partners at distance core/2^(k+1) halve what they both hold: each sends one half and
// adds the other. After log₂ core rounds each holds a finished piece; the same partners in reverse
// order then double what they hold. The lower rank's half is the left operand.

#include "../lanes/lanes.h"
#include "fold.h"

/// What `me` holds after `rounds` halvings of [0, count).
static torus_range held(int me, int core, int rounds, size_t count) {
  size_t low = 0, high = count;
  for (int k = 0; k < rounds; k++) {
    size_t middle = low + (high - low) / 2;
    if (me & core >> (k + 1)) low = middle;
    else high = middle;
  }
  return (torus_range){low, high - low};
}

static int advance(torus_op *op, torus_lane *lane) {
  const torus_collective *c = &op->call;
  torus_fold fold = torus_fold_of(op->team);
  torus_range whole = torus_op_part(op, lane->segment, 0);
  size_t element = op->element;
  char *data = torus_at(c->output, whole.begin, element);
  char *scratch = torus_lane_scratch(op, lane, op->segment * element);
  if (!scratch) return TORUS_NO_MEMORY;
  int result;
  if (torus_fold_handles(op, lane, &fold, data, scratch, whole.count, &result)) return result;

  int rounds = __builtin_ctz((unsigned)fold.core), step = (int)lane->step++ - 1;
  if (step >= 1 && step <= rounds) {
    int peer = fold.me ^ fold.core >> step;
    torus_range kept = held(fold.me, fold.core, step, whole.count);
    char *mine = torus_at(data, kept.begin, element);
    char *first = peer < fold.me ? scratch : mine, *second = peer < fold.me ? mine : scratch;
    torus_combine_pair(c->reduction, c->dtype, mine, first, second, kept.count);
  }
  if (step >= 2 * rounds) return torus_fold_end(op, lane, &fold, data, whole.count);

  int round = step < rounds ? step : 2 * rounds - 1 - step;
  int number = fold.me ^ fold.core >> (round + 1), peer = torus_fold_rank(&fold, number);
  torus_range mine = held(fold.me, fold.core, round + 1, whole.count);
  torus_range theirs = held(number, fold.core, round + 1, whole.count);
  char *my_half = torus_at(data, mine.begin, element);
  char *their_half = torus_at(data, theirs.begin, element);
  if (step < rounds) {
    torus_lane_receive(op, lane, scratch, mine.count * element, peer);
    torus_lane_send(op, lane, their_half, theirs.count * element, peer);
  } else {
    torus_lane_receive(op, lane, their_half, theirs.count * element, peer);
    torus_lane_send(op, lane, my_half, mine.count * element, peer);
  }
  return TORUS_WAIT;
}

static int plan(torus_op *op) {
  torus_fold_plan(op, advance);
  return TORUS_DONE;
}

const torus_algorithm torus_halving_doubling = {.plan = plan};
