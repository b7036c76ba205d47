// The product engine, once for each element type and level.
#include <math.h>

#include "internal.h"

#define KERNELS "../gemm/engine_kernels.h"
#include "../core/each_real.h"

const torus_gemm_level *torus_gemm_engine(torus_dtype dtype) {
  return dtype == TORUS_F64 ? AT_LEVEL(gemm_f64) : AT_LEVEL(gemm_f32);
}

void torus_transpose_block(int bytes, const void *in, int64_t ldi, void *out, int64_t ldo,
                           int64_t rows, int64_t cols) {
  // The sixteen-byte shuffles are the same at every level.
  if (bytes == 4) transpose_f32_base(in, ldi, out, ldo, rows, cols);
  else transpose_f64_base(in, ldi, out, ldo, rows, cols);
}
