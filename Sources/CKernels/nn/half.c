// Scratch for the half types.
#include "internal.h"

typedef struct convert {
  torus_dtype dtype;
  const void *in;
  void *out;
} convert;

static void widen_body(int64_t begin, int64_t end, void *context) {
  const convert *c = context;
  torus_widen(c->dtype, (const uint16_t *)c->in + begin, (float *)c->out + begin, end - begin);
}

static void narrow_body(int64_t begin, int64_t end, void *context) {
  const convert *c = context;
  torus_narrow(c->dtype, (const float *)c->in + begin, (uint16_t *)c->out + begin, end - begin);
}

float *torus_half_read(torus_dtype dtype, const void *in, int64_t n) {
  if (!in) return 0;
  convert c = {dtype, in, torus_alloc((size_t)n * sizeof(float))};
  torus_parallel_for(n, 65536, widen_body, &c);
  return c.out;
}

float *torus_half_room(const void *out, int64_t n) {
  return out ? torus_alloc((size_t)n * sizeof(float)) : 0;
}

void torus_half_write(torus_dtype dtype, float *scratch, void *out, int64_t n) {
  if (!scratch) return;
  convert c = {dtype, scratch, out};
  torus_parallel_for(n, 65536, narrow_body, &c);
  torus_half_drop(scratch, n);
}

void torus_half_drop(float *scratch, int64_t n) {
  if (scratch) torus_free(scratch, (size_t)n * sizeof(float));
}
