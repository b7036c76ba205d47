#include "group.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node.h"

uint64_t torus_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// Numbers the nodes and lists their ranks.
static bool lay_out(torus_group *g) {
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

/// Algorithms are chosen alike everywhere, so memory is shared on all nodes or taken as on none.
static bool agree_on_sharing(torus_group *g) {
  if (g->node_count == 1 || !g->share_memory) return true;
  uint8_t shares = g->desks || g->transport->local_size == 1;
  torus_collective call = {
    .kind = TORUS_ALL_REDUCE, .dtype = TORUS_TYPE_BOOL, .reduction = TORUS_MIN, .count = 1,
    .algorithm = TORUS_RECURSIVE_DOUBLING, .input = &shares, .output = &shares};
  torus_label(&call, "agreement on shared memory", 26);
  int status = torus_group_start(g, &call);
  while (status == TORUS_PENDING) status = torus_group_spin(g, 1000);
  g->share_memory = shares;
  return status == TORUS_DONE;
}

/// A group whose operations go into `flight`, or into a recorder of its own where that is null.
static torus_group *create(
  torus_transport *transport, int share_memory, int oversubscribed, torus_flight *flight,
  int records
) {
  if (!transport) return NULL;
  torus_group *g = calloc(1, sizeof(torus_group));
  if (!g) return NULL;
  g->transport = transport;
  g->rank = transport->rank;
  g->size = transport->size;
  g->share_memory = share_memory != 0;
  g->oversubscribed = oversubscribed != 0;
  g->flight = flight;
  g->records = records;
  g->op.group = g;
  g->op.status = TORUS_DONE;
  size_t size = (size_t)g->size;
  g->op.starts = calloc(size + 1, sizeof(uint64_t));
  g->op.send_starts = calloc(size + 1, sizeof(uint64_t));
  g->inputs = calloc(size, sizeof(void *));
  g->outputs = calloc(size, sizeof(void *));
  for (int i = 0; i < TORUS_LANES; i++) g->op.lanes[i].index = i;
  if (!g->op.starts || !g->op.send_starts || !g->inputs || !g->outputs) return NULL;
  if (!lay_out(g)) return NULL;
  if (g->share_memory && transport->local_size > 1) torus_node_open(g);
  if (!g->flight) {
    size_t bytes = (torus_flight_bytes(records) + 63) & ~(size_t)63;
    g->flight = aligned_alloc(64, bytes);
    g->owns_flight = true;
    if (!g->flight) return NULL;
    memset(g->flight, 0, bytes);
  }
  if (!flight) torus_flight_open(g->flight, records);
  return agree_on_sharing(g) ? g : NULL;
}

torus_group *torus_group_create(
  torus_transport *transport, int share_memory, int oversubscribed, int records
) {
  return create(transport, share_memory, oversubscribed, NULL, records);
}

void torus_group_name(torus_group *g, const char *name) {
  snprintf(g->name, sizeof g->name, "%s", name);
}

torus_flight *torus_group_flight(const torus_group *g, int rank) {
  if (rank == g->rank) return g->flight;
  if (!g->flights) return NULL;
  for (int i = 0; i < g->transport->local_size; i++) {
    if (g->transport->local_ranks[i] == rank) return g->flights[i];
  }
  return NULL;
}

torus_group *torus_group_subgroup(torus_group *parent, const int *ranks, int count, int key) {
  torus_transport *t = parent->transport->subgroup(parent->transport, ranks, count, key);
  if (!t) {
    snprintf(parent->error, sizeof parent->error, "%s", parent->transport->error);
    return NULL;
  }
  return create(
    t, parent->share_memory, parent->oversubscribed, parent->flight, parent->records);
}

void torus_group_give_up(torus_group *g) {
  torus_op *op = &g->op;
  for (int i = 0; i < TORUS_LANES; i++) {
    torus_lane *lane = &op->lanes[i];
    for (size_t k = 0; k < lane->pending_count; k++) {
      g->transport->cancel(g->transport, &lane->pending[k]);
    }
    lane->pending_count = 0;
  }
  torus_guard_cancel(op);
  if (op->status == TORUS_PENDING) op->status = TORUS_TRANSPORT_ERROR;
}

void torus_group_close(torus_group *g, int failed) {
  torus_op *op = &g->op;
  torus_group_give_up(g);
  for (int i = 0; i < TORUS_LANES; i++) {
    free(op->lanes[i].pending);
    free(op->lanes[i].scratch);
  }
  if (!failed || !g->transport->frees_together) {
    for (int i = 0; i < g->buffer_count; i++) {
      if (g->buffers[i].used) g->transport->window_destroy(g->transport, &g->buffers[i].window);
    }
    torus_node_close(g);
    g->transport->close(g->transport);
  }
  if (g->owns_flight) free(g->flight);
  free(g->buffers);
  free(g->parts);
  free(op->starts);
  free(op->send_starts);
  free(g->inputs);
  free(g->outputs);
  free(g->node_index);
  free(g->node_start);
  free(g->node_members);
  free(g);
}

int torus_group_rank(const torus_group *g) { return g->rank; }
int torus_group_size(const torus_group *g) { return g->size; }
int torus_group_node_count(const torus_group *g) { return g->node_count; }
int torus_group_local_size(const torus_group *g) { return g->transport->local_size; }
int torus_group_local_index(const torus_group *g) { return g->transport->local_index; }
int torus_group_node(const torus_group *g, int rank) { return g->transport->nodes[rank]; }
int torus_group_shares_memory(const torus_group *g) { return g->desks != NULL; }
uint64_t torus_group_sequence(const torus_group *g) { return g->sequence; }
int torus_group_is_posted(const torus_group *g) { return g->op.inlined; }

uint64_t torus_group_activity(const torus_group *g) { return g->activity; }
const char *torus_group_error(const torus_group *g) { return g->error; }

void torus_group_mismatch(const torus_group *g, torus_fingerprint *mine, torus_fingerprint *theirs) {
  *mine = g->op.mine;
  *theirs = g->op.theirs;
}

void torus_label(torus_collective *call, const char *text, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
  call->name = hash;
  size_t kept = length < TORUS_LABEL_BYTES ? length : TORUS_LABEL_BYTES - 1;
  memcpy(call->label, text, kept);
  memset(call->label + kept, 0, TORUS_LABEL_BYTES - kept);
}

static inline void breathe(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// A yield that took this long went to somebody with work to do.
#define TORUS_CROWDED_NANOSECONDS 50000

int torus_group_spin(torus_group *g, uint64_t microseconds) {
  uint64_t begin = 0, now = 0;
  bool crowded = false;
  for (unsigned i = 0;; i++) {
    int status = torus_group_poll(g);
    if (status != TORUS_PENDING) return status;
    if (g->oversubscribed) {
      // Where computation competes for the cores, who yields waits for whole time slices, but who
      // sleeps is woken in time.
      if (crowded) usleep(20);
      else sched_yield();
      uint64_t before = now;
      now = torus_now();
      if (before && now - before > TORUS_CROWDED_NANOSECONDS) crowded = true;
    } else {
      breathe();
      // The clock costs more than a poll, so it is read rarely.
      if ((i & 31) != 31) continue;
      now = torus_now();
    }
    if (!begin) begin = now;
    else if (now - begin > microseconds * 1000) return TORUS_PENDING;
  }
}
