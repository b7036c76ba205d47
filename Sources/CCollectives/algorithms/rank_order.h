/// Reduce-scatter in rank order, for half precision.
#pragma once

#include "../lanes/lanes.h"

/// Plans the segments, once the chunks are set.
int torus_plan_rank_order(torus_op *op);
