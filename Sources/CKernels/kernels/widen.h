// The half types as float.

INLINE float widen_bf16(uint16_t x) { return from_bits_f32((int32_t)((uint32_t)x << 16)); }

// Two elements that lie together, and each of them.
typedef uint32_t pair_bf16 __attribute__((aligned(2), may_alias));
INLINE float first_bf16(pair_bf16 pair) { return from_bits_f32((int32_t)(pair << 16)); }
INLINE float second_bf16(pair_bf16 pair) { return from_bits_f32((int32_t)(pair & 0xffff0000u)); }

#if LEVEL > TORUS_BASE || defined(__aarch64__)
// F16C, or ARM's own instructions.
INLINE float widen_f16(uint16_t x) {
  union { uint16_t i; _Float16 f; } u = {.i = x};
  return (float)u.f;
}
#else
INLINE float widen_f16(uint16_t x) {
  uint32_t sign = (uint32_t)(x & 0x8000u) << 16, rest = x & 0x7fffu;
  // Moving the bits into place leaves the exponent short by 112; a product puts that right, for
  // denormals too. Infinity and NaN get the highest exponent.
  float y = from_bits_f32((int32_t)(rest << 13)) * 0x1p112f;
  uint32_t special = rest >= 0x7c00u ? 0x7f800000u : 0;
  return from_bits_f32((int32_t)((uint32_t)bits_f32(y) | special | sign));
}
#endif
