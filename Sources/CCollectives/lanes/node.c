#include "lanes.h"

#include <stdlib.h>
#include <string.h>

void torus_node_open(torus_team *g, size_t before) {
  torus_transport *t = g->transport;
  // Stages are written before they are read; only what stands before them must begin at zero.
  size_t page = 4096;
  size_t bytes = before + sizeof(torus_desk) + page;
  size_t zeroed = before + offsetof(torus_desk, stage) + page;
  if (t->window_create(t, bytes, zeroed, &g->desk_window) != TORUS_DONE) return;
  g->desks = calloc((size_t)t->local_size, sizeof(torus_desk *));
  if (before) g->before_desks = calloc((size_t)t->local_size, sizeof(void *));
  if (!g->desks || (before && !g->before_desks)) return;
  for (int i = 0; i < t->local_size; i++) {
    uintptr_t start = ((uintptr_t)g->desk_window.segments[i] + page - 1) & ~(page - 1);
    g->desks[i] = (torus_desk *)(start + before);
    if (before) g->before_desks[i] = (void *)start;
  }
}

void torus_node_close(torus_team *g) {
  if (!g->desks) return;
  g->transport->window_destroy(g->transport, &g->desk_window);
  free(g->desks);
  free(g->before_desks);
  g->desks = NULL;
  g->before_desks = NULL;
}

uint64_t torus_node_advance(torus_team *g, int lane) {
  uint64_t phase = ++g->phase[lane];
  torus_desk *desk = g->desks[g->transport->local_index];
  atomic_store_explicit(&desk->phases[lane].reached, phase, memory_order_release);
  return phase;
}

bool torus_node_reached(const torus_team *g, int lane, uint64_t phase) {
  for (int i = 0; i < g->transport->local_size; i++) {
    if (atomic_load_explicit(&g->desks[i]->phases[lane].reached, memory_order_acquire) < phase) {
      return false;
    }
  }
  return true;
}

static uint32_t counted(const torus_op *op, uint64_t value) {
  return (uint32_t)(value >> 32) == (uint32_t)op->mine.sequence ? (uint32_t)value : 0;
}

/// Counts one more for this operation, unless `limit` is reached.
static bool count(const torus_op *op, _Atomic uint64_t *counter, uint32_t limit, uint32_t *before) {
  uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);
  for (;;) {
    *before = counted(op, old);
    if (*before >= limit) return false;
    uint64_t new = (uint64_t)(uint32_t)op->mine.sequence << 32 | (*before + 1);
    if (atomic_compare_exchange_weak_explicit(
          counter, &old, new, memory_order_acq_rel, memory_order_relaxed)) {
      return true;
    }
  }
}

bool torus_node_take(const torus_op *op, int local, uint32_t pieces, uint32_t *piece) {
  return count(op, &op->team->desks[local]->share.taken, pieces, piece);
}

void torus_node_done(const torus_op *op, int local) {
  uint32_t before;
  count(op, &op->team->desks[local]->share.done, UINT32_MAX, &before);
}

bool torus_node_all_done(const torus_op *op, int local, uint32_t pieces) {
  _Atomic uint64_t *done = &op->team->desks[local]->share.done;
  return counted(op, atomic_load_explicit(done, memory_order_acquire)) >= pieces;
}

uint64_t torus_node_location(const torus_team *g, const void *pointer) {
  for (int i = 0; i < g->buffer_count; i++) {
    const torus_shared_buffer *b = &g->buffers[i];
    if (!b->used) continue;
    ptrdiff_t offset = (const char *)pointer - b->start;
    if (offset < 0 || (size_t)offset >= b->window.bytes) continue;
    return (uint64_t)(i + 1) << 48 | (uint64_t)offset;
  }
  return 0;
}

void *torus_node_at(const torus_team *g, uint64_t location, int local) {
  const torus_shared_buffer *b = &g->buffers[(location >> 48) - 1];
  return (char *)b->window.segments[local] + (location & 0xffffffffffffu);
}
