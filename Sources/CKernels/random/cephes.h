// Elementary functions on eight floats, for normal draws.
#pragma once
#include <stdint.h>

// log, sine and cosine of the Cephes library (Moshier) on eight values, with products and sums
// fused in the same places as in PyTorch's compiled form: the last bits depend on it.
typedef float vec8 __attribute__((vector_size(32), aligned(4)));
typedef int32_t int8v __attribute__((vector_size(32)));

#define ALL(x) ((vec8){} + (x))
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define SELECT(mask, a, b) ((vec8)(((mask) & (int8v)(a)) | (~(mask) & (int8v)(b))))

// Vectors go by address: by value they would be passed differently at each level.
static inline __attribute__((always_inline)) void cephes_log(const vec8 *in, vec8 *out) {
  vec8 x = *in;
  x = SELECT(x > 0x1p-126f, x, ALL(0x1p-126f));
  int8v bits = (int8v)x;
  vec8 e = __builtin_convertvector((bits >> 23) - 127, vec8) + 1;
  x = (vec8)((bits & (int32_t)0x807fffff) | 0x3f000000);
  const int8v low = x < 0.707106781186547524f;
  const vec8 again = (vec8)(low & (int8v)x);
  x -= 1;
  e -= (vec8)(low & (int8v)ALL(1));
  x += again;
  const vec8 z = x * x;
  vec8 y = FMA(ALL(7.0376836292e-2f), x, ALL(-1.1514610310e-1f));
  y = FMA(y, x, ALL(1.1676998740e-1f));
  y = FMA(y, x, ALL(-1.2420140846e-1f));
  y = FMA(y, x, ALL(1.4249322787e-1f));
  y = FMA(y, x, ALL(-1.6668057665e-1f));
  y = FMA(y, x, ALL(2.0000714765e-1f));
  y = FMA(y, x, ALL(-2.4999993993e-1f));
  y = FMA(y, x, ALL(3.3333331174e-1f));
  y = y * x;
  y = FMA(y, z, e * -2.12194440e-4f);
  y = FMA(ALL(-0.5f), z, y);
  x += y;
  *out = FMA(e, ALL(0.693359375f), x);
}

// For 0 ≤ x < 2π.
static inline __attribute__((always_inline)) void cephes_sincos(const vec8 *in, vec8 *sine,
                                                                vec8 *cosine) {
  vec8 x = *in;
  const int8v j = (__builtin_convertvector(x * 1.27323954473516f, int8v) + 1) & ~1;
  const vec8 y = __builtin_convertvector(j, vec8);
  const int8v flip_sine = (j & 4) << 29, flip_cosine = (~(j - 2) & 4) << 29;
  x = FMA(y, ALL(-0.78515625f), x);
  x = FMA(y, ALL(-2.4187564849853515625e-4f), x);
  x = FMA(y, ALL(-3.77489497744594108e-8f), x);
  const vec8 z = x * x;
  vec8 c = FMA(ALL(2.443315711809948e-5f), z, ALL(-1.388731625493765e-3f));
  c = FMA(c, z, ALL(4.166664568298827e-2f));
  c = c * z;
  c = FMA(c, z, z * -0.5f);
  c = c + 1;
  vec8 s = FMA(ALL(-1.9515295891e-4f), z, ALL(8.3321608736e-3f));
  s = FMA(s, z, ALL(-1.6666654611e-1f));
  s = s * z;
  s = FMA(s, x, x);
  const int8v straight = (j & 2) == 0;
  *sine = (vec8)((int8v)SELECT(straight, s, c) ^ flip_sine);
  *cosine = (vec8)((int8v)SELECT(straight, c, s) ^ flip_cosine);
}
