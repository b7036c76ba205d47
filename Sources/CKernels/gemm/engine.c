// The product engine, once for each element type and instruction set.
#include "internal.h"

#if defined(__x86_64__)
#define REAL float
#define VBYTES 16
#define ROWS 6
#define NAME(x) f32_base_##x
#include "tile.h"
#define REAL double
#define VBYTES 16
#define ROWS 6
#define NAME(x) f64_base_##x
#include "tile.h"

TORUS_BEGIN_LEVEL_1
#define REAL float
#define VBYTES 32
#define ROWS 6
#define NAME(x) f32_avx2_##x
#include "tile.h"
#define REAL double
#define VBYTES 32
#define ROWS 6
#define NAME(x) f64_avx2_##x
#include "tile.h"
TORUS_END_LEVEL

TORUS_BEGIN_LEVEL_2
#define REAL float
#define VBYTES 64
#define ROWS 14
#define NAME(x) f32_avx512_##x
#include "tile.h"
#define REAL double
#define VBYTES 64
#define ROWS 14
#define NAME(x) f64_avx512_##x
#include "tile.h"
TORUS_END_LEVEL

static const torus_gemm_level *const levels[2][3] = {
    {&f32_base_level, &f32_avx2_level, &f32_avx512_level},
    {&f64_base_level, &f64_avx2_level, &f64_avx512_level},
};
#else
// NEON and other 16-byte vectors with 32 registers.
#define REAL float
#define VBYTES 16
#define ROWS 12
#define NAME(x) f32_base_##x
#include "tile.h"
#define REAL double
#define VBYTES 16
#define ROWS 12
#define NAME(x) f64_base_##x
#include "tile.h"

static const torus_gemm_level *const levels[2][3] = {
    {&f32_base_level, &f32_base_level, &f32_base_level},
    {&f64_base_level, &f64_base_level, &f64_base_level},
};
#endif

const torus_gemm_level *torus_gemm_engine(torus_dtype dtype) {
  return levels[dtype == TORUS_F64][torus_cpu_level()];
}

void torus_transpose_block(int bytes, const void *in, int64_t ldi, void *out, int64_t ldo,
                           int64_t rows, int64_t cols) {
  // The sixteen-byte shuffles are the same at every level.
  if (bytes == 4) f32_base_transpose(in, ldi, out, ldo, rows, cols);
  else f64_base_transpose(in, ldi, out, ldo, rows, cols);
}
