// The elementwise loops at x86-64-v4.
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <math.h>

#include "../kernels/table.h"

#define ONLY_LEVEL TORUS_V4
#define KERNELS "../kernels/elementwise.h"
#include "../core/each_level.h"
