// Compiles the file named KERNELS for float and double at every level; see levels.h.
#define LEVEL_PASS "real_pass.h"
#include "each_level.h"

#ifndef RUN
#define RUN(dtype, name, ...)                                    \
  do {                                                           \
    if ((dtype) == TORUS_F64) AT_LEVEL(name##_f64)(__VA_ARGS__); \
    else AT_LEVEL(name##_f32)(__VA_ARGS__);                      \
  } while (0)
#endif
