// How one kernel file serves several instruction sets.
//
// A kernel file (kernels/….h) holds static functions and one table of them, named through
// TORUS_AT_LEVEL. Per level, a source file under levels/ defines TORUS_LEVEL, opens
// TORUS_BEGIN_LEVEL_n, includes the kernel files and closes TORUS_END_LEVEL. Callers take the
// table of `torus_current_level()`.
#pragma once
#include <stdatomic.h>

#include "../include/torus_core.h"

#if defined(__x86_64__)
#define TORUS_LEVELS 3
#else
#define TORUS_LEVELS 1
#endif

#define TORUS_JOIN_(a, b) a##b
#define TORUS_JOIN(a, b) TORUS_JOIN_(a, b)
/// `name` followed by the number of the level being compiled.
#define TORUS_AT_LEVEL(name) TORUS_JOIN(name, TORUS_LEVEL)

// "no-prefer-256-bit": x86-64-v4 alone is tuned for 256-bit vectors.
#define TORUS_BEGIN_LEVEL_1 \
  _Pragma("clang attribute push(__attribute__((target(\"arch=x86-64-v3\"))), apply_to = function)")
#define TORUS_BEGIN_LEVEL_2 \
  _Pragma("clang attribute push(__attribute__((target(\"arch=x86-64-v4,no-prefer-256-bit\"))), apply_to = function)")
#define TORUS_END_LEVEL _Pragma("clang attribute pop")

extern _Atomic int32_t torus_level;
int32_t torus_detect_level(void);

static inline int32_t torus_current_level(void) {
  int32_t level = atomic_load_explicit(&torus_level, memory_order_relaxed);
  return level >= 0 ? level : torus_detect_level();
}
