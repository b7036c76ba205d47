// Conversions between all element types, as contiguous loops.
#include "widen.h"

INLINE uint16_t narrow_bf16(float x) {
  uint32_t u = (uint32_t)bits_f32(x);
  uint32_t rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return (uint16_t)(x != x ? 0x7fc0u | ((u >> 16) & 0x8000u) : rounded);
}

#if LEVEL > TORUS_BASE || defined(__aarch64__)
// F16C, or ARM's own instructions.
INLINE uint16_t narrow_f16(float x) {
  union { _Float16 f; uint16_t i; } u = {.f = (_Float16)x};
  return u.i;
}
#else
INLINE uint16_t narrow_f16(float x) {
  uint32_t u = (uint32_t)bits_f32(x), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
  // Normal results: round the 13 lost bits to even in integers.
  uint32_t normal = (a + 0xfffu + ((a >> 13) & 1u) - 0x38000000u) >> 13;
  // Denormal results: adding 1/2 aligns the last bit with f16's and rounds.
  uint32_t small = (uint32_t)bits_f32(from_bits_f32((int32_t)a) + 0.5f) - 0x3f000000u;
  uint32_t r = a < 0x38800000u ? small : normal;
  r = a >= 0x477ff000u ? 0x7c00u : r;
  r = a > 0x7f800000u ? 0x7e00u | ((a >> 13) & 0x3ffu) : r;
  return (uint16_t)(r | sign);
}
#endif

#include "narrow_bf16.h"

// By form: the number of an element, and how a number is stored.
#define READ_FLOAT(s) (s)
#define READ_WHOLE(s) (s)
#define READ_NARROW(s) (s)
#define READ_TRUTH(s) (s)
#define READ_BF16(s) widen_bf16(s)
#define READ_F16(s) widen_f16(s)

#define WRITE_FLOAT(T, v) ((T)(v))
#define WRITE_WHOLE(T, v) ((T)(v))
#define WRITE_NARROW(T, v) ((T)(int32_t)(v))
#define WRITE_TRUTH(T, v) ((v) != 0)
#define WRITE_BF16(T, v) narrow_bf16((float)(v))
#define WRITE_F16(T, v) narrow_f16((float)(v))

#define CONVERT(to, written, to_form, from, number, read, from_form, loops, name)   \
  static void convert_##to##_##from(int64_t n, void *o, const void *i) {            \
    if (TORUS_##to == TORUS_BF16 && TORUS_##from == TORUS_F32) {                    \
      narrow_floats_bf16(n, o, i);                                                  \
      return;                                                                       \
    }                                                                               \
    written *out = o;                                                               \
    const read *a = i;                                                              \
    _Pragma("clang loop vectorize(assume_safety)") for (int64_t k = 0; k < n; k++) { \
      out[k] = WRITE_##to_form(written, READ_##from_form(a[k]));                    \
    }                                                                               \
  }
#define CONVERT_ROW(x, to, number, stored, form, loops, name) \
  TORUS_DTYPE_ROWS_LATER(CONVERT, to, stored, form)
TORUS_TWICE(TORUS_DTYPE_ROWS(CONVERT_ROW, ))

#define CONVERT_ENTRY(to, from, ...) [TORUS_##to][TORUS_##from] = convert_##to##_##from,
#define CONVERT_ENTRIES(x, to, ...) TORUS_DTYPE_ROWS_LATER(CONVERT_ENTRY, to)

#define WHERE(name, T)                                                                    \
  static void where_##name(int64_t n, void *o, const void *c, const void *x, const void *y) { \
    T *out = o;                                                                           \
    const uint8_t *condition = c;                                                         \
    const T *a = x, *b = y;                                                               \
    _Pragma("clang loop vectorize(assume_safety)") for (int64_t k = 0; k < n; k++) {      \
      out[k] = condition[k] ? a[k] : b[k];                                                \
    }                                                                                     \
  }
WHERE(1, uint8_t)
WHERE(2, uint16_t)
WHERE(4, uint32_t)
WHERE(8, uint64_t)
#undef WHERE
