// The elementwise loops at x86-64-v3.
#include <math.h>

#include "../kernels/table.h"

#if TORUS_LEVELS > 1
#define TORUS_LEVEL 1
TORUS_BEGIN_LEVEL_1
#include "../kernels/elementwise.h"
TORUS_END_LEVEL
#endif
