/// The element types: numbers, sizes and names, stated once for all targets in C. `DType` in Base states
/// them for Swift; a test compares the two.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// One row a type: its number, the bytes of an element, and the name in records and messages. The
/// numbers are stable. BOOL is one byte, 0 or 1; BF16 and F16 are computed in f32 and rounded to nearest
/// even.
#define TORUS_DTYPE_ROWS(ROW) \
  ROW(TORUS_F32, 0, 4, "f32") \
  ROW(TORUS_F64, 1, 8, "f64") \
  ROW(TORUS_BF16, 2, 2, "bf16") \
  ROW(TORUS_F16, 3, 2, "f16") \
  ROW(TORUS_I64, 4, 8, "i64") \
  ROW(TORUS_I32, 5, 4, "i32") \
  ROW(TORUS_I16, 6, 2, "i16") \
  ROW(TORUS_I8, 7, 1, "i8") \
  ROW(TORUS_U8, 8, 1, "u8") \
  ROW(TORUS_BOOL, 9, 1, "bool")

#define TORUS_DTYPE_NUMBER(number, value, size, name) number = value,
typedef enum torus_dtype : uint8_t { TORUS_DTYPE_ROWS(TORUS_DTYPE_NUMBER) } torus_dtype;

#define TORUS_DTYPE_ONE(number, value, size, name) +1
enum { TORUS_DTYPE_COUNT = 0 TORUS_DTYPE_ROWS(TORUS_DTYPE_ONE) };

#define TORUS_DTYPE_SIZE(number, value, size, name) [number] = size,
/// Bytes of one element.
static inline int64_t torus_element_size(int32_t dtype) {
  static const uint8_t sizes[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(TORUS_DTYPE_SIZE)};
  return sizes[dtype];
}

/// The name in records and messages, as in `f32`; `?` for a number that is no type's.
const char *torus_dtype_name(int32_t dtype);
