// Buffers that local ranks can reach: shared windows where the group has them, else plain memory.

#include <stdlib.h>
#include <string.h>

#include "group.h"

void *torus_buffer_create(torus_group *g, size_t bytes) {
  size_t rounded = (bytes + 63) & ~(size_t)63;
  if (!rounded) rounded = 64;
  if (!g->team.desks) {
    void *memory = aligned_alloc(64, rounded);
    if (memory) memset(memory, 0, rounded);
    return memory;
  }
  torus_shared_buffer *slot = NULL;
  for (int i = 0; i < g->team.buffer_count && !slot; i++) {
    if (!g->team.buffers[i].used) slot = &g->team.buffers[i];
  }
  if (!slot) {
    // The number of a buffer travels in 16 bits.
    if (g->team.buffer_count >= 0xfffe) return NULL;
    size_t count = (size_t)g->team.buffer_count + 1;
    torus_shared_buffer *grown = realloc(g->team.buffers, count * sizeof(torus_shared_buffer));
    if (!grown) return NULL;
    g->team.buffers = grown;
    slot = &grown[g->team.buffer_count++];
    slot->used = false;
  }
  if (g->team.transport->window_create(g->team.transport, rounded, rounded, &slot->window) != TORUS_DONE) return NULL;
  slot->start = slot->window.segments[g->team.transport->local_index];
  slot->used = true;
  return slot->start;
}

void torus_buffer_destroy(torus_group *g, void *buffer) {
  for (int i = 0; i < g->team.buffer_count; i++) {
    torus_shared_buffer *b = &g->team.buffers[i];
    if (!b->used || b->start != buffer) continue;
    g->team.transport->window_destroy(g->team.transport, &b->window);
    b->used = false;
    return;
  }
  free(buffer);
}

int torus_buffer_is_shared(const torus_group *g, const void *pointer) {
  return torus_node_location(&g->team, pointer) != 0;
}
