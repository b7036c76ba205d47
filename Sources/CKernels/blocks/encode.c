#include <math.h>

#include "blocks.h"

// Products and sums are rounded one by one, as in the formats' definition.
#pragma clang fp contract(off)

/// 1/d, and 0 where d is 0.
static float inverse(float d) { return d == 0 ? 0 : 1 / d; }

/// The whole part of a number as an unsigned level of at most `most`; NaN is 0.
static uint8_t level(float x, int most) {
  if (!(x > 0)) return 0;
  return x >= (float)most ? (uint8_t)most : (uint8_t)x;
}

/// The value of the largest magnitude, the first one of equals.
static float widest(const float *x) {
  float best = x[0];
  for (int j = 1; j < 32; j++)
    if (fabsf(x[j]) > fabsf(best)) best = x[j];
  return best;
}

static void bounds(const float *x, float *least, float *most) {
  *least = *most = x[0];
  for (int j = 1; j < 32; j++) {
    if (x[j] < *least) *least = x[j];
    if (x[j] > *most) *most = x[j];
  }
}

/// Puts levels of 4 bits, value j and value j + 16, into one byte.
static void put_low(const uint8_t *q, uint8_t *out) {
  for (int j = 0; j < 16; j++) out[j] = (uint8_t)((q[j] & 15) | (q[j + 16] & 15) << 4);
}

/// Puts the fifth bits.
static void put_fifth(const uint8_t *q, uint8_t *out) {
  memset(out, 0, 4);
  for (int j = 0; j < 32; j++) out[j >> 3] |= (uint8_t)((q[j] >> 4 & 1) << (j & 7));
}

static void q4_0(const float *x, uint8_t *b) {
  float d = widest(x) / -8, id = inverse(d);
  uint8_t q[32];
  for (int j = 0; j < 32; j++) q[j] = level(x[j] * id + 8.5f, 15);
  put_half(d, b);
  put_low(q, b + 2);
}

static void q4_1(const float *x, uint8_t *b) {
  float least, most;
  bounds(x, &least, &most);
  float d = (most - least) / 15, id = inverse(d);
  uint8_t q[32];
  for (int j = 0; j < 32; j++) q[j] = level((x[j] - least) * id + 0.5f, 15);
  put_half(d, b);
  put_half(least, b + 2);
  put_low(q, b + 4);
}

static void q5_0(const float *x, uint8_t *b) {
  float d = widest(x) / -16, id = inverse(d);
  uint8_t q[32];
  for (int j = 0; j < 32; j++) q[j] = level(x[j] * id + 16.5f, 31);
  put_half(d, b);
  put_fifth(q, b + 2);
  put_low(q, b + 6);
}

static void q5_1(const float *x, uint8_t *b) {
  float least, most;
  bounds(x, &least, &most);
  float d = (most - least) / 31, id = inverse(d);
  uint8_t q[32];
  for (int j = 0; j < 32; j++) q[j] = level((x[j] - least) * id + 0.5f, 31);
  put_half(d, b);
  put_half(least, b + 2);
  put_fifth(q, b + 4);
  put_low(q, b + 8);
}

static void q8_0(const float *x, uint8_t *b) {
  float d = fabsf(widest(x)) / 127, id = inverse(d);
  put_half(d, b);
  for (int j = 0; j < 32; j++) {
    // Halves go away from zero. Numbers that are not finite have no level.
    float scaled = x[j] * id;
    b[2 + j] = isfinite(scaled) ? (uint8_t)(int8_t)roundf(scaled) : 0;
  }
}

int torus_blocks_encode(int format, const float *values, int64_t count, uint8_t *out) {
  void (*encode)(const float *, uint8_t *);
  int bytes;
  switch (format) {
    case TORUS_Q4_0: encode = q4_0; bytes = 18; break;
    case TORUS_Q4_1: encode = q4_1; bytes = 20; break;
    case TORUS_Q5_0: encode = q5_0; bytes = 22; break;
    case TORUS_Q5_1: encode = q5_1; bytes = 24; break;
    case TORUS_Q8_0: encode = q8_0; bytes = 34; break;
    default: return -1;
  }
  for (int64_t i = 0; i < count; i++) encode(values + i * 32, out + i * bytes);
  return 0;
}
