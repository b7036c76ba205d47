// What the layers' kernels share: scratch in float for the half types, and blocks of work.
#pragma once
#include "../gemm/internal.h"

// The half types run as float. Rows, planes and the like go tile by tile: widened into the cache,
// computed by the float kernel, and narrowed back.

// A pointer in a job, whose first member is its dtype.
typedef struct torus_half_operand {
  size_t field;  // where it stands in the job
  int64_t each;  // elements of one item
  bool out;      // whether it is written; else it is read
} torus_half_operand;

#define TORUS_READ(job, name, each) ((torus_half_operand){offsetof(job, name), each, false})
#define TORUS_WRITTEN(job, name, each) ((torus_half_operand){offsetof(job, name), each, true})

// Calls `body` over the items 0 ..< count in tiles, on the pool's threads, with a copy of the job in
// float: its operands lie in scratch, where item i has the address that `body` takes it at. Operands that
// are NULL stay so. A job has at most TORUS_HALF_JOB bytes.
#define TORUS_HALF_JOB 256
void torus_half_tiles(const void *job, size_t bytes, const torus_half_operand *list, int operands,
                      int64_t count, torus_body body);

// What goes as a whole (convolutions, recurrent layers, weights of norms): operands are widened to
// scratch, results narrowed back.

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
