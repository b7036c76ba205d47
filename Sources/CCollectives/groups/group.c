#include "group.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../plans/plans.h"

/// Algorithms are chosen alike everywhere, so memory is shared on all nodes or taken as on none.
static bool agree_on_sharing(torus_group *g) {
  if (g->team.node_count == 1 || !g->team.share_memory) return true;
  uint8_t shares = g->team.desks || g->team.transport->local_size == 1;
  torus_collective call = {
    .kind = TORUS_ALL_REDUCE, .dtype = TORUS_BOOL, .reduction = TORUS_MIN, .count = 1,
    .algorithm = TORUS_RECURSIVE_DOUBLING, .input = &shares, .output = &shares};
  torus_label(&call, "agreement on shared memory", 26);
  int status = torus_group_start(g, &call);
  while (status == TORUS_PENDING) status = torus_group_spin(g, 1000);
  g->team.share_memory = shares;
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
  g->oversubscribed = oversubscribed != 0;
  g->flight = flight;
  g->records = records;
  g->op.team = &g->team;
  g->op.status = TORUS_DONE;
  size_t ends = (size_t)transport->size + 1;
  g->op.starts = calloc(ends, sizeof(uint64_t));
  g->op.send_starts = calloc(ends, sizeof(uint64_t));
  for (int i = 0; i < TORUS_LANES; i++) g->op.lanes[i].index = i;
  if (!g->op.starts || !g->op.send_starts) return NULL;
  if (!torus_team_open(&g->team, transport, share_memory != 0)) return NULL;
  if (g->team.share_memory && transport->local_size > 1) {
    // Only a world's window holds recorders; groups made of it go on with its own.
    size_t page = 4096, before = (torus_flight_bytes(records) + page - 1) & ~(page - 1);
    torus_node_open(&g->team, flight ? 0 : before);
    if (g->team.before_desks) g->flight = g->team.before_desks[transport->local_index];
  }
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
  if (rank == g->team.rank) return g->flight;
  if (!g->team.before_desks) return NULL;
  for (int i = 0; i < g->team.transport->local_size; i++) {
    if (g->team.transport->local_ranks[i] == rank) return g->team.before_desks[i];
  }
  return NULL;
}

torus_group *torus_group_subgroup(torus_group *parent, const int *ranks, int count, int key) {
  torus_transport *t = parent->team.transport->subgroup(parent->team.transport, ranks, count, key);
  if (!t) {
    snprintf(parent->team.error, sizeof parent->team.error, "%s", parent->team.transport->error);
    return NULL;
  }
  return create(
    t, parent->team.share_memory, parent->oversubscribed, parent->flight, parent->records);
}

void torus_group_give_up(torus_group *g) {
  torus_op *op = &g->op;
  for (int i = 0; i < TORUS_LANES; i++) {
    torus_lane *lane = &op->lanes[i];
    for (size_t k = 0; k < lane->pending_count; k++) {
      g->team.transport->cancel(g->team.transport, &lane->pending[k]);
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
  if (!failed || !g->team.transport->frees_together) {
    for (int i = 0; i < g->team.buffer_count; i++) {
      if (g->team.buffers[i].used) g->team.transport->window_destroy(g->team.transport, &g->team.buffers[i].window);
    }
    torus_node_close(&g->team);
    g->team.transport->close(g->team.transport);
  }
  if (g->owns_flight) free(g->flight);
  torus_team_free(&g->team);
  free(op->starts);
  free(op->send_starts);
  free(g);
}

int torus_group_rank(const torus_group *g) { return g->team.rank; }
int torus_group_size(const torus_group *g) { return g->team.size; }
int torus_group_node_count(const torus_group *g) { return g->team.node_count; }
int torus_group_local_size(const torus_group *g) { return g->team.transport->local_size; }
int torus_group_local_index(const torus_group *g) { return g->team.transport->local_index; }
int torus_group_node(const torus_group *g, int rank) { return g->team.transport->nodes[rank]; }
int torus_group_shares_memory(const torus_group *g) { return g->team.desks != NULL; }
uint64_t torus_group_sequence(const torus_group *g) { return g->sequence; }
int torus_group_is_posted(const torus_group *g) { return g->op.inlined; }

uint64_t torus_group_activity(const torus_group *g) { return g->team.activity; }
const char *torus_group_error(const torus_group *g) { return g->team.error; }

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
      now = torus_clock();
      if (before && now - before > TORUS_CROWDED_NANOSECONDS) crowded = true;
    } else {
      breathe();
      // The clock costs more than a poll, so it is read rarely.
      if ((i & 31) != 31) continue;
      now = torus_clock();
    }
    if (!begin) begin = now;
    else if (now - begin > microseconds * 1000) return TORUS_PENDING;
  }
}

int torus_group_missing(const torus_group *g, uint8_t *missing) {
  return torus_guard_missing(&g->op, missing);
}

int torus_group_supports(
  const torus_group *g, int32_t algorithm, int32_t dtype, int32_t reduction
) {
  return torus_plan_supports(&g->team, algorithm, dtype, reduction);
}

int torus_group_builtin_all_reduce(
  torus_group *g, void *buffer, uint64_t count, int32_t dtype, int32_t reduction
) {
  return torus_team_builtin_all_reduce(&g->team, buffer, count, dtype, reduction);
}

void torus_group_record(torus_group *g, int on) {
  torus_team *t = &g->team;
  if (on && !t->parts) t->parts = calloc(TORUS_RECORDED_PARTS, sizeof(torus_part));
  t->recording = on && t->parts;
}

const torus_part *torus_group_parts(const torus_group *g, size_t *count, uint64_t *agreed) {
  *count = g->op.part_count;
  *agreed = g->op.agreed;
  return g->team.parts;
}
