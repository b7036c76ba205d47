// The executor: lanes of segments, each advanced by its algorithm whenever its messages are there.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "group.h"
#include "node.h"

/// How long to look for the reason, in the other ranks' fingerprints, when a message had the wrong
/// size.
#define TORUS_REASON_NANOSECONDS 500000000u

static void fail(torus_op *op, int failure) {
  if (op->failure) return;
  op->failure = failure;
  op->failed_at = torus_now();
  if (failure == TORUS_TRANSPORT_ERROR) {
    snprintf(op->group->error, sizeof op->group->error, "%s", op->group->transport->error);
  }
}

static torus_request *new_pending(torus_op *op, torus_lane *lane) {
  if (lane->pending_count == lane->pending_capacity) {
    size_t capacity = lane->pending_capacity ? 2 * lane->pending_capacity : 8;
    torus_request *grown = realloc(lane->pending, capacity * sizeof(torus_request));
    if (!grown) {
      fail(op, TORUS_NO_MEMORY);
      return NULL;
    }
    lane->pending = grown;
    lane->pending_capacity = capacity;
  }
  return &lane->pending[lane->pending_count++];
}

static void post(
  torus_op *op, torus_lane *lane, char *data, size_t bytes, int peer, bool receive
) {
  torus_transport *t = op->group->transport;
  // Lanes are apart by their segment; operations follow each other in order on every pair of ranks.
  int tag = (int)(lane->segment & 0xfff) | (int)(op->mine.sequence & 3) << 12;
  while (bytes && !op->failure) {
    size_t piece = bytes < t->piece ? bytes : t->piece;
    torus_request *p = new_pending(op, lane);
    if (!p) return;
    int status = receive
      ? t->receive(t, data, piece, peer, TORUS_CHANNEL_COLLECTIVE, tag, p)
      : t->send(t, data, piece, peer, TORUS_CHANNEL_COLLECTIVE, tag, p);
    if (status != TORUS_DONE) {
      lane->pending_count--;
      fail(op, status);
      return;
    }
    data += piece;
    bytes -= piece;
  }
}

void torus_lane_send(torus_op *op, torus_lane *lane, const void *data, size_t bytes, int peer) {
  post(op, lane, (char *)data, bytes, peer, false);
}

void torus_lane_receive(torus_op *op, torus_lane *lane, void *data, size_t bytes, int peer) {
  post(op, lane, data, bytes, peer, true);
}

void *torus_lane_scratch(torus_op *op, torus_lane *lane, size_t bytes) {
  if (bytes <= lane->scratch_bytes) return lane->scratch;
  free(lane->scratch);
  lane->scratch_bytes = (bytes + 4095) & ~(size_t)4095;
  lane->scratch = aligned_alloc(4096, lane->scratch_bytes);
  if (!lane->scratch) {
    lane->scratch_bytes = 0;
    fail(op, TORUS_NO_MEMORY);
  }
  return lane->scratch;
}

void torus_op_plan(torus_op *op, torus_advance advance, uint64_t segments) {
  op->advance = advance;
  op->segments = segments;
  op->lane_count = segments < TORUS_LANES ? (int)segments : TORUS_LANES;
  op->lanes_left = op->lane_count;
  for (int i = 0; i < op->lane_count; i++) {
    torus_lane *lane = &op->lanes[i];
    lane->finished = false;
    lane->segment = (uint64_t)i;
    lane->step = 0;
    lane->pending_count = 0;
  }
}

int torus_op_chunks(torus_op *op, const uint64_t *counts, uint64_t each) {
  op->starts[0] = 0;
  for (int r = 0; r < op->group->size; r++) {
    op->starts[r + 1] = op->starts[r] + (counts ? counts[r] : each);
  }
  return TORUS_DONE;
}

int torus_op_even_chunks(torus_op *op, uint64_t count) {
  uint64_t size = (uint64_t)op->group->size, each = count / size, rest = count % size;
  for (uint64_t r = 0; r <= size; r++) op->starts[r] = r * each + (r < rest ? r : rest);
  return TORUS_DONE;
}

torus_range torus_op_part(const torus_op *op, uint64_t segment, int chunk) {
  uint64_t length = op->starts[chunk + 1] - op->starts[chunk];
  uint64_t begin = segment * op->segment, end = begin + op->segment;
  if (begin > length) begin = length;
  if (end > length) end = length;
  return (torus_range){op->starts[chunk] + begin, end - begin};
}

void torus_op_segments(torus_op *op, torus_advance advance, size_t otherwise) {
  uint64_t longest = 0;
  for (int r = 0; r < op->group->size; r++) {
    uint64_t length = op->starts[r + 1] - op->starts[r];
    if (length > longest) longest = length;
  }
  size_t bytes = op->call.segment_bytes ? op->call.segment_bytes : otherwise;
  op->segment = bytes / op->element ? bytes / op->element : 1;
  torus_op_plan(op, advance, (longest + op->segment - 1) / op->segment);
}

/// Whether all messages of the lane have completed.
static bool settled(torus_op *op, torus_lane *lane) {
  torus_transport *t = op->group->transport;
  for (size_t i = 0; i < lane->pending_count;) {
    torus_request *p = &lane->pending[i];
    torus_receipt receipt;
    int status = t->test(t, p, &receipt);
    if (status == TORUS_PENDING) {
      i++;
      continue;
    }
    if (status == TORUS_DONE && p->receive && receipt.bytes != p->expected) {
      status = TORUS_WRONG_SIZE;
    }
    *p = lane->pending[--lane->pending_count];
    op->group->activity++;
    if (status != TORUS_DONE) {
      fail(op, status);
      return false;
    }
  }
  return lane->pending_count == 0;
}

