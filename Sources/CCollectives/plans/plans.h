/// Plans: which algorithm a collective takes.
#pragma once

#include "../lanes/lanes.h"

/// Whether an all-reduce by `algorithm` can run among these ranks.
bool torus_plan_supports(
  const torus_team *team, int32_t algorithm, int32_t dtype, int32_t reduction);

/// Sets op->advance and its segments, or leaves none where nothing remains to be done.
int torus_plan(torus_op *op);
