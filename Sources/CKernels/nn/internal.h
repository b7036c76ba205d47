// What the layers' kernels share: scratch in float for the half types, and blocks of work.
#pragma once
#include "../gemm/internal.h"

// The half types run as float: operands are widened to scratch, results narrowed back.

// A float copy of n BF16 or F16 elements; NULL for NULL.
float *torus_half_read(torus_dtype dtype, const void *in, int64_t n);
// Scratch for n results; NULL where `out` is NULL.
float *torus_half_room(const void *out, int64_t n);
// Rounds scratch into `out` and frees it; NULL is ignored.
void torus_half_write(torus_dtype dtype, float *scratch, void *out, int64_t n);
void torus_half_drop(float *scratch, int64_t n);

static inline bool torus_is_real(torus_dtype dtype) {
  return dtype == TORUS_F32 || dtype == TORUS_F64;
}

static inline int64_t torus_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t torus_max(int64_t a, int64_t b) { return a > b ? a : b; }

// How many items of `each` elements are worth handing to another thread.
static inline int64_t torus_grain(int64_t each) { return 32768 / (each + 1) + 1; }

static inline void *torus_at(const void *base, int64_t elements, int64_t size) {
  return base ? (char *)base + elements * size : 0;
}
