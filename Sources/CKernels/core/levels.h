// How kernels are compiled for several instruction sets, and how one of their forms is chosen.
//
// A level is an instruction set: base (what the compiler takes by itself), v3 (x86-64-v3: AVX2, FMA,
// F16C) and v4 (x86-64-v4: AVX-512). Processors other than x86-64 have base alone. A file of kernels is
// written once, names what it defines by NAME(x), and is compiled for all levels by two lines:
//
//     #define KERNELS "../random/words_kernels.h"   // as seen from core/
//     #include "../core/each_level.h"               // NAME(x) is x_base, x_v3 and x_v4
//
// With each_real.h in place of each_level.h it is compiled for float and double at each level: NAME(x)
// is x_f32_v4 and so on, REAL the type, and `vec` with what vec.h declares its widest vectors. Where
// WITH_HALVES is defined before, there are forms for bfloat16 and float16 too: they compute in float,
// and ELEMENT is what lies in memory (element.h). v4 has the forms for bfloat16 once more with the
// instructions of AVX512-BF16 (bf16_pass.h), which give the same bits. LEVEL is the level's number, for
// #if, and VBYTES the bytes of its vectors. Where the kernels take long to compile, a source file for
// each level defines ONLY_LEVEL before.
//
// AT_LEVEL(x) is the address of x, a function or a table of them, at the level in use; RUN(dtype, x, …)
// calls x's form for float or double, RUN_STORED(dtype, x, …) that for any of the four types. The level
// is the best that the processor has, found at the first call (cpu.c); torus_set_cpu_level lowers it.
//
// An extra is what some processors of a level have besides, for one family that looks for it by itself:
// its kernels stand between TORUS_BEGIN(extra) and TORUS_END, and a function in cpu.c says whether the
// processor has it.
#pragma once
#include <stdatomic.h>

#include "../include/torus_core.h"

#define TORUS_BASE 0
#define TORUS_V3 1
#define TORUS_V4 2

#if defined(__x86_64__)
#define TORUS_LEVELS 3
#else
#define TORUS_LEVELS 1
#endif

// The levels' and extras' instruction sets. "no-prefer-256-bit": x86-64-v4 alone is tuned for vectors
// of 256 bits.
#define TORUS_V3_SET "arch=x86-64-v3"
#define TORUS_V4_SET "arch=x86-64-v4,no-prefer-256-bit"
#define TORUS_V4_BF16_SET TORUS_V4_SET ",avx512bf16"
#define TORUS_AVX512_BF16 "avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"
#define TORUS_AMX_BF16 "amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16"

#define TORUS_PRAGMA(...) _Pragma(#__VA_ARGS__)
#define TORUS_BEGIN(set) \
  TORUS_PRAGMA(clang attribute push(__attribute__((target(set))), apply_to = function))
#define TORUS_END TORUS_PRAGMA(clang attribute pop)

extern _Atomic int32_t torus_level;
int32_t torus_detect_level(void);

/// The best level of the processor, whatever level is in use.
int32_t torus_best_level(void);

/// Whether the processor, and for tiles the system too, has an extra.
bool torus_has_avx512_bf16(void);
bool torus_has_amx_bf16(void);

static inline int32_t torus_current_level(void) {
  int32_t level = atomic_load_explicit(&torus_level, memory_order_relaxed);
  return level >= 0 ? level : torus_detect_level();
}

/// Bytes of the vectors at the level in use: VBYTES there.
static inline int64_t torus_vector_bytes(void) { return INT64_C(16) << torus_current_level(); }

#if TORUS_LEVELS > 1
#define AT_LEVEL(name)                          \
  (torus_current_level() == TORUS_V4   ? &name##_v4 \
   : torus_current_level() == TORUS_V3 ? &name##_v3 \
                                       : &name##_base)
// The same for forms of bfloat16, which the best level has once more with the processor's own rounding.
#define AT_BF16(name) (torus_native_bf16() ? &name##_v4_native : AT_LEVEL(name))
static inline bool torus_native_bf16(void) {
  return torus_current_level() == TORUS_V4 && torus_has_avx512_bf16();
}
#else
#define AT_LEVEL(name) (&name##_base)
#define AT_BF16(name) (&name##_base)
#endif
