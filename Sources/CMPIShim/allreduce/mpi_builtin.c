// MPI_Allreduce, for comparison. It blocks, so it begins only when all ranks are known to be there.

#include "../engine/group.h"

static int advance(torus_op *op, torus_lane *lane) {
  (void)lane;
  if (!op->guarded) return TORUS_AGAIN;
  torus_collective *c = &op->call;
  torus_transport *t = op->group->transport;
  int status = t->builtin_all_reduce(t, c->output, c->count, c->dtype, c->reduction);
  if (status != TORUS_DONE) return status;
  if (c->reduction == TORUS_AVERAGE) {
    torus_combine_divide(c->dtype, c->output, c->count, (uint64_t)op->group->size);
  }
  return TORUS_FINISHED;
}

int torus_plan_mpi(torus_op *op) {
  if (op->call.count) torus_op_plan(op, advance, 1);
  return TORUS_DONE;
}
