// Groups of results of a half type on their way to memory, for half_loops.h. Elements of bfloat16 at even
// places are a group's first part, those at odd places the second: the lower and upper halves of words, which
// a shift and a mask widen.

enum { HALF_PART = 16, HALF_GROUP = 2 * HALF_PART, HALF_TILE = 1024 };

// The element i of a part of the group at `at`; its place is (part, i).
#define WORD_OF(part, i) i
#define PART_OF(part, i) part
#define PLACE_OF(part, i) (part) * HALF_PART + (i)
#define WORDS_BF16(p) ((const pair_bf16 *)((p) + at))
#define TAKE_BF16(p, place) \
  (PART_OF place ? second_bf16(WORDS_BF16(p)[WORD_OF place]) : first_bf16(WORDS_BF16(p)[WORD_OF place]))
#define TAKE_F16(p, place) widen_f16((p)[at + (PLACE_OF place)])

INLINE uint32_t loop_rounds_by_bits_f16(void) { return 0; }

INLINE void loop_write_group_f16(
  uint16_t *to, const float *first, const float *second, uint32_t by_bits) {
  (void)by_bits;
#if LEVEL > TORUS_BASE || defined(__aarch64__)
  typedef _Float16 float16s __attribute__((vector_size(VBYTES / 2), aligned(2)));
  for (int i = 0; i < HALF_PART; i += VBYTES / 4) {
    *(float16s *)(to + i) = __builtin_convertvector(*(const narrow_floats *)(first + i), float16s);
    *(float16s *)(to + HALF_PART + i) =
      __builtin_convertvector(*(const narrow_floats *)(second + i), float16s);
  }
#else
  for (int i = 0; i < HALF_PART; i++) to[i] = narrow_f16(first[i]);
  for (int i = 0; i < HALF_PART; i++) to[HALF_PART + i] = narrow_f16(second[i]);
#endif
}

/// Whether an element is beyond ±`bound`, given by its bits, or a NaN.
static bool any_beyond(int64_t n, const uint16_t *a, uint16_t bound) {
  bool beyond = false;
  for (int64_t i = 0; i < n; i++) beyond |= (a[i] & 0x7fff) > bound;
  return beyond;
}

// 87, within which e^x is a normal number: the range of EXPONENTIAL rows.
#define BEYOND_BF16 0x42ae
#define BEYOND_F16 0x5570

INLINE void loop_write_tile_f16(int64_t n, uint16_t *to, const float *results) {
  convert_F16_F32(n, to, results);
}

INLINE void loop_write_tile_bf16(int64_t n, uint16_t *to, const float *results) {
  narrow_floats_bf16(n, to, results);
}

/// All bits where the processor has no instruction that rounds to bfloat16, else none.
INLINE uint32_t loop_rounds_by_bits_bf16(void) {
#if LEVEL == TORUS_V4
  return torus_has_avx512_bf16() ? 0 : 0xffff;
#else
  return 0xffff;
#endif
}

INLINE void loop_write_group_bf16(
  uint16_t *to, const float *first, const float *second, uint32_t by_bits) {
#if LEVEL == TORUS_V4
  // The instruction takes subnormal numbers for zero and keeps what a NaN carries: those go by bits.
  enum { QUIET_NAN = 0x01, SUBNORMAL = 0x20, SIGNALLING_NAN = 0x80 };
  enum { OTHERWISE = QUIET_NAN | SUBNORMAL | SIGNALLING_NAN };
  const __m512 x = _mm512_load_ps(first), y = _mm512_load_ps(second);
  const uint32_t other = _mm512_fpclass_ps_mask(x, OTHERWISE) | _mm512_fpclass_ps_mask(y, OTHERWISE);
  if (__builtin_expect((other | by_bits) == 0, 1)) {
    typedef uint16_t places __attribute__((vector_size(64)));
    const places from = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                         8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    // By name: the level's own instruction set is without it.
    __m512i both;
    __asm__("vcvtne2ps2bf16 %1, %2, %0" : "=v"(both) : "v"(x), "v"(y));
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16((__m512i)from, both));
    return;
  }
#else
  (void)by_bits;
#endif
  enum { WORDS = VBYTES / 4 };
  typedef uint32_t words_out __attribute__((vector_size(VBYTES), aligned(2), may_alias));
  for (int j = 0; j < HALF_PART; j += WORDS) {
    const narrow_floats a = *(const narrow_floats *)(first + j);
    const narrow_floats b = *(const narrow_floats *)(second + j);
    const bool nan = __builtin_reduce_or((a != a) | (b != b)) != 0;
    narrow_words p, q;
    if (__builtin_expect(nan, 0)) p = rounded_bf16(a, true), q = rounded_bf16(b, true);
    else p = rounded_bf16(a, false), q = rounded_bf16(b, false);
    *(words_out *)(to + 2 * j) = p >> 16 | (q & 0xffff0000);
  }
}
