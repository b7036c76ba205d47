// The elementwise loops at the compiler's default instruction set.
#include <math.h>

#include "../kernels/table.h"

#define ONLY_LEVEL TORUS_BASE
#define KERNELS "../kernels/elementwise.h"
#include "../core/each_level.h"
