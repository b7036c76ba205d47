// Numbers of 4 bits in NormalFloat (Dettmers et al. 2023, QLoRA): blocks of 64 share a scale, and
// blocks of 256 scales share one in turn.
#ifndef TORUS_NF4_H
#define TORUS_NF4_H

#include <stdint.h>

/// The sixteen values of NormalFloat, rising.
extern const float torus_nf4_values[16];

/// The 256 values that scales are rounded to, rising.
const float *torus_nf4_scale_values(void);

/// The bytes that `count` numbers take, a multiple of 64: two numbers a byte, the first one in the high
/// half; a byte for each scale; a float for each 256 scales; and a float that is added to scales.
int64_t torus_nf4_bytes(int64_t count);

/// Rounds numbers. Numbers that are not finite count as 0.
void torus_nf4_encode(const float *values, int64_t count, uint8_t *out);

/// Writes the numbers.
void torus_nf4_decode(const uint8_t *bytes, int64_t count, float *out);

#endif
