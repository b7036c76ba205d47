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
    /* 1u: products of uint16_t would overflow int. */                                      \
    *(T *)p = (T)(1u * *(T *)p * *(const T *)v);                                            \
  }                                                                                         \
  static void max_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = LARGER(*(T *)p, *(const T *)v);                                               \
  }                                                                                         \
  static void min_##NAME(void *p, const void *v, double alpha) {                            \
    (void)alpha;                                                                            \
    *(T *)p = SMALLER(*(T *)p, *(const T *)v);                                              \
  }

#define BFLOAT(OP, NAME, EXPRESSION)                                 \
  static void OP##_##NAME(void *p, const void *v, double alpha) {    \
    float a = from_bf16(*(uint16_t *)p), b = from_bf16(*(const uint16_t *)v); \
    (void)a, (void)b, (void)alpha;                                   \
    *(uint16_t *)p = to_bf16(EXPRESSION);                            \
  }


#define TRUTH(OP, NAME, EXPRESSION)                                  \
  static void OP##_##NAME(void *p, const void *v, double alpha) {    \
    bool a = *(uint8_t *)p, b = *(const uint8_t *)v;                 \
    (void)a, (void)b, (void)alpha;                                   \
    *(uint8_t *)p = EXPRESSION;                                      \
  }

#define WRITES_FLOAT(NAME, T) WRITES(NAME, T)
#define WRITES_WHOLE(NAME, T) WRITES(NAME, T)
#define WRITES_NARROW(NAME, T) WRITES(NAME, T)
#define WRITES_F16(NAME, T) WRITES(NAME, _Float16)
#define WRITES_BF16(NAME, T)               \
  BFLOAT(set, NAME, b)                     \
  BFLOAT(add, NAME, a + (float)alpha * b)  \
  BFLOAT(mul, NAME, a *b)                  \
  BFLOAT(max, NAME, LARGER(a, b))          \
  BFLOAT(min, NAME, SMALLER(a, b))
#define WRITES_TRUTH(NAME, T)              \
  TRUTH(set, NAME, b)                      \
  TRUTH(add, NAME, a || (b && alpha != 0)) \
  TRUTH(mul, NAME, a &&b)                  \
  TRUTH(max, NAME, a || b)                 \
  TRUTH(min, NAME, a &&b)
#define WRITES_ROW(x, type, number, stored, form, loops, name) WRITES_##form(type, stored)
TORUS_DTYPE_ROWS(WRITES_ROW, )

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

#define RUN_ROW(OP, type, number, stored, form, loops, name) RUN(OP, type, stored)
TORUS_DTYPE_ROWS(RUN_ROW, set)
TORUS_DTYPE_ROWS(RUN_ROW, add)
TORUS_DTYPE_ROWS(RUN_ROW, mul)
TORUS_DTYPE_ROWS(RUN_ROW, max)
TORUS_DTYPE_ROWS(RUN_ROW, min)

#define ENTRY(OP, type, number, stored, form, loops, name) [number] = OP##_##type,
#define OPERATION(OP) {TORUS_DTYPE_ROWS(ENTRY, OP)}
#define TABLE(PREFIX)                                                       \
  {                                                                         \
    [TORUS_WRITE_SET] = OPERATION(PREFIX##set), [TORUS_WRITE_ADD] = OPERATION(PREFIX##add), \
    [TORUS_WRITE_MUL] = OPERATION(PREFIX##mul), [TORUS_WRITE_MAX] = OPERATION(PREFIX##max), \
    [TORUS_WRITE_MIN] = OPERATION(PREFIX##min),                             \
  }

static const torus_write table[][TORUS_DTYPE_COUNT] = TABLE();
static const torus_write_run runs[][TORUS_DTYPE_COUNT] = TABLE(run_);

torus_write torus_write_function(torus_write_op op, torus_dtype dtype) { return table[op][dtype]; }

torus_write_run torus_write_run_function(torus_write_op op, torus_dtype dtype) {
  return runs[op][dtype];
}
