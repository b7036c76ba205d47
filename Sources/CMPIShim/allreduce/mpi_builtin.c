// MPI_Allreduce, for comparison. It blocks, so it begins only when all ranks are known to be there.

#include "../engine/group.h"

int torus_group_builtin_all_reduce(
  torus_group *g, void *buffer, uint64_t count, int32_t dtype, int32_t reduction
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

static int advance(torus_op *op, torus_lane *lane) {
  (void)lane;
  if (!op->guarded) return TORUS_AGAIN;
  const torus_collective *c = &op->call;
  int status =
    torus_group_builtin_all_reduce(op->group, c->output, c->count, c->dtype, c->reduction);
  return status == TORUS_DONE ? TORUS_FINISHED : status;
}

int torus_plan_mpi(torus_op *op) {
  if (op->call.count) torus_op_plan(op, advance, 1);
  return TORUS_DONE;
}
