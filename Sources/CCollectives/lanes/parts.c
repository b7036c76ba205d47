// Notes when the parts of a collective ran, for whoever draws a timeline.

#include "lanes.h"

void torus_part_begin(torus_op *op, torus_lane *lane) {
  if (op->team->recording) lane->began = torus_clock();
}

void torus_part_end(torus_op *op, torus_lane *lane, int kind) {
  if (!op->team->recording || op->part_count == TORUS_RECORDED_PARTS) return;
  op->team->parts[op->part_count++] =
    (torus_part){lane->began, torus_clock(), lane->segment, lane->index, kind};
}
