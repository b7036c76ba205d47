#include "torus_transport.h"

#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

int torus_transport_locate(torus_transport *t) {
  t->piece = (size_t)1 << 30;
  t->local_ranks = calloc((size_t)t->size, sizeof(int));
  if (!t->local_ranks) return TORUS_NO_MEMORY;
  t->local_size = 0;
  for (int r = 0; r < t->size; r++) {
    if (t->nodes[r] != t->nodes[t->rank]) continue;
    if (r == t->rank) t->local_index = t->local_size;
    t->local_ranks[t->local_size++] = r;
  }
  return TORUS_DONE;
}

void torus_transport_limit(torus_transport *transport, size_t piece) { transport->piece = piece; }

int torus_transport_rank(const torus_transport *transport) { return transport->rank; }

int torus_transport_size(const torus_transport *transport) { return transport->size; }

void torus_transport_nodes(const torus_transport *transport, int *nodes) {
  memcpy(nodes, transport->nodes, (size_t)transport->size * sizeof(int));
}

void torus_thread_sleep_finely(void) {
#if defined(__linux__)
  prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
#endif
}
