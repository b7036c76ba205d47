#include "write.h"

#include <math.h>

static float from_bf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &wide, 4);
  return value;
}

static uint16_t to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if (isnan(value)) return (uint16_t)(bits >> 16) | 0x40;
  return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// NaN wins over every number.
#define LARGER(a, b) ((a) != (a) ? (a) : (b) != (b) ? (b) : (a) > (b) ? (a) : (b))
#define SMALLER(a, b) ((a) != (a) ? (a) : (b) != (b) ? (b) : (a) < (b) ? (a) : (b))

#define WRITES(NAME, T)                                                                     \
  static void set_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = *(const T *)v;                                                                \
  }                                                                                         \
  static void add_##NAME(void *p, const void *v, double alpha) {                            \
    *(T *)p = (T)(*(T *)p + (alpha == 1 ? *(const T *)v : (T)((T)alpha * *(const T *)v)));  \
  }                                                                                         \
  static void mul_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = (T)(*(T *)p * *(const T *)v);                                                 \
  }                                                                                         \
  static void max_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = LARGER(*(T *)p, *(const T *)v);                                               \
  }                                                                                         \
  static void min_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = SMALLER(*(T *)p, *(const T *)v);                                              \
  }

WRITES(f32, float)
WRITES(f64, double)
WRITES(f16, _Float16)
WRITES(i64, int64_t)
WRITES(i32, int32_t)
WRITES(i16, int16_t)
WRITES(i8, int8_t)
WRITES(u8, uint8_t)

#define BF16(NAME, EXPRESSION)                                       \
  static void NAME##_bf16(void *p, const void *v, double alpha) {    \
    float a = from_bf16(*(uint16_t *)p), b = from_bf16(*(const uint16_t *)v); \
    (void)a, (void)b, (void)alpha;                                   \
    *(uint16_t *)p = to_bf16(EXPRESSION);                            \
  }

BF16(set, b)
BF16(add, a + (float)alpha * b)
BF16(mul, a *b)
BF16(max, LARGER(a, b))
BF16(min, SMALLER(a, b))

#define BOOL(NAME, EXPRESSION)                                       \
  static void NAME##_bool(void *p, const void *v, double alpha) {    \
    bool a = *(uint8_t *)p, b = *(const uint8_t *)v;                 \
    (void)a, (void)b, (void)alpha;                                   \
    *(uint8_t *)p = EXPRESSION;                                      \
  }

BOOL(set, b)
BOOL(add, a || (b && alpha != 0))
BOOL(mul, a &&b)
BOOL(max, a || b)
BOOL(min, a &&b)

#define RUN(OP, NAME, T)                                                                     \
  static bool run_##OP##_##NAME(                                                            \
    int64_t n, void *self, int64_t step, int64_t along, const int64_t *index,               \
    int64_t index_step, int64_t limit, const void *src, int64_t src_step, double alpha,     \
    int64_t *bad) {                                                                         \
    for (int64_t i = 0; i < n; i++) {                                                       \
      int64_t at = index[i * index_step];                                                   \
      if ((uint64_t)at >= (uint64_t)limit) {                                                \
        *bad = at;                                                                          \
        return false;                                                                       \
      }                                                                                     \
      OP##_##NAME((T *)self + i * step + at * along, (const T *)src + i * src_step, alpha); \
    }                                                                                       \
    return true;                                                                            \
  }

#define RUNS(OP)            \
  RUN(OP, f32, float)       \
  RUN(OP, f64, double)      \
  RUN(OP, bf16, uint16_t)   \
  RUN(OP, f16, _Float16)    \
  RUN(OP, i64, int64_t)     \
  RUN(OP, i32, int32_t)     \
  RUN(OP, i16, int16_t)     \
  RUN(OP, i8, int8_t)       \
  RUN(OP, u8, uint8_t)      \
  RUN(OP, bool, uint8_t)

RUNS(set)
RUNS(add)
RUNS(mul)
RUNS(max)
RUNS(min)

#define ROW(OP) \
  {OP##_f32, OP##_f64, OP##_bf16, OP##_f16, OP##_i64, OP##_i32, OP##_i16, OP##_i8, OP##_u8, OP##_bool}
#define TABLE(PREFIX)                                                       \
  {                                                                         \
    [TORUS_WRITE_SET] = ROW(PREFIX##set), [TORUS_WRITE_ADD] = ROW(PREFIX##add), \
    [TORUS_WRITE_MUL] = ROW(PREFIX##mul), [TORUS_WRITE_MAX] = ROW(PREFIX##max), \
    [TORUS_WRITE_MIN] = ROW(PREFIX##min),                                   \
  }

static const torus_write table[][TORUS_DTYPE_COUNT] = TABLE();
static const torus_write_run runs[][TORUS_DTYPE_COUNT] = TABLE(run_);

torus_write torus_write_function(torus_write_op op, torus_dtype dtype) { return table[op][dtype]; }

torus_write_run torus_write_run_function(torus_write_op op, torus_dtype dtype) {
  return runs[op][dtype];
}
