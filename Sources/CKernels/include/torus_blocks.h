// Numbers in blocks with a common scale, as GGUF files hold them.
#ifndef TORUS_BLOCKS_H
#define TORUS_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "torus_core.h"

/// Block formats, by their numbers in GGUF files.
enum {
  TORUS_Q4_0 = 2,
  TORUS_Q4_1 = 3,
  TORUS_Q5_0 = 6,
  TORUS_Q5_1 = 7,
  TORUS_Q8_0 = 8,
  TORUS_Q2_K = 10,
  TORUS_Q3_K = 11,
  TORUS_Q4_K = 12,
  TORUS_Q5_K = 13,
  TORUS_Q6_K = 14,
  TORUS_IQ4_NL = 20,
  TORUS_IQ4_XS = 23,
  TORUS_TQ1_0 = 34,
  TORUS_TQ2_0 = 35,
  TORUS_MXFP4 = 39,
};

/// Writes the numbers of `count` blocks: 32 each, or 256 of the formats K, XS and TQ.
/// Returns 0, or -1 for a format that is none of these.
int torus_blocks_decode(int format, const uint8_t *blocks, int64_t count, float *out);

/// Writes `count` blocks of 32 numbers each in Q4_0, Q4_1, Q5_0, Q5_1 or Q8_0, rounded as ggml rounds.
/// Returns 0, or -1 for a format that is none of these.
int torus_blocks_encode(int format, const float *values, int64_t count, uint8_t *out);

/// y [m, n] = x [m, k] · Wᵀ, or x · W where W is `transposed`, of up to 8 rows x and W in blocks of Q8_0 or
/// Q4_0: [n, k], or transposed [k, n]. Nothing else is written: numbers of W are made on the way. Sums are
/// float32, and do not depend on the number of threads.
/// Returns TORUS_UNSUPPORTED for other formats, for more rows, and where a row of W is no whole number of blocks.
torus_status torus_blocks_product(int format, bool transposed, int64_t m, int64_t n, int64_t k,
                                  const float *x, const uint8_t *blocks, float *y);

#endif
