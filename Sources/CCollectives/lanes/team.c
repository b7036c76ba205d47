// Who takes part: ranks, nodes, and room for one pointer each.

#include <stdlib.h>

#include "lanes.h"

/// Numbers the nodes and lists their ranks.
static bool lay_out(torus_team *g) {
  const torus_transport *t = g->transport;
  size_t size = (size_t)g->size;
  g->node_index = calloc(size, sizeof(int));
  g->node_start = calloc(size + 1, sizeof(int));
  g->node_members = calloc(size, sizeof(int));
  if (!g->node_index || !g->node_start || !g->node_members) return false;
  int listed = 0;
  for (int r = 0; r < g->size; r++) {
    bool first = true;
    for (int s = 0; s < r && first; s++) first = t->nodes[s] != t->nodes[r];
    if (!first) continue;
    int node = g->node_count++, begin = listed;
    for (int s = r; s < g->size; s++) {
      if (t->nodes[s] != t->nodes[r]) continue;
      g->node_index[s] = node;
      g->node_members[listed++] = s;
    }
    g->node_start[node + 1] = listed;
    if (listed - begin > g->node_largest) g->node_largest = listed - begin;
  }
  return true;
}

bool torus_team_open(torus_team *g, torus_transport *transport, bool share_memory) {
  g->transport = transport;
  g->rank = transport->rank;
  g->size = transport->size;
  g->share_memory = share_memory;
  size_t size = (size_t)g->size;
  g->inputs = calloc(size, sizeof(void *));
  g->outputs = calloc(size, sizeof(void *));
  return g->inputs && g->outputs && lay_out(g);
}

void torus_team_free(torus_team *g) {
  free(g->buffers);
  free(g->parts);
  free(g->inputs);
  free(g->outputs);
  free(g->node_index);
  free(g->node_start);
  free(g->node_members);
}

int torus_team_builtin_all_reduce(
  torus_team *g, void *buffer, uint64_t count, int32_t dtype, int32_t reduction
) {
  torus_transport *t = g->transport;
  if (!t->builtin_all_reduce || !torus_combine_supported(reduction, dtype)) {
    return TORUS_NOT_SUPPORTED;
  }
  int status = t->builtin_all_reduce(t, buffer, count, dtype, reduction);
  if (status == TORUS_DONE && reduction == TORUS_AVERAGE) {
    torus_combine_divide(dtype, buffer, count, (uint64_t)g->size);
  }
  return status;
}
