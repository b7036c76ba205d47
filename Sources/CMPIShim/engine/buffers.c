// Buffers that local ranks can reach: shared windows where the group has them, else plain memory.

#include <stdlib.h>
#include <string.h>

#include "node.h"

void *torus_buffer_create(torus_group *g, size_t bytes) {
  size_t rounded = (bytes + 63) & ~(size_t)63;
  if (!rounded) rounded = 64;
  if (!g->desks) {
    void *memory = aligned_alloc(64, rounded);
    if (memory) memset(memory, 0, rounded);
    return memory;
  }
  torus_shared_buffer *slot = NULL;
  for (int i = 0; i < g->buffer_count && !slot; i++) {
    if (!g->buffers[i].used) slot = &g->buffers[i];
  }
  if (!slot) {
    // The number of a buffer travels in 16 bits.
    if (g->buffer_count >= 0xfffe) return NULL;
    size_t count = (size_t)g->buffer_count + 1;
    torus_shared_buffer *grown = realloc(g->buffers, count * sizeof(torus_shared_buffer));
    if (!grown) return NULL;
    g->buffers = grown;
    slot = &grown[g->buffer_count++];
    slot->used = false;
  }
  if (g->transport->window_create(g->transport, rounded, rounded, &slot->window) != TORUS_DONE) return NULL;
  slot->start = slot->window.segments[g->transport->local_index];
  slot->used = true;
  return slot->start;
}

void torus_buffer_destroy(torus_group *g, void *buffer) {
  for (int i = 0; i < g->buffer_count; i++) {
    torus_shared_buffer *b = &g->buffers[i];
    if (!b->used || b->start != buffer) continue;
    g->transport->window_destroy(g->transport, &b->window);
    b->used = false;
    return;
  }
  free(buffer);
}

int torus_buffer_is_shared(const torus_group *g, const void *pointer) {
  return torus_node_location(g, pointer) != 0;
}
