// BF16 and F16 to F32 and back, by the elementwise loops' conversions.
#include "internal.h"

#include "../kernels/table.h"

void torus_widen(torus_dtype dtype, const void *in, float *out, int64_t n) {
  elementwise()->convert[TORUS_F32][dtype](n, out, in);
}

void torus_narrow(torus_dtype dtype, const float *in, void *out, int64_t n) {
  elementwise()->convert[dtype][TORUS_F32](n, out, in);
}
