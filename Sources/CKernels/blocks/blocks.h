#ifndef TORUS_BLOCKS_PRIVATE_H
#define TORUS_BLOCKS_PRIVATE_H

#include <string.h>

#include "torus_blocks.h"

/// A little-endian IEEE half.
static inline float block_half(const uint8_t *bytes) {
  uint16_t h = (uint16_t)(bytes[0] | bytes[1] << 8);
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
  uint32_t bits;
  if (exponent == 31) {
    bits = 0x7f800000 | fraction << 13;
  } else if (exponent > 0) {
    bits = (exponent + 112) << 23 | fraction << 13;
  } else {
    // Subnormal: a whole number of 2⁻²⁴.
    float value = (float)fraction * 0x1p-24f;
    memcpy(&bits, &value, 4);
  }
  bits |= sign;
  float result;
  memcpy(&result, &bits, 4);
  return result;
}

/// Writes a value as a little-endian IEEE half, rounded to the nearest, ties to even.
static inline void put_half(float value, uint8_t *bytes) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t sign = bits >> 16 & 0x8000, rest = bits & 0x7fffffff, h;
  if (rest > 0x7f800000) {
    h = 0x7e00;
  } else if (rest >= 0x477ff000) {
    h = 0x7c00;
  } else if (rest < 0x38800000) {
    // Subnormal: the addition leaves the rounded multiple of 2⁻²⁴ in the last bits.
    float magnitude;
    memcpy(&magnitude, &rest, 4);
    magnitude += 0.5f;
    memcpy(&h, &magnitude, 4);
    h -= 0x3f000000;
  } else {
    h = (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13;
  }
  h |= sign;
  bytes[0] = (uint8_t)h;
  bytes[1] = (uint8_t)(h >> 8);
}

#endif
