// Numbers in blocks with a common scale, as GGUF files hold them.
#ifndef TORUS_BLOCKS_H
#define TORUS_BLOCKS_H

#include <stdint.h>

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

#endif
