// Turns the lists of operations into loops over one half type, read and written as it lies. Include with T
// (float), F, SCALAR, LOOP and OPERATIONS as in loops.h, AT(p, part, j), READ(S) and WRITE(T); comparisons
// and predicates come from loops.h.
//
// Short expressions go through groups of elements: a group's results are made as float in two parts and stay
// in registers until LOOP(write_group) rounds them, beside the next ones, which wait for divisions and roots.
// A group that is not whole is worked on in copies. Of long expressions, whose constants take the registers,
// a tile's results lie in memory first. Loops may run in place, as in loops.h.

#define HALF_VECTORISED _Pragma("clang loop vectorize(assume_safety)")

#define PART(part, operands, expression)                                                   \
  HALF_VECTORISED for (int i = 0; i < HALF_PART; i++) {                                    \
    operands((part, i), AT);                                                               \
    results[part][i] = (expression);                                                       \
  }

// `open` opens the operands of a round, and `operands` names their elements. The first round takes all whole
// groups, the second what is left.
#define SHORT(open, operands, expression)                                                  \
  {                                                                                        \
    const int64_t left = n % HALF_GROUP;                                                   \
    uint16_t spare[4][HALF_GROUP];                                                         \
    for (int round = 0; round < 2; round++) {                                              \
      int64_t groups = round == 0 ? n / HALF_GROUP : left > 0;                             \
      uint16_t *out = round == 0 ? to : spare[3];                                          \
      open;                                                                                \
      for (int64_t at = 0; groups > 0; groups--, at += HALF_GROUP) {                       \
        _Alignas(64) T results[2][HALF_PART];                                              \
        PART(0, operands, expression)                                                      \
        PART(1, operands, expression)                                                      \
        LOOP(write_group)(out + at, results[0], results[1], by_bits);                      \
      }                                                                                    \
    }                                                                                      \
    if (left) __builtin_memcpy((uint16_t *)to + n - left, spare[3], (size_t)left * 2);     \
  }
// `operands` name the elements at i, and those of the tile at `at`.
#define LONG(operands, expression)                                                         \
  for (int64_t at = 0; at < n; at += HALF_TILE) {                                          \
    const int64_t m = n - at < HALF_TILE ? n - at : HALF_TILE;                             \
    _Alignas(64) T results[HALF_TILE];                                                     \
    HALF_VECTORISED for (int64_t i = 0; i < m; i++) {                                      \
      operands(i, FROM);                                                                   \
      results[i] = (expression);                                                           \
    }                                                                                      \
    LOOP(write_tile)(m, (uint16_t *)to + at, results);                                     \
  }

#define OPEN(a, k, from)                                                                   \
  const uint16_t *a = from;                                                                \
  if (round > 0 && left) {                                                                 \
    __builtin_memset(spare[k], 0, sizeof spare[k]);                                        \
    a = __builtin_memcpy(spare[k], a + n - left, (size_t)left * 2);                        \
  }
#define OPEN_FIRST OPEN(a, 0, first)
#define OPEN_SECOND OPEN(b, 1, second)
#define OPEN_BOTH OPEN_FIRST OPEN_SECOND
#define OPEN_ALL OPEN_BOTH OPEN(c, 2, third)

// The elements at a place, as GET reads them: of a group's part by AT, whose place is (part, i), of a tile by
// FROM.
#define X(place, GET) const T x = GET(a, first, place)
#define X_Y(place, GET) const T x = GET(a, first, place), y = GET(b, second, place)
#define X_ONE(place, GET) const T x = GET(a, first, place), y = one
#define ONE_Y(place, GET) const T x = one, y = GET(b, second, place)
#define X_Y_Z(place, GET) \
  const T x = GET(a, first, place), y = GET(b, second, place), z = GET(c, third, place)
#define FROM(a, from, i) READ(((const uint16_t *)from)[at + i])

// The element at i by itself.
#define READ_ONE(from) READ(((const uint16_t *)from)[i])
#define WRITE_ONE(value) ((uint16_t *)to)[i] = WRITE((T)(value))

#define UNARY_HEAD(name)                                                                   \
  static void LOOP(name)(int64_t n, void *to, const void *first, double p0, double p1) {   \
    const T p = SCALAR(p0), q = SCALAR(p1);                                                \
    const uint32_t by_bits = LOOP(rounds_by_bits)();                                       \
    (void)p, (void)q, (void)by_bits;

#define UNARY(op, name, expression)                                                        \
  UNARY_HEAD(name)                                                                         \
    LONG(X, expression)                                                      \
  }

