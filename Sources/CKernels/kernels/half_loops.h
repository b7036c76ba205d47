// Turns the operations of short expressions into loops over one half type, read and written as it lies.
// Include after the loops of float, with T (float), F, SCALAR, LOOP and OPERATIONS as in loops.h, AT(p, place),
// READ(S), WIDEN and BEYOND; comparisons and predicates come from loops.h. The rest has no loop here:
// the drivers widen a tile, run float's loop on it and narrow what comes out, which beside a long expression
// costs little.
//
// A group's results are made as float in two parts and stay in registers until LOOP(write_group) rounds them,
// beside the next ones, which wait for divisions and roots. A group that is not whole is worked on in copies.
// Loops may run in place, as in loops.h.

#define HALF_VECTORISED _Pragma("clang loop vectorize(assume_safety)")

#define PART(part, operands, expression)                                                   \
  HALF_VECTORISED for (int i = 0; i < HALF_PART; i++) {                                    \
    operands((part, i));                                                                   \
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

// A tile at a time by the loop of float, which `call` runs on `x` and `y`; results go to `x`.
#define BY_TILES(widen, call)                                                              \
  for (int64_t at = 0; at < n; at += HALF_TILE) {                                          \
    const int64_t m = n - at < HALF_TILE ? n - at : HALF_TILE;                             \
    _Alignas(64) T x[HALF_TILE], y[HALF_TILE];                                             \
    (void)y;                                                                               \
    widen;                                                                                 \
    call;                                                                                  \
    LOOP(write_tile)(m, (uint16_t *)to + at, x);                                           \
  }
#define WIDEN_X WIDEN(m, x, (const uint16_t *)first + at)
#define WIDEN_BOTH WIDEN_X, WIDEN(m, y, (const uint16_t *)second + at)

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

// The elements at a place of a group, (part, i).
#define X(place) const T x = AT(a, place)
#define X_Y(place) const T x = AT(a, place), y = AT(b, place)
#define X_ONE(place) const T x = AT(a, place), y = one
#define ONE_Y(place) const T x = one, y = AT(b, place)
#define X_Y_Z(place) const T x = AT(a, place), y = AT(b, place), z = AT(c, place)

#define UNARY_HEAD(name)                                                                   \
  static void LOOP(name)(int64_t n, void *to, const void *first, double p0, double p1) {   \
    const T p = SCALAR(p0), q = SCALAR(p1);                                                \
    const uint32_t by_bits = LOOP(rounds_by_bits)();                                       \
    (void)p, (void)q, (void)by_bits;

#define UNARY(op, name, expression)
#define ANGLE(op, name, expression, slow)
#define HEAVY(op, name, expression)
#define ANGLE_BACKWARD(op, name, expression, slow)

#define UNARY_BRIEF(op, name, expression)                                                  \
  UNARY_HEAD(name)                                                                         \
    SHORT(OPEN_FIRST, X, expression)                                                       \
  }

#define UNARY_NARROWED NARROWED

#define EXPONENTIAL(op, name, expression, quick)                                           \
  UNARY_HEAD(name)                                                                         \
    if (any_beyond(n, first, BEYOND)) {                                                    \
      BY_TILES(WIDEN_X, loop_##name##_f32(m, x, x, p0, p1))                                \
      return;                                                                              \
    }                                                                                      \
    SHORT(OPEN_FIRST, X, quick)                                                            \
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

#define HEAVY_BRIEF(op, name, expression)                                                  \
  BINARY_HEAD(name)                                                                        \
    SHORT(OPEN_BOTH, X_Y, expression)                                                      \
    return false;                                                                          \
  }

#define EXPONENTIAL_BACKWARD(op, name, expression, quick)                                  \
  BINARY_HEAD(name)                                                                        \
    if (any_beyond(n, second, BEYOND)) {                                                   \
      BY_TILES(WIDEN_BOTH, loop_##name##_f32(form, m, x, x, y, p0, p1))                    \
      return false;                                                                        \
    }                                                                                      \
    SHORT(OPEN_BOTH, X_Y, quick)                                                           \
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
#undef BY_TILES
#undef WIDEN_X
#undef WIDEN_BOTH
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
#undef UNARY_HEAD
#undef UNARY
#undef UNARY_BRIEF
#undef UNARY_NARROWED
#undef EXPONENTIAL
#undef ANGLE
#undef BINARY_HEAD
#undef LIGHT
#undef HEAVY
#undef HEAVY_BRIEF
#undef EXPONENTIAL_BACKWARD
#undef ANGLE_BACKWARD
#undef TERNARY
