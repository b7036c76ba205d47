// The reductions' loops at the compiler's default instruction set.
#include <math.h>

#include "../kernels/reduce_table.h"

#define ONLY_LEVEL TORUS_BASE
#define KERNELS "../kernels/reduce.h"
#include "../core/each_level.h"
