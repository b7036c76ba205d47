#include "torus_nf4.h"

#include <math.h>
#include <string.h>

// Products and sums are rounded one by one, as in the format's definition.
#pragma clang fp contract(off)

enum { BLOCK = 64, SCALES = 256 };

const float torus_nf4_values[16] = {
    -1.0f,
    -0.6961928009986877f,
    -0.5250730514526367f,
    -0.39491748809814453f,
    -0.28444138169288635f,
    -0.18477343022823334f,
    -0.09105003625154495f,
    0.0f,
    0.07958029955625534f,
    0.16093020141124725f,
    0.24611230194568634f,
    0.33791524171829224f,
    0.44070982933044434f,
    0.5626170039176941f,
    0.7229568362236023f,
    1.0f,
};

// The dynamic numbers of 8 bits (Dettmers 2015): sign, a run of zeros that counts tenths, and a fraction
// that divides 0.1 to 1 evenly. Of 0 there is one, of 1 only the positive.
static float scale_values[SCALES];

__attribute__((constructor)) static void make_scale_values(void) {
  int middle = SCALES / 2 - 1, place = 1;
  scale_values[middle] = 0;
  double tenths = 1e-6;
  for (int bits = 0; bits < 7; bits++, tenths *= 10) {
    int parts = 1 << bits;
    float step = (1.0f - 0.1f) / (float)parts;
    for (int i = 0; i < parts; i++, place++) {
      // Ends are counted from the nearer side.
      float low = i < (parts + 1) / 2 ? 0.1f + step * (float)i : 1.0f - step * (float)(parts - i);
      float high =
          i + 1 < (parts + 1) / 2 ? 0.1f + step * (float)(i + 1) : 1.0f - step * (float)(parts - i - 1);
      float value = (float)tenths * ((low + high) / 2);
      scale_values[middle + place] = value;
      scale_values[middle - place] = -value;
    }
  }
  scale_values[SCALES - 1] = 1;
}

const float *torus_nf4_scale_values(void) { return scale_values; }

/// The index of the value that is nearest; of two equally near ones the lower.
static int nearest(const float *values, int count, float x) {
  int low = 0, high = count - 1;
  while (low < high) {
    int middle = (low + high) / 2;
    if (x <= (values[middle] + values[middle + 1]) / 2) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

static float known(float x) { return isfinite(x) ? x : 0; }

static float clamped(float x) { return x < -1 ? -1 : x > 1 ? 1 : x; }

typedef struct {
  int64_t blocks, groups;
  uint8_t *codes, *scales, *wide, *offset;
} parts;

static parts divided(uint8_t *bytes, int64_t count) {
  parts p = {.blocks = count / BLOCK};
  p.groups = (p.blocks + SCALES - 1) / SCALES;
  p.codes = bytes;
  p.scales = p.codes + count / 2;
  p.wide = p.scales + p.blocks;
  p.offset = p.wide + 4 * p.groups;
  return p;
}

int64_t torus_nf4_bytes(int64_t count) {
  parts p = divided(0, count);
  return count / 2 + p.blocks + 4 * p.groups + 4;
}

static float widest(const float *x, int64_t count) {
  float most = 0;
  for (int64_t i = 0; i < count; i++) most = fmaxf(most, fabsf(known(x[i])));
  return most;
}

void torus_nf4_encode(const float *values, int64_t count, uint8_t *out) {
  parts p = divided(out, count);
  double sum = 0;
  for (int64_t b = 0; b < p.blocks; b++) {
    const float *x = values + b * BLOCK;
    float most = widest(x, BLOCK);
    sum += most;
    float inverse = 1.0f / fmaxf(most, 1e-38f);
    for (int i = 0; i < BLOCK; i += 2) {
      int first = nearest(torus_nf4_values, 16, clamped(known(x[i]) * inverse));
      int second = nearest(torus_nf4_values, 16, clamped(known(x[i + 1]) * inverse));
      p.codes[(b * BLOCK + i) / 2] = (uint8_t)(first << 4 | second);
    }
  }
  float offset = p.blocks ? (float)(sum / (double)p.blocks) : 0;
  memcpy(p.offset, &offset, 4);
  for (int64_t g = 0; g < p.groups; g++) {
    float scales[SCALES];
    int64_t first = g * SCALES, n = p.blocks - first < SCALES ? p.blocks - first : SCALES;
    for (int64_t i = 0; i < n; i++) {
      scales[i] = widest(values + (first + i) * BLOCK, BLOCK) - offset;
    }
    float wide = widest(scales, n);
    memcpy(p.wide + 4 * g, &wide, 4);
    float inverse = 1.0f / fmaxf(wide, 1e-38f);
    for (int64_t i = 0; i < n; i++) {
      p.scales[first + i] = (uint8_t)nearest(scale_values, SCALES, clamped(scales[i] * inverse));
    }
  }
}

void torus_nf4_decode(const uint8_t *bytes, int64_t count, float *out) {
  parts p = divided((uint8_t *)bytes, count);
  float offset;
  memcpy(&offset, p.offset, 4);
  for (int64_t b = 0; b < p.blocks; b++) {
    float wide;
    memcpy(&wide, p.wide + 4 * (b / SCALES), 4);
    float scale = scale_values[p.scales[b]] * wide + offset;
    float values[16];
    for (int i = 0; i < 16; i++) values[i] = torus_nf4_values[i] * scale;
    const uint8_t *codes = p.codes + b * (BLOCK / 2);
    float *y = out + b * BLOCK;
    for (int i = 0; i < BLOCK / 2; i++) {
      y[2 * i] = values[codes[i] >> 4];
      y[2 * i + 1] = values[codes[i] & 15];
    }
  }
}
