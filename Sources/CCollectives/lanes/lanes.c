// Lanes: their messages, memory and segments.

#include "lanes.h"

#include <stdio.h>
#include <stdlib.h>

void torus_op_fail(torus_op *op, int failure) {
  if (op->failure) return;
  op->failure = failure;
  op->failed_at = torus_clock();
  if (failure == TORUS_TRANSPORT_ERROR) {
    snprintf(op->team->error, sizeof op->team->error, "%s", op->team->transport->error);
  }
}

static torus_request *new_pending(torus_op *op, torus_lane *lane) {
  if (lane->pending_count == lane->pending_capacity) {
    size_t capacity = lane->pending_capacity ? 2 * lane->pending_capacity : 8;
    torus_request *grown = realloc(lane->pending, capacity * sizeof(torus_request));
    if (!grown) {
      torus_op_fail(op, TORUS_NO_MEMORY);
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
  torus_transport *t = op->team->transport;
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
      torus_op_fail(op, status);
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
    torus_op_fail(op, TORUS_NO_MEMORY);
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
  for (int r = 0; r < op->team->size; r++) {
    op->starts[r + 1] = op->starts[r] + (counts ? counts[r] : each);
  }
  return TORUS_DONE;
}

int torus_op_even_chunks(torus_op *op, uint64_t count) {
  uint64_t size = (uint64_t)op->team->size, each = count / size, rest = count % size;
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
  for (int r = 0; r < op->team->size; r++) {
    uint64_t length = op->starts[r + 1] - op->starts[r];
    if (length > longest) longest = length;
  }
  size_t bytes = op->call.segment_bytes ? op->call.segment_bytes : otherwise;
  op->segment = bytes / op->element ? bytes / op->element : 1;
  torus_op_plan(op, advance, (longest + op->segment - 1) / op->segment);
}

bool torus_lane_settled(torus_op *op, torus_lane *lane) {
  torus_transport *t = op->team->transport;
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
    op->team->activity++;
    if (status != TORUS_DONE) {
      torus_op_fail(op, status);
      return false;
    }
  }
  return lane->pending_count == 0;
}
