// The list of algorithms. To add one: its plan in a file of its own, its number in torus_types.h,
// and its entries here; configuration, tests and benchmark read Swift's `AllReduceAlgorithm.allCases`.

#include <string.h>

#include "../engine/group.h"

static int (*const plans[TORUS_ALGORITHMS])(torus_op *) = {
  [TORUS_RING] = torus_plan_ring,
  [TORUS_RECURSIVE_DOUBLING] = torus_plan_recursive_doubling,
  [TORUS_HALVING_DOUBLING] = torus_plan_halving_doubling,
  [TORUS_SHARED_MEMORY] = torus_plan_shared_memory,
  [TORUS_HIERARCHICAL] = torus_plan_hierarchical,
  [TORUS_MPI] = torus_plan_mpi,
};

int torus_group_supports(
  const torus_group *g, int32_t algorithm, int32_t dtype, int32_t reduction
) {
  if (!torus_combine_supported(reduction, dtype)) return 0;
  if (g->size == 1) return 1;
  switch (algorithm) {
    case TORUS_SHARED_MEMORY: return g->desks && g->node_count == 1;
    case TORUS_HIERARCHICAL:
      // Nodes with one rank have no desk and need none.
      return g->node_count > 1 && g->share_memory;
    case TORUS_MPI:
      return g->transport->builtin_all_reduce && dtype != TORUS_TYPE_F16 && dtype != TORUS_TYPE_BF16;
    default: return algorithm >= 0 && algorithm < TORUS_ALGORITHMS;
  }
}

int torus_plan_all_reduce(torus_op *op) {
  torus_collective *c = &op->call;
  if (!torus_group_supports(op->group, c->algorithm, c->dtype, c->reduction)) {
    return TORUS_NOT_SUPPORTED;
  }
  if (c->input != c->output && c->count) memcpy(c->output, c->input, c->count * op->element);
  return plans[c->algorithm](op);
}
