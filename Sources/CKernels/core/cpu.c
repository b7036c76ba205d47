// What the processor can do, and which instruction set the kernels use.
#include "levels.h"

#if TORUS_LEVELS > 1 && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

_Atomic int32_t torus_level = -1;

int32_t torus_best_level(void) {
#if TORUS_LEVELS > 1
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return TORUS_V4;
  if (__builtin_cpu_supports("x86-64-v3")) return TORUS_V3;
#endif
  return TORUS_BASE;
}

int32_t torus_detect_level(void) {
  int32_t level = torus_best_level();
  atomic_store_explicit(&torus_level, level, memory_order_relaxed);
  return level;
}

int32_t torus_cpu_level(void) { return torus_current_level(); }

void torus_set_cpu_level(int32_t level) {
  int32_t best = torus_best_level();
  atomic_store(&torus_level, level < 0 ? 0 : level > best ? best : level);
}

// MARK: Extras

bool torus_has_avx512_bf16(void) {
#if TORUS_LEVELS > 1
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

bool torus_has_amx_bf16(void) {
#if TORUS_LEVELS > 1 && defined(__linux__)
  // The kernel keeps tiles' state for a process once it has asked (Documentation/arch/x86/xstate).
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return torus_has_avx512_bf16() && __builtin_cpu_supports("amx-tile") &&
         __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return false;
#endif
}
