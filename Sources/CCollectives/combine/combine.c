#include "torus_combine.h"

#include <stdatomic.h>
#include <string.h>

typedef void (*torus_pair)(void *, const void *, const void *, size_t);

typedef void (*torus_many)(
  void *const *, size_t, const void *const *, size_t, size_t, uint64_t);

typedef struct torus_combine_table {
  torus_pair pair[TORUS_DTYPE_COUNT][TORUS_REDUCTIONS];
  torus_many many[TORUS_DTYPE_COUNT][TORUS_REDUCTIONS];
  void (*f16_widen)(float *, const void *, size_t);
  void (*f16_narrow)(void *, const float *, size_t);
  void (*bf16_widen)(float *, const void *, size_t);
  void (*bf16_narrow)(void *, const float *, size_t);
  void (*f64_divide)(double *, size_t, double);
  void (*f32_divide)(float *, size_t, float);
} torus_combine_table;

#if defined(__x86_64__)
#define TORUS_NATIVE_HALF 0
#define LEVEL(name) baseline_##name
#include "combine_kernels.h"
#undef LEVEL
#undef TORUS_NATIVE_HALF

#define TORUS_NATIVE_HALF 1
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi2"))), apply_to = function)
#define LEVEL(name) avx2_##name
#include "combine_kernels.h"
#undef LEVEL
#pragma clang attribute pop

#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c,bmi2"))), \
  apply_to = function)
#define LEVEL(name) avx512_##name
#include "combine_kernels.h"
#undef LEVEL
#pragma clang attribute pop
#else
#define TORUS_NATIVE_HALF 1
#define LEVEL(name) baseline_##name
#include "combine_kernels.h"
#undef LEVEL
#endif

static const torus_combine_table *table(void) {
#if defined(__x86_64__)
  // Ranks that are threads may choose at the same time, and choose the same.
  static _Atomic(const torus_combine_table *) chosen;
  const torus_combine_table *t = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (__builtin_expect(t != NULL, 1)) return t;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    t = &avx512_table;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    t = &avx2_table;
  } else {
    t = &baseline_table;
  }
  atomic_store_explicit(&chosen, t, memory_order_relaxed);
  return t;
#else
  return &baseline_table;
#endif
}

const char *torus_combine_level(void) {
#if defined(__x86_64__)
  if (table() == &avx512_table) return "avx512";
  if (table() == &avx2_table) return "avx2";
#endif
  return "baseline";
}

int torus_combine_supported(int32_t reduction, int32_t dtype) {
  if (reduction < 0 || reduction >= TORUS_REDUCTIONS || dtype < 0 || dtype >= TORUS_DTYPE_COUNT) {
    return 0;
  }
  return table()->pair[dtype][reduction] != 0;
}

void torus_combine_pair(
  int32_t reduction, int32_t dtype, void *out, const void *left, const void *right, size_t count
) {
  if (count) table()->pair[dtype][reduction](out, left, right, count);
}

void torus_combine_divide(int32_t dtype, void *buffer, size_t count, uint64_t divisor) {
  if (divisor == 1 || count == 0) return;
  const torus_combine_table *t = table();
  if (dtype == TORUS_F64) {
    t->f64_divide(buffer, count, (double)divisor);
  } else if (dtype == TORUS_F32) {
    t->f32_divide(buffer, count, (float)divisor);
  } else if (torus_is_half((torus_dtype)dtype)) {
    float block[1024];
    for (size_t at = 0; at < count; at += 1024) {
      size_t n = count - at < 1024 ? count - at : 1024;
      uint16_t *values = (uint16_t *)buffer + at;
      (dtype == TORUS_F16 ? t->f16_widen : t->bf16_widen)(block, values, n);
      t->f32_divide(block, n, (float)divisor);
      (dtype == TORUS_F16 ? t->f16_narrow : t->bf16_narrow)(values, block, n);
    }
  }
}

void torus_combine_many(
  int32_t reduction, int32_t dtype, void *const *out, size_t outs, const void *const *in,
  size_t ins, size_t count, uint64_t divisor
) {
  if (count) table()->many[dtype][reduction](out, outs, in, ins, count, divisor);
}
