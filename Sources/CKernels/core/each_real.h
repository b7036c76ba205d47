// Compiles the file named KERNELS for float and double, and with WITH_HALVES for the half types, at
// every level; see levels.h.
#include "levels.h"

#if TORUS_LEVELS > 1
#include <immintrin.h>
#ifdef WITH_HALVES
#include "bf16_pass.h"
#endif
#endif
#define LEVEL_PASS "real_pass.h"
#include "each_level.h"
#undef WITH_HALVES

#ifndef RUN
#define RUN(dtype, name, ...)                                    \
  do {                                                           \
    if ((dtype) == TORUS_F64) AT_LEVEL(name##_f64)(__VA_ARGS__); \
    else AT_LEVEL(name##_f32)(__VA_ARGS__);                      \
  } while (0)
// With the forms of half types.
#define RUN_STORED(dtype, name, ...)                                  \
  do {                                                                \
    switch (dtype) {                                                  \
      case TORUS_F64: AT_LEVEL(name##_f64)(__VA_ARGS__); break;       \
      case TORUS_BF16: AT_BF16(name##_bf16)(__VA_ARGS__); break;      \
      case TORUS_F16: AT_LEVEL(name##_f16)(__VA_ARGS__); break;       \
      default: AT_LEVEL(name##_f32)(__VA_ARGS__);                     \
    }                                                                 \
  } while (0)
#endif
