// What optimizers remember, in fewer bits.
//
// In 8 bits, blocks of TORUS_COMPACT_BLOCK numbers share a scale, the power of two above their largest
// magnitude, and a code is a level of it whose steps grow with the magnitude over seven tenths, as in Dettmers
// et al., 8-bit Optimizers via Block-wise Quantization, 2021. A number of either sign has a sign bit and 127
// levels beside 0; a number that is a square is kept as its root, on 254 levels beside 0, so that a small one
// is not taken for none.
#pragma once
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TORUS_COMPACT_BLOCK = 256 };

/// How a number goes to one of its two neighbours: to the nearer one, or to each as likely as it is near.
/// A draw depends on the key and on the number's index, `first` for x[0], and on nothing else.
typedef struct torus_compact_rounding {
  bool draws;
  uint64_t key;
  int64_t first;
} torus_compact_rounding;

/// Writes n codes and a scale for each block begun. A block in which a number is not finite, or 2¹²⁷ or more,
/// or a square negative, is read back as no numbers.
void torus_compact_write8(const float *x, int64_t n, bool squares, uint8_t *codes, float *scales,
                          const torus_compact_rounding *rounding);
/// Reads n numbers back. Writing them again to the nearest gives the same codes.
void torus_compact_read8(const uint8_t *codes, const float *scales, int64_t n, bool squares, float *x);

/// Rounds to bfloat16.
void torus_compact_write16(const float *x, int64_t n, uint16_t *out,
                           const torus_compact_rounding *rounding);
/// Widens bfloat16.
void torus_compact_read16(const uint16_t *x, int64_t n, float *out);

#ifdef __cplusplus
}
#endif
