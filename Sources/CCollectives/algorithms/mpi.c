// MPI_Allreduce, for comparison. It blocks, so it begins only when all ranks are known to be there.

#include "../lanes/lanes.h"

static int advance(torus_op *op, torus_lane *lane) {
  (void)lane;
  if (!op->guarded) return TORUS_AGAIN;
  const torus_collective *c = &op->call;
  int status =
    torus_team_builtin_all_reduce(op->team, c->output, c->count, c->dtype, c->reduction);
  return status == TORUS_DONE ? TORUS_FINISHED : status;
}

static int plan(torus_op *op) {
  if (op->call.count) torus_op_plan(op, advance, 1);
  return TORUS_DONE;
}

static bool runs(const torus_team *g, int32_t dtype) {
  return g->transport->builtin_all_reduce && dtype != TORUS_F16 && dtype != TORUS_BF16;
}

const torus_algorithm torus_mpi = {.plan = plan, .runs = runs};
