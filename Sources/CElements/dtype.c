#include "torus_dtype.h"

const char *torus_dtype_name(int32_t dtype) {
#define NAME(x, type, number, stored, form, loops, name) [number] = name,
  static const char *const names[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(NAME, )};
  return dtype >= 0 && dtype < TORUS_DTYPE_COUNT ? names[dtype] : "?";
}
