// The reductions' loops at x86-64-v4.
#include <math.h>

#include "../kernels/reduce_table.h"

#define ONLY_LEVEL TORUS_V4
#define KERNELS "../kernels/reduce.h"
#include "../core/each_level.h"
