#include "keys.h"

#include <string.h>

// MARK: Making keys

static inline uint64_t key_of_float(uint32_t bits, int32_t width, bool nan) {
  uint32_t sign = 1u << (width - 1), mask = width == 32 ? UINT32_MAX : (1u << width) - 1;
  if (nan) return mask;
  // -0 sorts as 0.
  if (bits == sign) bits = 0;
  return (bits & sign ? ~bits : bits | sign) & mask;
}

static inline uint64_t key_of_FLOAT(const char *a, int32_t size, bool is_signed) {
  if (size == 4) {
    uint32_t u;
    memcpy(&u, a, 4);
    return key_of_float(u, 32, (u & 0x7fffffffu) > 0x7f800000u);
  }
  uint64_t u, sign = (uint64_t)1 << 63;
  memcpy(&u, a, 8);
  if ((u & ~sign) > 0x7ff0000000000000u) return UINT64_MAX;
  if (u == sign) u = 0;
  return u & sign ? ~u : u | sign;
}

static inline uint64_t key_of_BF16(const char *a, int32_t size, bool is_signed) {
  uint16_t u;
  memcpy(&u, a, 2);
  return key_of_float(u, 16, (u & 0x7fffu) > 0x7f80u);
}

static inline uint64_t key_of_F16(const char *a, int32_t size, bool is_signed) {
  uint16_t u;
  memcpy(&u, a, 2);
  return key_of_float(u, 16, (u & 0x7fffu) > 0x7c00u);
}

// Integers lie with their lowest byte first. The sign turned round brings negative ones before the others.
static inline uint64_t key_of_WHOLE(const char *a, int32_t size, bool is_signed) {
  uint64_t u = 0;
  memcpy(&u, a, (size_t)size);
  return is_signed ? u ^ (uint64_t)1 << (8 * size - 1) : u;
}
#define key_of_NARROW key_of_WHOLE
#define key_of_TRUTH key_of_WHOLE

// The switch on the type moves out of the loop: one loop per type.
#define KEYS_OF(LOOP, type, number, stored, form, loops, name) \
  case TORUS_##type: LOOP(form, (int32_t)sizeof(stored), (stored)-1 < 0) break;

void make_packed_keys(
  torus_dtype dtype, int64_t n, const char *a, int64_t step, bool inverted, packed_key *keys) {
  int32_t bits = key_bits(dtype);
  uint64_t flip = inverted ? (bits == 32 ? UINT32_MAX : ((uint64_t)1 << bits) - 1) : 0;
#define EACH_KEY(form, size, is_signed)                                                    \
  for (int64_t i = 0; i < n; i++) {                                                        \
    keys[i] = (key_of_##form(a + i * step, size, is_signed) ^ flip) << 32 | (uint64_t)i;   \
  }
  switch (dtype) { TORUS_DTYPE_ROWS(KEYS_OF, EACH_KEY) }
#undef EACH_KEY
}

void make_wide_keys(
  torus_dtype dtype, int64_t n, const char *a, int64_t step, bool inverted, wide_key *keys) {
  int32_t bits = key_bits(dtype);
  uint64_t flip = inverted ? (bits == 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1) : 0;
#define EACH_KEY(form, size, is_signed)                                           \
  for (int64_t i = 0; i < n; i++) {                                               \
    keys[i] = (wide_key){key_of_##form(a + i * step, size, is_signed) ^ flip, i}; \
  }
  switch (dtype) { TORUS_DTYPE_ROWS(KEYS_OF, EACH_KEY) }
#undef EACH_KEY
}

// MARK: Sorting and selecting, for either kind of key

static int32_t log2_floor(int64_t n) { return n > 0 ? 63 - __builtin_clzll((uint64_t)n) : 0; }

#define K packed_key
#define F(name) name##_packed
#define LESS(x, y) ((x) >> 32 < (y) >> 32)
#define DIGITS(x) ((x) >> 32)
#define RADIX_FROM 512
#include "sort_template.h"
#undef K
#undef F
#undef LESS
#undef DIGITS
#undef RADIX_FROM

#define K wide_key
#define F(name) name##_wide
#define LESS(x, y) ((x).key < (y).key)
#define DIGITS(x) ((x).key)
#define RADIX_FROM 2048
#include "sort_template.h"
