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

// Storage type, value read from storage, and how a value v is stored. Floats become narrow
// integers through I32, so that negative ones wrap as they do in PyTorch.
#define STORED_F32 float
#define STORED_F64 double
#define STORED_BF16 uint16_t
#define STORED_F16 uint16_t
#define STORED_I64 int64_t
#define STORED_I32 int32_t
#define STORED_I16 int16_t
#define STORED_I8 int8_t
#define STORED_U8 uint8_t
#define STORED_BOOL uint8_t

#define READ_F32(s) (s)
#define READ_F64(s) (s)
#define READ_BF16(s) widen_bf16(s)
#define READ_F16(s) widen_f16(s)
#define READ_I64(s) (s)
#define READ_I32(s) (s)
#define READ_I16(s) (s)
#define READ_I8(s) (s)
#define READ_U8(s) (s)
#define READ_BOOL(s) (s)

#define WRITE_F32(v) ((float)(v))
#define WRITE_F64(v) ((double)(v))
#define WRITE_BF16(v) narrow_bf16((float)(v))
#define WRITE_F16(v) narrow_f16((float)(v))
#define WRITE_I64(v) ((int64_t)(v))
#define WRITE_I32(v) ((int32_t)(v))
#define WRITE_I16(v) ((int16_t)(int32_t)(v))
#define WRITE_I8(v) ((int8_t)(int32_t)(v))
#define WRITE_U8(v) ((uint8_t)(int32_t)(v))
#define WRITE_BOOL(v) ((v) != 0)

#define CONVERT(to, from)                                                           \
  static void convert_##to##_##from(int64_t n, void *o, const void *i) {            \
    STORED_##to *out = o;                                                           \
    const STORED_##from *a = i;                                                     \
    _Pragma("clang loop vectorize(assume_safety)") for (int64_t k = 0; k < n; k++) { \
      out[k] = WRITE_##to(READ_##from(a[k]));                                       \
    }                                                                               \
  }

#define FOR_OTHER_DTYPES(M, x) \
  M(F32, x) M(F64, x) M(F16, x) M(I64, x) M(I32, x) M(I16, x) M(I8, x) M(U8, x) M(BOOL, x)
#define FOR_EACH_DTYPE(M, x) M(BF16, x) FOR_OTHER_DTYPES(M, x)
#define FROM_OTHER_DTYPES(M, x) \
  M(x, F64) M(x, BF16) M(x, F16) M(x, I64) M(x, I32) M(x, I16) M(x, I8) M(x, U8) M(x, BOOL)
#define FOR_EACH_FROM(M, x) M(x, F32) FROM_OTHER_DTYPES(M, x)

// All but F32 to BF16, which narrow_bf16.h does by hand.
#define CONVERT_ROW(to, unused) FOR_EACH_FROM(CONVERT, to)
FOR_OTHER_DTYPES(CONVERT_ROW, )
FROM_OTHER_DTYPES(CONVERT, BF16)
#include "narrow_bf16.h"

#define CONVERT_ENTRY(to, from) [TORUS_##to][TORUS_##from] = convert_##to##_##from,
#define CONVERT_ENTRIES(to, unused) FOR_EACH_FROM(CONVERT_ENTRY, to)

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
