// Which instruction set the kernels use.
#include "levels.h"

#include <stdatomic.h>

_Atomic int32_t torus_level = -1;

static int32_t best_level(void) {
#if TORUS_LEVELS > 1
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return 2;
  if (__builtin_cpu_supports("x86-64-v3")) return 1;
#endif
  return 0;
}

int32_t torus_detect_level(void) {
  int32_t level = best_level();
  atomic_store_explicit(&torus_level, level, memory_order_relaxed);
  return level;
}

int32_t torus_cpu_level(void) { return torus_current_level(); }

void torus_set_cpu_level(int32_t level) {
  int32_t best = best_level();
  atomic_store(&torus_level, level < 0 ? 0 : level > best ? best : level);
}
