// Agreement on what is called. On one node every rank posts its fingerprint's hash and sees all
// others'. Between nodes every rank sends its fingerprint to its right neighbour: if each equals its
// left one, all are equal. Both run beside the data, so they cost no round trip of their own.

#include <string.h>

#include "operation.h"

/// Header messages use a tag of their own.
#define TORUS_HEADER_TAG 0x7fff

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 32);
}

static uint64_t digest(const torus_fingerprint *f) {
  uint64_t h = mix(f->sequence, f->count);
  h = mix(h, f->layout);
  h = mix(h, f->name);
  h = mix(h, (uint64_t)(uint32_t)f->kind << 32 | (uint32_t)f->dtype);
  h = mix(h, (uint64_t)(uint32_t)f->reduction << 32 | (uint32_t)f->root);
  return mix(h, (uint32_t)f->algorithm);
}

static void begin_node(torus_op *op) {
  torus_team *g = op->team;
  torus_post *post = torus_node_post(op, g->transport->local_index);
  post->digest = digest(&op->mine);
  post->location = op->location;
  post->fingerprint = op->mine;
  op->local_seen = 0;
  atomic_store_explicit(&post->arrived, op->mine.sequence, memory_order_release);
}

static int poll_node(torus_op *op) {
  torus_team *g = op->team;
  uint64_t mine = torus_node_post(op, g->transport->local_index)->digest;
  while (op->local_seen < g->transport->local_size) {
    torus_post *post = torus_node_post(op, op->local_seen);
    uint64_t arrived = atomic_load_explicit(&post->arrived, memory_order_acquire);
    if (arrived < op->mine.sequence) return TORUS_PENDING;
    if (post->digest != mine) {
      op->theirs = post->fingerprint;
      return TORUS_MISMATCH;
    }
    op->local_seen++;
  }
  return TORUS_DONE;
}

static int begin_ring(torus_op *op) {
  torus_team *g = op->team;
  torus_transport *t = g->transport;
  int left = (g->rank + g->size - 1) % g->size, right = (g->rank + 1) % g->size;
  op->header_pending = 0;
  int status = t->receive(
    t, &op->theirs, sizeof op->theirs, left, TORUS_CHANNEL_COLLECTIVE, TORUS_HEADER_TAG,
    &op->header[0]);
  if (status != TORUS_DONE) return status;
  op->header_pending = 1;
  status = t->send(
    t, &op->mine, sizeof op->mine, right, TORUS_CHANNEL_COLLECTIVE, TORUS_HEADER_TAG,
    &op->header[1]);
  if (status != TORUS_DONE) return status;
  op->header_pending = 3;
  return TORUS_DONE;
}

static int poll_ring(torus_op *op) {
  torus_transport *t = op->team->transport;
  for (int i = 0; i < 2; i++) {
    if (!(op->header_pending & 1 << i)) continue;
    torus_receipt receipt;
    int status = t->test(t, &op->header[i], &receipt);
    if (status < 0) return status;
    if (status != TORUS_DONE) continue;
    op->header_pending &= ~(1 << i);
    if (i == 0 && digest(&op->theirs) != digest(&op->mine)) return TORUS_MISMATCH;
  }
  return op->header_pending ? TORUS_PENDING : TORUS_DONE;
}

void torus_guard_begin(torus_op *op) {
  torus_team *g = op->team;
  op->node_guarded = g->desks == NULL;
  op->ring_guarded = g->desks != NULL && g->node_count == 1;
  if (!op->node_guarded) begin_node(op);
  if (!op->ring_guarded) {
    int status = begin_ring(op);
    if (status != TORUS_DONE) op->failure = status;
  }
}

int torus_guard_poll(torus_op *op) {
  if (!op->node_guarded) {
    int status = poll_node(op);
    if (status < 0) return status;
    op->node_guarded = status == TORUS_DONE;
  }
  if (!op->ring_guarded) {
    int status = poll_ring(op);
    if (status < 0) return status;
    op->ring_guarded = status == TORUS_DONE;
  }
  return op->node_guarded && op->ring_guarded ? TORUS_DONE : TORUS_PENDING;
}

void torus_guard_cancel(torus_op *op) {
  torus_transport *t = op->team->transport;
  for (int i = 0; i < 2; i++) {
    if (op->header_pending & 1 << i) t->cancel(t, &op->header[i]);
  }
  op->header_pending = 0;
}

int torus_guard_missing(const torus_op *op, uint8_t *missing) {
  const torus_team *g = op->team;
  int first = -1;
  if (missing) memset(missing, 0, (size_t)g->size);
  if (op->status != TORUS_PENDING) return -1;
  if (g->desks) {
    for (int i = 0; i < g->transport->local_size; i++) {
      uint64_t arrived =
        atomic_load_explicit(&torus_node_post(op, i)->arrived, memory_order_acquire);
      if (arrived >= op->mine.sequence) continue;
      int rank = g->transport->local_ranks[i];
      if (first < 0) first = rank;
      if (missing) missing[rank] = 1;
    }
  } else if (op->header_pending & 1) {
    first = (g->rank + g->size - 1) % g->size;
    if (missing) missing[first] = 1;
  }
  return first;
}
