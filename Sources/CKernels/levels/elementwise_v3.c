// The elementwise loops at x86-64-v3.
#include <math.h>

#include "../kernels/table.h"

#define ONLY_LEVEL TORUS_V3
#define KERNELS "../kernels/elementwise.h"
#include "../core/each_level.h"
