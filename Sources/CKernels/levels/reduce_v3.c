// The reductions' loops at x86-64-v3.
#include <math.h>

#include "../kernels/reduce_table.h"

#if TORUS_LEVELS > 1
#define TORUS_LEVEL 1
TORUS_BEGIN_LEVEL_1
#include "../kernels/reduce.h"
TORUS_END_LEVEL
#endif
