// The reductions' loops at the compiler's default instruction set.
#include <math.h>

#include "../kernels/reduce_table.h"

#define TORUS_LEVEL 0
#include "../kernels/reduce.h"
