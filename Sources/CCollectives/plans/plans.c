// The tables of kinds and algorithms, made of the rows in torus_collective.h. Configuration, tests and
// benchmark read Swift's `AllReduceAlgorithm.allCases`.

#include "plans.h"

#include <string.h>

#define DECLARE_ALGORITHM(number, symbol, name) extern const torus_algorithm torus_##symbol;
#define ALGORITHM(number, symbol, name) [number] = &torus_##symbol,
#define DECLARE_PLAN(number, symbol, name) int torus_plan_##symbol(torus_op *);
#define PLAN(number, symbol, name) [number] = torus_plan_##symbol,

TORUS_ALGORITHM_ROWS(DECLARE_ALGORITHM)
TORUS_KIND_ROWS(DECLARE_PLAN)

static const torus_algorithm *const algorithms[TORUS_ALGORITHMS] = {
  TORUS_ALGORITHM_ROWS(ALGORITHM)};
static int (*const plans[TORUS_KINDS])(torus_op *) = {TORUS_KIND_ROWS(PLAN)};

bool torus_plan_supports(
  const torus_team *g, int32_t algorithm, int32_t dtype, int32_t reduction
) {
  if (!torus_combine_supported(reduction, dtype)) return false;
  if (g->size == 1) return true;
  if (algorithm < 0 || algorithm >= TORUS_ALGORITHMS) return false;
  bool (*runs)(const torus_team *, int32_t) = algorithms[algorithm]->runs;
  return !runs || runs(g, dtype);
}

int torus_plan_all_reduce(torus_op *op) {
  torus_collective *c = &op->call;
  if (!torus_plan_supports(op->team, c->algorithm, c->dtype, c->reduction)) {
    return TORUS_NOT_SUPPORTED;
  }
  if (c->input != c->output && c->count) memcpy(c->output, c->input, c->count * op->element);
  return algorithms[c->algorithm]->plan(op);
}

int torus_plan(torus_op *op) {
  int32_t kind = op->call.kind;
  return kind >= 0 && kind < TORUS_KINDS ? plans[kind](op) : TORUS_NOT_SUPPORTED;
}
