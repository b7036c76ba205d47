/// The element types: numbers, storage, names and what computes them, stated once for all targets in C.
/// `DType` in Base states them for Swift; a test compares the two.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One row a type: its name after TORUS_, its number, what an element lies in memory as, its form, the
/// type whose loops compute it, and the name in records and messages. Each row is ROW(x…, name, number, …),
/// with what stands after ROW in front. The numbers are stable.
///
/// The form says how an element becomes the number that it stands for, and is made of one: FLOAT and WHOLE
/// are C's own floats and integers; NARROW an integer whose loops are of a wider one, which numbers pass
/// through on their way there, so that negative floats wrap as they do in PyTorch; TRUTH one byte, 0 or 1;
/// BF16 and F16 16 bits that are computed in f32 and rounded to nearest even.
#define TORUS_DTYPE_ROWS(ROW, ...) \
  ROW(__VA_ARGS__, F32, 0, float, FLOAT, F32, "f32") \
  ROW(__VA_ARGS__, F64, 1, double, FLOAT, F64, "f64") \
  ROW(__VA_ARGS__, BF16, 2, uint16_t, BF16, F32, "bf16") \
  ROW(__VA_ARGS__, F16, 3, uint16_t, F16, F32, "f16") \
  ROW(__VA_ARGS__, I64, 4, int64_t, WHOLE, I64, "i64") \
  ROW(__VA_ARGS__, I32, 5, int32_t, WHOLE, I32, "i32") \
  ROW(__VA_ARGS__, I16, 6, int16_t, NARROW, I32, "i16") \
  ROW(__VA_ARGS__, I8, 7, int8_t, NARROW, I32, "i8") \
  ROW(__VA_ARGS__, U8, 8, uint8_t, NARROW, I32, "u8") \
  ROW(__VA_ARGS__, BOOL, 9, uint8_t, TRUTH, I32, "bool")

/// What a row expands to can go through the rows itself, as for what there is of each two types: it names
/// TORUS_DTYPE_ROWS_LATER in place of the rows, and the whole stands in TORUS_TWICE.
#define TORUS_NOTHING()
#define TORUS_ROWS_AGAIN() TORUS_DTYPE_ROWS
#define TORUS_DTYPE_ROWS_LATER TORUS_ROWS_AGAIN TORUS_NOTHING()()
#define TORUS_TWICE(...) __VA_ARGS__

#define TORUS_DTYPE_NUMBER(x, type, number, stored, form, loops, name) TORUS_##type = number,
typedef enum torus_dtype : uint8_t { TORUS_DTYPE_ROWS(TORUS_DTYPE_NUMBER, ) } torus_dtype;

#define TORUS_DTYPE_ONE(x, type, number, stored, form, loops, name) +1
enum { TORUS_DTYPE_COUNT = 0 TORUS_DTYPE_ROWS(TORUS_DTYPE_ONE, ) };

#define TORUS_DTYPE_SIZE(x, type, number, stored, form, loops, name) [number] = sizeof(stored),
/// Bytes of one element.
static inline int64_t torus_element_size(int32_t dtype) {
  static const uint8_t sizes[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(TORUS_DTYPE_SIZE, )};
  return sizes[dtype];
}

#define TORUS_DTYPE_FORMS(FORM) FORM(FLOAT) FORM(WHOLE) FORM(NARROW) FORM(TRUTH) FORM(BF16) FORM(F16)
#define TORUS_DTYPE_FORM(form) TORUS_FORM_##form,
typedef enum torus_form : uint8_t { TORUS_DTYPE_FORMS(TORUS_DTYPE_FORM) } torus_form;

#define TORUS_DTYPE_FORM_OF(x, type, number, stored, form, loops, name) [number] = TORUS_FORM_##form,
/// How an element stands for its number.
static inline torus_form torus_form_of(torus_dtype dtype) {
  static const uint8_t forms[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(TORUS_DTYPE_FORM_OF, )};
  return (torus_form)forms[dtype];
}

/// Whether a type has 16 bits that are computed in f32.
static inline bool torus_is_half(torus_dtype dtype) {
  return torus_form_of(dtype) == TORUS_FORM_BF16 || torus_form_of(dtype) == TORUS_FORM_F16;
}

/// Whether a type is a floating-point one.
static inline bool torus_is_float(torus_dtype dtype) {
  return torus_form_of(dtype) == TORUS_FORM_FLOAT || torus_is_half(dtype);
}

/// The name in records and messages, as in `f32`; `?` for a number that is no type's.
const char *torus_dtype_name(int32_t dtype);
