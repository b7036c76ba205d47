// The executor: lanes of segments, each advanced by its algorithm whenever its messages are there.

#include "operation.h"

/// How long to look for the reason, in the other ranks' fingerprints, when a message had the wrong
/// size.
#define TORUS_REASON_NANOSECONDS 500000000u

static void run(torus_op *op, torus_lane *lane) {
  while (!lane->finished) {
    if (lane->pending_count && !torus_lane_settled(op, lane)) return;
    if (lane->step == 0 && op->segments > 1) torus_part_begin(op, lane);
    int result = op->advance(op, lane);
    if (result < 0) torus_op_fail(op, result);
    if (op->failure || result == TORUS_AGAIN) return;
    op->team->activity++;
    if (result != TORUS_FINISHED) continue;
    if (op->segments > 1) torus_part_end(op, lane, TORUS_PART_SEGMENT);
    lane->segment += (uint64_t)op->lane_count;
    lane->step = 0;
    if (lane->segment >= op->segments) {
      lane->finished = true;
      op->lanes_left--;
    }
  }
}

/// An error was met: a mismatch between ranks explains it best, so look for one for a while.
static int conclude(torus_op *op) {
  if (op->failure == TORUS_WRONG_SIZE) {
    int agreed = op->guarded ? TORUS_DONE : torus_guard_poll(op);
    if (agreed == TORUS_MISMATCH) return op->status = TORUS_MISMATCH;
    if (agreed == TORUS_PENDING && torus_clock() - op->failed_at < TORUS_REASON_NANOSECONDS) {
      return TORUS_PENDING;
    }
  }
  return op->status = op->failure;
}

int torus_op_advance(torus_op *op) {
  if (op->failure) return conclude(op);
  if (!op->guarded) {
    int agreed = torus_guard_poll(op);
    if (agreed < 0) return op->status = agreed;
    op->guarded = agreed == TORUS_DONE;
    if (op->guarded && op->team->recording) op->agreed = torus_clock();
  }
  if (op->inlined) {
    if (!op->guarded) return TORUS_PENDING;
    torus_exchange_finish(op);
    return op->status = TORUS_DONE;
  }
  for (int i = 0; op->lanes_left && i < op->lane_count; i++) {
    if (!op->lanes[i].finished) run(op, &op->lanes[i]);
    if (op->failure) return conclude(op);
  }
  if (op->lanes_left || !op->guarded) return TORUS_PENDING;
  return op->status = TORUS_DONE;
}
