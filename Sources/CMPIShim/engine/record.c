// Notes when the parts of a collective ran, for whoever draws a timeline.

#include <stdlib.h>

#include "group.h"

void torus_group_record(torus_group *g, int on) {
  if (on && !g->parts) g->parts = calloc(TORUS_RECORDED_PARTS, sizeof(torus_part));
  g->recording = on && g->parts;
}

const torus_part *torus_group_parts(const torus_group *g, size_t *count, uint64_t *agreed) {
  *count = g->op.part_count;
  *agreed = g->op.agreed;
  return g->parts;
}

void torus_part_begin(torus_op *op, torus_lane *lane) {
  if (op->group->recording) lane->began = torus_now();
}

void torus_part_end(torus_op *op, torus_lane *lane, int kind) {
  if (!op->group->recording || op->part_count == TORUS_RECORDED_PARTS) return;
  op->group->parts[op->part_count++] =
    (torus_part){lane->began, torus_now(), lane->segment, lane->index, kind};
}
