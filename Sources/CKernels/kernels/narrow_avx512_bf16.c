// F32 to BF16 by the instruction of AVX512-BF16, which rounds as narrow_bf16 does but takes subnormal
// numbers for zero and keeps what a NaN carries.
#include "table.h"

#if TORUS_LEVELS > 1
#include <immintrin.h>

TORUS_BEGIN(TORUS_AVX512_BF16)

int64_t torus_narrow_avx512_bf16(int64_t n, uint16_t *out, const float *a) {
  enum { QUIET_NAN = 0x01, SUBNORMAL = 0x20, SIGNALLING_NAN = 0x80 };
  enum { OTHERWISE = QUIET_NAN | SUBNORMAL | SIGNALLING_NAN };
  int64_t i = 0;
  for (; i + TORUS_NARROW_BLOCK <= n; i += TORUS_NARROW_BLOCK) {
    const __m512 x = _mm512_loadu_ps(a + i), y = _mm512_loadu_ps(a + i + 16);
    const __m512 z = _mm512_loadu_ps(a + i + 32), w = _mm512_loadu_ps(a + i + 48);
    const __mmask16 other =
      _mm512_fpclass_ps_mask(x, OTHERWISE) | _mm512_fpclass_ps_mask(y, OTHERWISE) |
      _mm512_fpclass_ps_mask(z, OTHERWISE) | _mm512_fpclass_ps_mask(w, OTHERWISE);
    if (__builtin_expect(other != 0, 0)) return i;
    _mm512_storeu_si512(out + i, (__m512i)_mm512_cvtne2ps_pbh(y, x));
    _mm512_storeu_si512(out + i + 32, (__m512i)_mm512_cvtne2ps_pbh(w, z));
  }
  return i;
}

TORUS_END
#endif
