// KERNELS for bfloat16 alone, at the best level, with the instructions of AVX512-BF16 (levels.h).
TORUS_BEGIN(TORUS_V4_BF16_SET)

// What the instruction that rounds to bfloat16 takes otherwise than whoever rounds to nearest even: it
// takes subnormal numbers for zero, and keeps what a NaN carries.
static inline __attribute__((always_inline, unused)) __mmask16 torus_bf16_unlike(__m512 x) {
  enum { QUIET_NAN = 0x01, SUBNORMAL = 0x20, SIGNALLING_NAN = 0x80 };
  return _mm512_fpclass_ps_mask(x, QUIET_NAN | SUBNORMAL | SIGNALLING_NAN);
}

#define LEVEL TORUS_V4
#define VBYTES 64
#define NATIVE_BF16 1
#define NAME(x) x##_bf16_v4_native
#define REAL float
#define ELEMENT uint16_t
#define HALF
#define WORD int32_t
#define IS_F32 1
#define IS_BF16 1
#include "vec.h"
#include "element.h"
#include KERNELS
#undef LEVEL
#undef VBYTES
#undef NATIVE_BF16
#undef NAME
#undef REAL
#undef ELEMENT
#undef HALF
#undef WORD
#undef IS_F32
#undef IS_BF16
TORUS_END
