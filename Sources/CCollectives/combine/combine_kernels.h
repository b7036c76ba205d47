// Included by combine.c once per instruction set, with LEVEL(name) pasting that set's suffix.
// assume_safety: `out` may equal an input exactly, which elementwise loops bear, and which the
// vectoriser's own overlap check would answer with the scalar loop.

#define TORUS_LOOP _Pragma("clang loop vectorize(assume_safety) interleave(enable)")

#define TORUS_BINARY(NAME, T, LOAD, STORE, EXPRESSION)                                             \
  static void LEVEL(NAME)(void *out, const void *left, const void *right, size_t count) {         \
    T *o = out;                                                                                    \
    const T *l = left, *r = right;                                                                 \
    TORUS_LOOP for (size_t i = 0; i < count; i++) {                                                \
      __auto_type a = LOAD(l[i]);                                                                  \
      __auto_type b = LOAD(r[i]);                                                                  \
      o[i] = STORE(EXPRESSION);                                                                    \
    }                                                                                              \
  }

// Values of one group live in registers while all inputs pass: each input is read once and each
// output written once, with nothing in between. Enough of them hide the latency of an addition.
#define TORUS_GROUP 64
#define TORUS_UNROLLED \
  _Pragma("clang loop vectorize(assume_safety)") for (int j = 0; j < TORUS_GROUP; j++)

#define TORUS_MANY(NAME, T, LOAD, STORE, EXPRESSION, FINISHED)                                     \
  static void LEVEL(NAME##_many)(                                                                  \
    void *const *out, size_t outs, const void *const *in, size_t ins, size_t count,                \
    uint64_t divisor) {                                                                            \
    typedef __typeof__(LOAD((T){0})) value;                                                        \
    size_t i = 0;                                                                                  \
    for (; i + TORUS_GROUP <= count; i += TORUS_GROUP) {                                           \
      value sum[TORUS_GROUP];                                                                      \
      const T *x = (const T *)in[0] + i;                                                           \
      TORUS_UNROLLED sum[j] = LOAD(x[j]);                                                          \
      for (size_t k = 1; k < ins; k++) {                                                           \
        x = (const T *)in[k] + i;                                                                  \
        TORUS_UNROLLED {                                                                           \
          value a = sum[j], b = LOAD(x[j]);                                                        \
          sum[j] = EXPRESSION;                                                                     \
        }                                                                                          \
      }                                                                                            \
      TORUS_UNROLLED sum[j] = FINISHED(sum[j]);                                                    \
      for (size_t k = 0; k < outs; k++) {                                                          \
        T *o = (T *)out[k] + i;                                                                    \
        TORUS_UNROLLED o[j] = STORE(sum[j]);                                                       \
      }                                                                                            \
    }                                                                                              \
    for (; i < count; i++) {                                                                       \
      value a = LOAD(((const T *)in[0])[i]);                                                       \
      for (size_t k = 1; k < ins; k++) {                                                           \
        value b = LOAD(((const T *)in[k])[i]);                                                     \
        a = EXPRESSION;                                                                            \
      }                                                                                            \
      a = FINISHED(a);                                                                             \
      for (size_t k = 0; k < outs; k++) ((T *)out[k])[i] = STORE(a);                               \
    }                                                                                              \
  }

#define TORUS_BOTH(NAME, T, LOAD, STORE, EXPRESSION)                                               \
  TORUS_BINARY(NAME, T, LOAD, STORE, EXPRESSION)                                                   \
  TORUS_MANY(NAME, T, LOAD, STORE, EXPRESSION, TORUS_SAME)

#define TORUS_SAME(x) (x)
#define TORUS_DIVIDED(x) ((x) / (value)divisor)
#define TORUS_MIN_OF ((a < b || a != a) ? a : b)
#define TORUS_MAX_OF ((a > b || a != a) ? a : b)

