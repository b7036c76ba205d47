// The elementwise loops at the compiler's default instruction set.
#include <math.h>

#include "../kernels/table.h"

#define TORUS_LEVEL 0
#include "../kernels/elementwise.h"
