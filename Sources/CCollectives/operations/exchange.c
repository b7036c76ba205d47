// Small collectives on one node in one exchange.

#include "operation.h"

#include <string.h>

static uint64_t total(const torus_op *op) {
  const torus_collective *c = &op->call;
  if (!c->counts) return c->count * (uint64_t)op->team->size;
  uint64_t sum = 0;
  for (int r = 0; r < op->team->size; r++) sum += c->counts[r];
  return sum;
}

bool torus_exchange_fits(const torus_op *op) {
  const torus_team *g = op->team;
  const torus_collective *c = &op->call;
  if (!g->desks || g->node_count != 1) return false;
  uint64_t most = TORUS_INLINE_BYTES / op->element;
  switch (c->kind) {
    case TORUS_BARRIER: return true;
    case TORUS_ALL_REDUCE: return c->algorithm == TORUS_SHARED_MEMORY && c->count <= most;
    case TORUS_BROADCAST:
    case TORUS_REDUCE: return c->count <= most;
    case TORUS_ALL_TO_ALL: return !c->counts && !c->send_counts && total(op) <= most;
    default: return total(op) <= most;
  }
}

/// Where rank r's part of the whole begins, and how long it is.
static uint64_t part(const torus_op *op, int rank, uint64_t *count) {
  const torus_collective *c = &op->call;
  uint64_t start = 0;
  if (!c->counts) start = (uint64_t)rank * c->count;
  else for (int r = 0; r < rank; r++) start += c->counts[r];
  *count = c->counts ? c->counts[rank] : c->count;
  return start;
}

void torus_exchange_post(torus_op *op) {
  const torus_collective *c = &op->call;
  int rank = op->team->rank;
  uint64_t count = 0;
  switch (c->kind) {
    case TORUS_ALL_REDUCE:
    case TORUS_REDUCE: count = c->count; break;
    case TORUS_BROADCAST: count = rank == c->root ? c->count : 0; break;
    case TORUS_ALL_GATHER:
    case TORUS_GATHER: part(op, rank, &count); break;
    case TORUS_SCATTER: count = rank == c->root ? total(op) : 0; break;
    case TORUS_REDUCE_SCATTER:
    case TORUS_ALL_TO_ALL: count = total(op); break;
    default: break;
  }
  if (count) memcpy(torus_node_post(op, rank)->payload, c->input, count * op->element);
}

static void reduce(torus_op *op, uint64_t first, uint64_t count) {
  torus_team *g = op->team;
  for (int r = 0; r < g->size; r++) {
    g->inputs[r] = torus_node_post(op, r)->payload + first * op->element;
  }
  void *outputs[1] = {op->call.output};
  torus_combine_many(
    op->call.reduction, op->call.dtype, outputs, 1, g->inputs, (size_t)g->size, count,
    op->call.reduction == TORUS_AVERAGE ? (uint64_t)g->size : 1);
}

void torus_exchange_finish(torus_op *op) {
  const torus_collective *c = &op->call;
  torus_team *g = op->team;
  size_t element = op->element;
  uint64_t count = 0, start;
  switch (c->kind) {
    case TORUS_ALL_REDUCE: reduce(op, 0, c->count); break;
    case TORUS_REDUCE:
      if (g->rank == c->root) reduce(op, 0, c->count);
      break;
    case TORUS_REDUCE_SCATTER:
      start = part(op, g->rank, &count);
      reduce(op, start, count);
      break;
    case TORUS_BROADCAST:
      if (c->count && (g->rank != c->root || c->input != c->output)) {
        memcpy(c->output, torus_node_post(op, c->root)->payload, c->count * element);
      }
      break;
    case TORUS_GATHER:
      if (g->rank != c->root) break;
      // fallthrough
    case TORUS_ALL_GATHER:
      for (int r = 0; r < g->size; r++) {
        start = part(op, r, &count);
        if (count) {
          memcpy(torus_at(c->output, start, element), torus_node_post(op, r)->payload,
                 count * element);
        }
      }
      break;
    case TORUS_SCATTER:
      start = part(op, g->rank, &count);
      if (count) {
        memcpy(c->output, torus_at(torus_node_post(op, c->root)->payload, start, element),
               count * element);
      }
      break;
    case TORUS_ALL_TO_ALL:
      for (int r = 0; r < g->size && c->count; r++) {
        memcpy(torus_at(c->output, (uint64_t)r * c->count, element),
               torus_at(torus_node_post(op, r)->payload, (uint64_t)g->rank * c->count, element),
               c->count * element);
      }
      break;
    default: break;
  }
}