static void run(torus_op *op, torus_lane *lane) {
  while (!lane->finished) {
    if (lane->pending_count && !settled(op, lane)) return;
    if (lane->step == 0 && op->segments > 1) torus_part_begin(op, lane);
    int result = op->advance(op, lane);
    if (result < 0) fail(op, result);
    if (op->failure || result == TORUS_AGAIN) return;
    op->group->activity++;
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
    if (agreed == TORUS_PENDING && torus_now() - op->failed_at < TORUS_REASON_NANOSECONDS) {
      return TORUS_PENDING;
    }
  }
  return op->status = op->failure;
}

static int advance(torus_group *g) {
  torus_op *op = &g->op;
  if (op->failure) return conclude(op);
  if (!op->guarded) {
    int agreed = torus_guard_poll(op);
    if (agreed < 0) return op->status = agreed;
    op->guarded = agreed == TORUS_DONE;
    if (op->guarded && g->recording) op->agreed = torus_now();
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

int torus_group_poll(torus_group *g) {
  torus_op *op = &g->op;
  if (op->status != TORUS_PENDING) return op->status;
  int status = advance(g);
  if (status != TORUS_PENDING) torus_flight_end(g->flight, op->record, status);
  return status;
}

/// With one rank every collective is a copy.
static void alone(torus_op *op) {
  const torus_collective *c = &op->call;
  uint64_t count = c->counts ? c->counts[0] : c->count;
  if (c->kind == TORUS_BARRIER || c->input == c->output || count == 0) return;
  memcpy(c->output, c->input, count * op->element);
}

static void describe(torus_op *op) {
  const torus_collective *c = &op->call;
  torus_fingerprint *f = &op->mine;
  f->sequence = op->group->sequence;
  f->count = c->count;
  f->layout = torus_layout(c, op->group->size);
  if (c->counts && c->kind != TORUS_ALL_TO_ALL) {
    f->count = 0;
    for (int r = 0; r < op->group->size; r++) f->count += c->counts[r];
  }
  f->name = c->name;
  f->kind = c->kind;
  f->dtype = c->dtype;
  f->reduction = c->reduction;
  f->root = c->root;
  f->algorithm = c->algorithm;
  f->rank = op->group->rank;
  f->step = torus_flight_step(op->group->flight);
  memcpy(f->label, c->label, TORUS_LABEL_BYTES);
}

/// What a flight recorder notes of a call, but for its sequence and the moment it was issued.
static void note(torus_flight_record *record, const torus_group *g, const torus_collective *call) {
  record->count = call->count;
  record->kind = call->kind;
  record->dtype = call->dtype;
  record->reduction = call->reduction;
  record->root = call->root;
  record->algorithm = call->algorithm;
  record->rank = g->rank;
  memcpy(record->group, g->name, sizeof record->group);
  memcpy(record->label, call->label, sizeof record->label);
}

uint64_t torus_group_schedule(torus_group *g, const torus_collective *call) {
  torus_flight_record record;
  note(&record, g, call);
  return torus_flight_schedule(g->flight, &record);
}

static void record(torus_op *op) {
  torus_group *g = op->group;
  torus_flight_record record;
  note(&record, g, &op->call);
  record.sequence = op->mine.sequence;
  record.count = op->mine.count;
  record.issued =
    op->call.scheduled ? torus_flight_unschedule(g->flight, op->call.scheduled) : 0;
  op->record = torus_flight_begin(g->flight, &record);
}

int torus_group_start(torus_group *g, const torus_collective *call) {
  torus_op *op = &g->op;
  op->call = *call;
  op->element = torus_element_size(call->dtype);
  op->failure = 0;
  op->guarded = op->inlined = op->direct = false;
  op->lane_count = op->lanes_left = 0;
  op->cursor = op->agreed = op->part_count = 0;
  g->sequence++;
  if (g->size == 1) {
    alone(op);
    return op->status = TORUS_DONE;
  }
  op->status = TORUS_PENDING;
  op->location = g->desks && call->kind == TORUS_ALL_REDUCE
    ? torus_node_location(g, call->output) : 0;
  describe(op);
  record(op);
  op->inlined = torus_exchange_fits(op);
  if (op->inlined) {
    torus_exchange_post(op);
  } else {
    int planned = torus_plan(op);
    if (planned != TORUS_DONE) {
      torus_flight_end(g->flight, op->record, planned);
      return op->status = planned;
    }
  }
  torus_guard_begin(op);
  return torus_group_poll(g);
}

int torus_plan(torus_op *op) {
  switch (op->call.kind) {
    case TORUS_ALL_REDUCE: return torus_plan_all_reduce(op);
    case TORUS_BROADCAST: return torus_plan_broadcast(op);
    case TORUS_REDUCE: return torus_plan_reduce(op);
    case TORUS_ALL_GATHER: return torus_plan_all_gather(op);
    case TORUS_REDUCE_SCATTER: return torus_plan_reduce_scatter(op);
    case TORUS_GATHER: return torus_plan_gather(op);
    case TORUS_SCATTER: return torus_plan_scatter(op);
    case TORUS_ALL_TO_ALL: return torus_plan_all_to_all(op);
    case TORUS_BARRIER: return torus_plan_barrier(op);
    default: return TORUS_NOT_SUPPORTED;
  }
}
