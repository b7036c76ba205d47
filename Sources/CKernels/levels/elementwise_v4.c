// The elementwise loops at x86-64-v4.
#include <math.h>

#include "../kernels/table.h"

#if TORUS_LEVELS > 1
#define TORUS_LEVEL 2
TORUS_BEGIN_LEVEL_2
#include "../kernels/elementwise.h"
TORUS_END_LEVEL
#endif