#define UNARY_BRIEF(op, name, expression)                                                  \
  UNARY_HEAD(name)                                                                         \
    SHORT(OPEN_FIRST, X, expression)                                                       \
  }

#define EXPONENTIAL(op, name, expression, quick)                                           \
  UNARY_HEAD(name)                                                                         \
    if (any_beyond(n, first, BEYOND)) {                                                    \
      LONG(X, expression)                                                                  \
      return;                                                                              \
    }                                                                                      \
    SHORT(OPEN_FIRST, X, quick)                                                            \
  }

#define ANGLE(op, name, expression, slow)                                                  \
  UNARY_HEAD(name)                                                                         \
    if (LOOP(any_large_angle)(n, first)) {                                                 \
      for (int64_t i = 0; i < n; i++) {                                                    \
        const T x = READ_ONE(first);                                                       \
        WRITE_ONE(slow);                                                                   \
      }                                                                                    \
      return;                                                                              \
    }                                                                                      \
    LONG(X, expression)                                                      \
  }

#define BINARY_HEAD(name)                                                                  \
  static bool LOOP(name)(operand_form form, int64_t n, void *to, const void *first,        \
                         const void *second, double p0, double p1) {                       \
    const T p = SCALAR(p0), q = SCALAR(p1);                                                \
    const uint32_t by_bits = LOOP(rounds_by_bits)();                                       \
    (void)p, (void)q, (void)by_bits, (void)form;

#define LIGHT(op, name, expression)                                                        \
  BINARY_HEAD(name)                                                                        \
    if (form == FORM_VV) {                                                                 \
      SHORT(OPEN_BOTH, X_Y, expression)                                                   \
    } else if (form == FORM_VS) {                                                          \
      const T one = READ(*(const uint16_t *)second);                                       \
      SHORT(OPEN_FIRST, X_ONE, expression)                                                \
    } else {                                                                               \
      const T one = READ(*(const uint16_t *)first);                                        \
      SHORT(OPEN_SECOND, ONE_Y, expression)                                               \
    }                                                                                      \
    return false;                                                                          \
  }

#define HEAVY(op, name, expression)                                                        \
  BINARY_HEAD(name)                                                                        \
    LONG(X_Y, expression)                                                     \
    return false;                                                                          \
  }

#define HEAVY_BRIEF(op, name, expression)                                                  \
  BINARY_HEAD(name)                                                                        \
    SHORT(OPEN_BOTH, X_Y, expression)                                                      \
    return false;                                                                          \
  }

#define EXPONENTIAL_BACKWARD(op, name, expression, quick)                                  \
  BINARY_HEAD(name)                                                                        \
    if (any_beyond(n, second, BEYOND)) {                                                   \
      LONG(X_Y, expression)                                                                \
      return false;                                                                        \
    }                                                                                      \
    SHORT(OPEN_BOTH, X_Y, quick)                                                           \
    return false;                                                                          \
  }

#define ANGLE_BACKWARD(op, name, expression, slow)                                         \
  BINARY_HEAD(name)                                                                        \
    if (LOOP(any_large_angle)(n, second)) {                                                \
      for (int64_t i = 0; i < n; i++) {                                                    \
        const T x = READ_ONE(first), y = READ_ONE(second);                                 \
        WRITE_ONE(slow);                                                                   \
      }                                                                                    \
      return false;                                                                        \
    }                                                                                      \
    LONG(X_Y, expression)                                                     \
    return false;                                                                          \
  }

#define TERNARY(op, name, expression)                                                      \
  static void LOOP(name)(int64_t n, void *to, const void *first, const void *second,       \
                         const void *third, double p0) {                                   \
    const T p = SCALAR(p0);                                                                \
    const uint32_t by_bits = LOOP(rounds_by_bits)();                                       \
    (void)p;                                                                               \
    SHORT(OPEN_ALL, X_Y_Z, expression)                                                    \
  }

#include OPERATIONS

#undef HALF_VECTORISED
#undef PART
#undef SHORT
#undef LONG
#undef OPEN
#undef OPEN_FIRST
#undef OPEN_SECOND
#undef OPEN_BOTH
#undef OPEN_ALL
#undef X
#undef X_Y
#undef X_ONE
#undef ONE_Y
#undef X_Y_Z
#undef FROM
#undef READ_ONE
#undef WRITE_ONE
#undef UNARY_HEAD
#undef UNARY
#undef UNARY_BRIEF
#undef EXPONENTIAL
#undef ANGLE
#undef BINARY_HEAD
#undef LIGHT
#undef HEAVY
#undef HEAVY_BRIEF
#undef EXPONENTIAL_BACKWARD
#undef ANGLE_BACKWARD
#undef TERNARY