#define TORUS_ARITHMETIC(NAME, T, LOAD, STORE)                                                     \
  TORUS_BOTH(NAME##_sum, T, LOAD, STORE, a + b)                                                    \
  TORUS_MANY(NAME##_average, T, LOAD, STORE, a + b, TORUS_DIVIDED)                                 \
  TORUS_BOTH(NAME##_product, T, LOAD, STORE, a *b)                                                 \
  TORUS_BOTH(NAME##_min, T, LOAD, STORE, TORUS_MIN_OF)                                             \
  TORUS_BOTH(NAME##_max, T, LOAD, STORE, TORUS_MAX_OF)

#define TORUS_BITS(NAME, T)                                                                        \
  TORUS_BOTH(NAME##_and, T, TORUS_SAME, TORUS_SAME, (T)(a & b))                                    \
  TORUS_BOTH(NAME##_or, T, TORUS_SAME, TORUS_SAME, (T)(a | b))                                     \
  TORUS_BOTH(NAME##_xor, T, TORUS_SAME, TORUS_SAME, (T)(a ^ b))

static inline float LEVEL(from_bf16)(uint16_t bits) {
  union { uint32_t u; float f; } v = {.u = (uint32_t)bits << 16};
  return v.f;
}

static inline uint16_t LEVEL(to_bf16)(float value) {
  union { float f; uint32_t u; } v = {.f = value};
  uint32_t rounded = (v.u + 0x7fff + ((v.u >> 16) & 1)) >> 16;
  uint32_t quiet = (v.u >> 16) | 0x40;
  return (uint16_t)(value != value ? quiet : rounded);
}

#if TORUS_NATIVE_HALF
static inline float LEVEL(from_f16)(uint16_t bits) {
  union { uint16_t u; _Float16 h; } v = {.u = bits};
  return (float)v.h;
}

static inline uint16_t LEVEL(to_f16)(float value) {
  union { _Float16 h; uint16_t u; } v = {.h = (_Float16)value};
  return v.u;
}
#else
// Integer arithmetic throughout: baseline x86-64 has no conversion, and the compiler's would be a
// call per element.
static inline float LEVEL(from_f16)(uint16_t bits) {
  uint32_t magnitude = (uint32_t)(bits & 0x7fff) << 13, sign = (uint32_t)(bits & 0x8000) << 16;
  union { uint32_t u; float f; } v = {.u = magnitude};
  if ((magnitude & 0x0f800000) == 0x0f800000) {
    v.u = (magnitude & 0x007fffff) | 0x7f800000;
  } else {
    v.f *= 0x1p112f;  // moves the exponent's bias and normalises subnormals at once
  }
  v.u |= sign;
  return v.f;
}

static inline uint16_t LEVEL(to_f16)(float value) {
  union { float f; uint32_t u; } v = {.f = value};
  uint32_t sign = (v.u >> 16) & 0x8000, magnitude = v.u & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00);
  if (magnitude < 0x38800000) {
    // Adding 0.5 leaves the half's subnormal bits, rounded to nearest even, at the bottom.
    union { uint32_t u; float f; } m = {.u = magnitude};
    m.f += 0.5f;
    return (uint16_t)(sign | (m.u - 0x3f000000));
  }
  return (uint16_t)(sign | ((magnitude + 0xfff + ((magnitude >> 13) & 1) - 0x38000000) >> 13));
}
#endif

// Sums and products in unsigned arithmetic, which wraps without undefined behaviour.
#define TORUS_WHOLE(NAME, T)                                                                       \
  TORUS_BOTH(NAME##_sum, T, TORUS_SAME, TORUS_SAME, (T)((uint64_t)a + (uint64_t)b))                \
  TORUS_BOTH(NAME##_product, T, TORUS_SAME, TORUS_SAME, (T)((uint64_t)a * (uint64_t)b))            \
  TORUS_BOTH(NAME##_min, T, TORUS_SAME, TORUS_SAME, a < b ? a : b)                                 \
  TORUS_BOTH(NAME##_max, T, TORUS_SAME, TORUS_SAME, a > b ? a : b)                                 \
  TORUS_BITS(NAME, T)

#define TORUS_COMBINE_FLOAT(NAME, T) TORUS_ARITHMETIC(NAME, T, TORUS_SAME, TORUS_SAME)
#define TORUS_COMBINE_F16(NAME, T) TORUS_ARITHMETIC(NAME, T, LEVEL(from_f16), LEVEL(to_f16))
#define TORUS_COMBINE_BF16(NAME, T) TORUS_ARITHMETIC(NAME, T, LEVEL(from_bf16), LEVEL(to_bf16))
#define TORUS_COMBINE_WHOLE(NAME, T) TORUS_WHOLE(NAME, T)
#define TORUS_COMBINE_NARROW(NAME, T) TORUS_WHOLE(NAME, T)
#define TORUS_COMBINE_TRUTH(NAME, T) TORUS_BITS(NAME, T)
#define TORUS_COMBINE(x, type, number, stored, form, loops, name) TORUS_COMBINE_##form(type, stored)
TORUS_DTYPE_ROWS(TORUS_COMBINE, )

// Half precision to f32 and back, block by block.
#define TORUS_WIDEN(NAME)                                                                          \
  static void LEVEL(NAME##_widen)(float *out, const void *in, size_t count) {                     \
    const uint16_t *x = in;                                                                        \
    TORUS_LOOP for (size_t i = 0; i < count; i++) out[i] = LEVEL(from_##NAME)(x[i]);               \
  }                                                                                                \
  static void LEVEL(NAME##_narrow)(void *out, const float *in, size_t count) {                    \
    uint16_t *o = out;                                                                             \
    TORUS_LOOP for (size_t i = 0; i < count; i++) o[i] = LEVEL(to_##NAME)(in[i]);                  \
  }

TORUS_WIDEN(f16)
TORUS_WIDEN(bf16)

static void LEVEL(f64_divide)(double *values, size_t count, double divisor) {
  TORUS_LOOP for (size_t i = 0; i < count; i++) values[i] /= divisor;
}

static void LEVEL(f32_divide)(float *values, size_t count, float divisor) {
  TORUS_LOOP for (size_t i = 0; i < count; i++) values[i] /= divisor;
}

// By form, in the order of the reductions: those of pairs, and those of many with MANY behind the name.
#define TORUS_ENTRIES_FLOAT(NAME, MANY, AVERAGE)                                                   \
  {LEVEL(NAME##_sum##MANY), LEVEL(NAME##_##AVERAGE##MANY), LEVEL(NAME##_product##MANY),            \
   LEVEL(NAME##_min##MANY), LEVEL(NAME##_max##MANY), 0, 0, 0}
#define TORUS_ENTRIES_F16(NAME, MANY, AVERAGE) TORUS_ENTRIES_FLOAT(NAME, MANY, AVERAGE)
#define TORUS_ENTRIES_BF16(NAME, MANY, AVERAGE) TORUS_ENTRIES_FLOAT(NAME, MANY, AVERAGE)
#define TORUS_ENTRIES_WHOLE(NAME, MANY, AVERAGE)                                                   \
  {LEVEL(NAME##_sum##MANY), 0, LEVEL(NAME##_product##MANY), LEVEL(NAME##_min##MANY),               \
   LEVEL(NAME##_max##MANY), LEVEL(NAME##_and##MANY), LEVEL(NAME##_or##MANY),                       \
   LEVEL(NAME##_xor##MANY)}
#define TORUS_ENTRIES_NARROW(NAME, MANY, AVERAGE) TORUS_ENTRIES_WHOLE(NAME, MANY, AVERAGE)
#define TORUS_ENTRIES_TRUTH(NAME, MANY, AVERAGE)                                                   \
  {LEVEL(NAME##_or##MANY), 0, LEVEL(NAME##_and##MANY), LEVEL(NAME##_and##MANY),                    \
   LEVEL(NAME##_or##MANY), LEVEL(NAME##_and##MANY), LEVEL(NAME##_or##MANY),                        \
   LEVEL(NAME##_xor##MANY)}
// Pairs are added up, and divided in the end.
#define TORUS_PAIR_ENTRY(x, type, number, stored, form, loops, name) \
  [number] = TORUS_ENTRIES_##form(type, , sum),
#define TORUS_MANY_ENTRY(x, type, number, stored, form, loops, name) \
  [number] = TORUS_ENTRIES_##form(type, _many, average),

static const torus_combine_table LEVEL(table) = {
  .pair = {TORUS_DTYPE_ROWS(TORUS_PAIR_ENTRY, )},
  .many = {TORUS_DTYPE_ROWS(TORUS_MANY_ENTRY, )},
  .f16_widen = LEVEL(f16_widen),
  .f16_narrow = LEVEL(f16_narrow),
  .bf16_widen = LEVEL(bf16_widen),
  .bf16_narrow = LEVEL(bf16_narrow),
  .f64_divide = LEVEL(f64_divide),
  .f32_divide = LEVEL(f32_divide),
};

#undef TORUS_LOOP
#undef TORUS_GROUP
#undef TORUS_UNROLLED
#undef TORUS_BINARY
#undef TORUS_MANY
#undef TORUS_BOTH
#undef TORUS_SAME
#undef TORUS_DIVIDED
#undef TORUS_MIN_OF
#undef TORUS_MAX_OF
#undef TORUS_ARITHMETIC
#undef TORUS_BITS
#undef TORUS_WIDEN
#undef TORUS_WHOLE
#undef TORUS_COMBINE_FLOAT
#undef TORUS_COMBINE_F16
#undef TORUS_COMBINE_BF16
#undef TORUS_COMBINE_WHOLE
#undef TORUS_COMBINE_NARROW
#undef TORUS_COMBINE_TRUTH
#undef TORUS_ENTRIES_FLOAT
#undef TORUS_ENTRIES_F16
#undef TORUS_ENTRIES_BF16
#undef TORUS_ENTRIES_WHOLE
#undef TORUS_ENTRIES_NARROW
#undef TORUS_ENTRIES_TRUTH
#undef TORUS_COMBINE
#undef TORUS_PAIR_ENTRY
#undef TORUS_MANY_ENTRY
