// Turns the lists of operations into contiguous loops of one type T, named LOOP(…). Include with T, F, U
// (or T again), SCALAR(double) → T and OPERATIONS, the list's file name; S and READ(S) → T say how
// operands are stored. Results are T. With HALVES there are comparisons and predicates alone: what has results
// of a half type is in half_loops.h.
//
// Loops may run in place (out equal to an input) but never overlap otherwise, which is what
// assume_safety tells the vectoriser.

#define EACH _Pragma("clang loop vectorize(assume_safety)") for (int64_t i = 0; i < n; i++)

#ifndef HALVES
#define UNARY(op, name, expression)                                                      \
  static void LOOP(name)(int64_t n, void *to, const void *from, double p0, double p1) {  \
    T *out = to;                                                                         \
    const S *a = from;                                                                   \
    T p = SCALAR(p0), q = SCALAR(p1);                                                    \
    (void)p, (void)q;                                                                    \
    EACH {                                                                               \
      T x = READ(a[i]);                                                                  \
      out[i] = (expression);                                                             \
    }                                                                                    \
  }

/// A vector loop, unless an element lies beyond the range of the fast reduction.
#define ANGLE(op, name, expression, slow)                                                \
  static void LOOP(name)(int64_t n, void *to, const void *from, double p0, double p1) {  \
    (void)p0, (void)p1;                                                                  \
    T *out = to;                                                                         \
    const S *a = from;                                                                   \
    if (LOOP(any_large_angle)(n, a)) {                                                   \
      for (int64_t i = 0; i < n; i++) {                                                  \
        T x = READ(a[i]);                                                                \
        out[i] = (T)(slow);                                                              \
      }                                                                                  \
      return;                                                                            \
    }                                                                                    \
    EACH {                                                                               \
      T x = READ(a[i]);                                                                  \
      out[i] = (expression);                                                             \
    }                                                                                    \
  }

#define BINARY_HEAD(name)                                                                \
  static bool LOOP(name)(operand_form form, int64_t n, void *to, const void *first,      \
                             const void *second, double p0, double p1) {                 \
    T *out = to;                                                                         \
    const S *a = first, *b = second;                                                     \
    T p = SCALAR(p0), q = SCALAR(p1);                                                    \
    (void)p, (void)q, (void)form;

#endif

#define BINARY_LOOP(expression, u, v)                                                    \
  EACH {                                                                                 \
    T x = (u), y = (v);                                                                  \
    out[i] = (expression);                                                               \
  }

#ifndef HALVES
#define LIGHT(op, name, expression)                                                      \
  BINARY_HEAD(name)                                                                      \
    if (form == FORM_VV) {                                                               \
      BINARY_LOOP(expression, READ(a[i]), READ(b[i]))                                    \
    } else if (form == FORM_VS) {                                                        \
      T one = READ(*b);                                                                  \
      BINARY_LOOP(expression, READ(a[i]), one)                                           \
    } else {                                                                             \
      T one = READ(*a);                                                                  \
      BINARY_LOOP(expression, one, READ(b[i]))                                           \
    }                                                                                    \
    return false;                                                                        \
  }

#define HEAVY(op, name, expression)                                                      \
  BINARY_HEAD(name)                                                                      \
    BINARY_LOOP(expression, READ(a[i]), READ(b[i]))                                      \
    return false;                                                                        \
  }

#define DIVISION(op, name, expression)                                                   \
  BINARY_HEAD(name)                                                                      \
    bool zero = false;                                                                   \
    for (int64_t i = 0; i < n; i++) {                                                    \
      T x = READ(a[i]), y = READ(b[i]);                                                  \
      zero |= y == 0;                                                                    \
      y = y == 0 ? 1 : y;                                                                \
      out[i] = (expression);                                                             \
    }                                                                                    \
    return zero;                                                                         \
  }

#define ANGLE_BACKWARD(op, name, expression, slow)                                       \
  BINARY_HEAD(name)                                                                      \
    if (LOOP(any_large_angle)(n, b)) {                                                   \
      for (int64_t i = 0; i < n; i++) {                                                  \
        T x = READ(a[i]), y = READ(b[i]);                                                \
        out[i] = (slow);                                                                 \
      }                                                                                  \
      return false;                                                                      \
    }                                                                                    \
    BINARY_LOOP(expression, READ(a[i]), READ(b[i]))                                      \
    return false;                                                                        \
  }

#define TERNARY(op, name, expression)                                                    \
  static void LOOP(name)(int64_t n, void *to, const void *first, const void *second,     \
                             const void *third, double p0) {                             \
    T *out = to;                                                                         \
    const S *a = first, *b = second, *c = third;                                         \
    T p = SCALAR(p0);                                                                    \
    (void)p;                                                                             \
    EACH {                                                                               \
      T x = READ(a[i]), y = READ(b[i]), z = READ(c[i]);                                  \
      out[i] = (expression);                                                             \
    }                                                                                    \
  }
#endif

#define COMPARE(op, name, expression)                                                    \
  static bool LOOP(name)(operand_form form, int64_t n, void *to, const void *first,      \
                             const void *second, double p0, double p1) {                 \
    (void)p0, (void)p1;                                                                  \
    uint8_t *out = to;                                                                   \
    const S *a = first, *b = second;                                                     \
    if (form == FORM_VV) {                                                               \
      BINARY_LOOP(expression, READ(a[i]), READ(b[i]))                                    \
    } else if (form == FORM_VS) {                                                        \
      T one = READ(*b);                                                                  \
      BINARY_LOOP(expression, READ(a[i]), one)                                           \
    } else {                                                                             \
      T one = READ(*a);                                                                  \
      BINARY_LOOP(expression, one, READ(b[i]))                                           \
    }                                                                                    \
    return false;                                                                        \
  }

#define PREDICATE(op, name, expression)                                                  \
  static void LOOP(name)(int64_t n, void *to, const void *from, double p0, double p1) {  \
    (void)p0, (void)p1;                                                                  \
    uint8_t *out = to;                                                                   \
    const S *a = from;                                                                   \
    EACH {                                                                               \
      T x = READ(a[i]);                                                                  \
      out[i] = (expression);                                                             \
    }                                                                                    \
  }

#include OPERATIONS

#undef UNARY
#undef ANGLE
#undef LIGHT
#undef HEAVY
#undef DIVISION
#undef ANGLE_BACKWARD
#undef TERNARY
#undef COMPARE
#undef PREDICATE
#undef BINARY_HEAD
#undef BINARY_LOOP
#undef EACH
