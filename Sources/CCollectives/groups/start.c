// The start of collectives, and what the recorder notes of them.

#include <string.h>

#include "../plans/plans.h"
#include "group.h"

int torus_group_poll(torus_group *g) {
  torus_op *op = &g->op;
  if (op->status != TORUS_PENDING) return op->status;
  int status = torus_op_advance(op);
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

static void describe(torus_group *g) {
  torus_op *op = &g->op;
  const torus_collective *c = &op->call;
  torus_fingerprint *f = &op->mine;
  f->sequence = g->sequence;
  f->count = c->count;
  f->layout = torus_layout(c, g->team.size);
  if (c->counts && c->kind != TORUS_ALL_TO_ALL) {
    f->count = 0;
    for (int r = 0; r < g->team.size; r++) f->count += c->counts[r];
  }
  f->name = c->name;
  f->kind = c->kind;
  f->dtype = c->dtype;
  f->reduction = c->reduction;
  f->root = c->root;
  f->algorithm = c->algorithm;
  f->rank = g->team.rank;
  f->step = torus_flight_step(g->flight);
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
  record->rank = g->team.rank;
  memcpy(record->group, g->name, sizeof record->group);
  memcpy(record->label, call->label, sizeof record->label);
}

uint64_t torus_group_schedule(torus_group *g, const torus_collective *call) {
  torus_flight_record record;
  note(&record, g, call);
  return torus_flight_schedule(g->flight, &record);
}

static void record(torus_group *g) {
  torus_op *op = &g->op;
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
  if (g->team.size == 1) {
    alone(op);
    return op->status = TORUS_DONE;
  }
  op->status = TORUS_PENDING;
  op->location = g->team.desks && call->kind == TORUS_ALL_REDUCE
    ? torus_node_location(&g->team, call->output) : 0;
  describe(g);
  record(g);
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
