#include "blocks.h"

#include <math.h>

// Products and sums are rounded one by one, as in the formats' definition.
#pragma clang fp contract(off)

static const int8_t curve[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                 1,    13,   25,  38,  53,  69,  89,  113};

// Blocks of 32: value j in the low halves of the 16 bytes, value j + 16 in the high ones.

static void q4_0(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b);
  for (int j = 0; j < 16; j++) {
    y[j] = d * (float)((b[2 + j] & 15) - 8);
    y[j + 16] = d * (float)((b[2 + j] >> 4) - 8);
  }
}

static void q4_1(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b), m = block_half(b + 2);
  for (int j = 0; j < 16; j++) {
    y[j] = d * (float)(b[4 + j] & 15) + m;
    y[j + 16] = d * (float)(b[4 + j] >> 4) + m;
  }
}

/// The fifth bit of value j, in its place.
static int fifth(const uint8_t *bits, int j) { return (bits[j >> 3] >> (j & 7) & 1) << 4; }

static void q5_0(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b);
  for (int j = 0; j < 16; j++) {
    y[j] = d * (float)(((b[6 + j] & 15) | fifth(b + 2, j)) - 16);
    y[j + 16] = d * (float)(((b[6 + j] >> 4) | fifth(b + 2, j + 16)) - 16);
  }
}

static void q5_1(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b), m = block_half(b + 2);
  for (int j = 0; j < 16; j++) {
    y[j] = d * (float)((b[8 + j] & 15) | fifth(b + 4, j)) + m;
    y[j + 16] = d * (float)((b[8 + j] >> 4) | fifth(b + 4, j + 16)) + m;
  }
}

static void q8_0(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b);
  for (int j = 0; j < 32; j++) y[j] = d * (float)(int8_t)b[2 + j];
}

static void iq4_nl(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b);
  for (int j = 0; j < 16; j++) {
    y[j] = d * (float)curve[b[2 + j] & 15];
    y[j + 16] = d * (float)curve[b[2 + j] >> 4];
  }
}

/// A power of two, and floats of a sign, two bits of exponent and one of mantissa.
static void mxfp4(const uint8_t *restrict b, float *restrict y) {
  static const float sizes[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (int j = 0; j < 32; j++) {
    int four = b[1 + (j & 15)] >> (4 * (j >> 4)) & 15;
    float size = ldexpf(sizes[four & 7], b[0] - 127);
    y[j] = four & 8 ? -size : size;
  }
}

// Blocks of 256.

/// The digits of bytes that stand for five, or four, digits to the base of 3: q/256 is a fraction whose digits
/// come as it is multiplied.
static void tq1_0(const uint8_t *restrict b, float *restrict y) {
  static const struct { int first, width, digits; } parts[3] = {{0, 32, 5}, {32, 16, 5}, {48, 4, 4}};
  float d = block_half(b + 52);
  for (int part = 0; part < 3; part++) {
    uint8_t power = 1;
    for (int digit = 0; digit < parts[part].digits; digit++) {
      for (int j = 0; j < parts[part].width; j++) {
        uint8_t rest = (uint8_t)(b[parts[part].first + j] * power);
        *y++ = d * (float)((rest * 3 >> 8) - 1);
      }
      power = (uint8_t)(power * 3);
    }
  }
}

static void tq2_0(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b + 64);
  for (int i = 0; i < 256; i++)
    y[i] = d * (float)((b[(i >> 7) * 32 + (i & 31)] >> (2 * (i >> 5 & 3)) & 3) - 1);
}

/// 16 groups of 16 with a scale and a minimum of 4 bits each; 2 bits a value.
static void q2_k(const uint8_t *restrict b, float *restrict y) {
  const uint8_t *scales = b, *q = b + 16;
  float d = block_half(b + 80), least = block_half(b + 82);
  for (int i = 0; i < 256; i++) {
    uint8_t scale = scales[i >> 4];
    int two = q[(i >> 7) * 32 + (i & 31)] >> (2 * (i >> 5 & 3)) & 3;
    y[i] = d * (float)(scale & 15) * (float)two - least * (float)(scale >> 4);
  }
}

/// 16 groups of 16 with a scale of 6 bits each; 2 bits a value, and a third one that is 0 for −4.
static void q3_k(const uint8_t *restrict b, float *restrict y) {
  const uint8_t *mask = b, *q = b + 32, *scales = b + 96;
  float d = block_half(b + 108);
  for (int group = 0; group < 16; group++) {
    int low = scales[group & 7] >> (4 * (group >> 3)) & 15;
    int high = scales[8 + (group & 3)] >> (2 * (group >> 2)) & 3;
    float step = d * (float)((low | high << 4) - 32);
    int line = group >> 1, from = (group & 1) * 16;
    const uint8_t *twos = q + (line >> 2) * 32 + from, *thirds = mask + from;
    for (int j = 0; j < 16; j++) {
      int two = twos[j] >> (2 * (line & 3)) & 3, third = thirds[j] >> line & 1;
      y[group * 16 + j] = step * (float)(two - 4 + 4 * third);
    }
  }
}

/// Scale and minimum of one of eight groups, 6 bits each.
static void scale_of(const uint8_t *s, int group, int *scale, int *least) {
  if (group < 4) {
    *scale = s[group] & 63;
    *least = s[group + 4] & 63;
  } else {
    *scale = (s[group + 4] & 15) | (s[group - 4] >> 6) << 4;
    *least = (s[group + 4] >> 4) | (s[group] >> 6) << 4;
  }
}

static void q4_k(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b), m = block_half(b + 2);
  for (int group = 0; group < 8; group++) {
    int scale, least;
    scale_of(b + 4, group, &scale, &least);
    float step = d * (float)scale, start = m * (float)least;
    const uint8_t *q = b + 16 + (group >> 1) * 32;
    for (int l = 0; l < 32; l++)
      y[group * 32 + l] = step * (float)(q[l] >> (4 * (group & 1)) & 15) - start;
  }
}

static void q5_k(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b), m = block_half(b + 2);
  for (int group = 0; group < 8; group++) {
    int scale, least;
    scale_of(b + 4, group, &scale, &least);
    float step = d * (float)scale, start = m * (float)least;
    const uint8_t *high = b + 16, *q = b + 48 + (group >> 1) * 32;
    for (int l = 0; l < 32; l++) {
      int five = (q[l] >> (4 * (group & 1)) & 15) | (high[l] >> group & 1) << 4;
      y[group * 32 + l] = step * (float)five - start;
    }
  }
}

/// 16 groups of 16 with a signed scale each; 4 bits and 2 bits a value, by halves of 128.
static void q6_k(const uint8_t *restrict b, float *restrict y) {
  const uint8_t *low = b, *high = b + 128, *scales = b + 192;
  float d = block_half(b + 208);
  for (int group = 0; group < 16; group++) {
    int half = group >> 3, row = group >> 1 & 3, from = (group & 1) * 16;
    const uint8_t *fours = low + half * 64 + (row & 1) * 32 + from, *twos = high + half * 32 + from;
    float step = d * (float)(int8_t)scales[group];
    for (int j = 0; j < 16; j++) {
      int four = fours[j] >> (4 * (row >> 1)) & 15, two = twos[j] >> (2 * row) & 3;
      y[group * 16 + j] = step * (float)((four | two << 4) - 32);
    }
  }
}

static void iq4_xs(const uint8_t *restrict b, float *restrict y) {
  float d = block_half(b);
  int high = b[2] | b[3] << 8;
  for (int group = 0; group < 8; group++) {
    int low = b[4 + (group >> 1)] >> (4 * (group & 1)) & 15;
    float step = d * (float)((low | (high >> (2 * group) & 3) << 4) - 32);
    const uint8_t *q = b + 8 + group * 16;
    for (int j = 0; j < 16; j++) {
      y[group * 32 + j] = step * (float)curve[q[j] & 15];
      y[group * 32 + j + 16] = step * (float)curve[q[j] >> 4];
    }
  }
}

typedef struct decode_job {
  void (*decode)(const uint8_t *restrict, float *restrict);
  const uint8_t *blocks;
  float *out;
  int bytes, values;
} decode_job;

static void decode_body(int64_t begin, int64_t end, void *context) {
  const decode_job *s = context;
  for (int64_t i = begin; i < end; i++) s->decode(s->blocks + i * s->bytes, s->out + i * s->values);
}

int torus_blocks_decode(int format, const uint8_t *blocks, int64_t count, float *out) {
  void (*decode)(const uint8_t *restrict, float *restrict);
  int bytes, values = 32;
  switch (format) {
    case TORUS_Q4_0: decode = q4_0; bytes = 18; break;
    case TORUS_Q4_1: decode = q4_1; bytes = 20; break;
    case TORUS_Q5_0: decode = q5_0; bytes = 22; break;
    case TORUS_Q5_1: decode = q5_1; bytes = 24; break;
    case TORUS_Q8_0: decode = q8_0; bytes = 34; break;
    case TORUS_IQ4_NL: decode = iq4_nl; bytes = 18; break;
    case TORUS_MXFP4: decode = mxfp4; bytes = 17; break;
    case TORUS_TQ1_0: decode = tq1_0; bytes = 54; values = 256; break;
    case TORUS_TQ2_0: decode = tq2_0; bytes = 66; values = 256; break;
    case TORUS_Q2_K: decode = q2_k; bytes = 84; values = 256; break;
    case TORUS_Q3_K: decode = q3_k; bytes = 110; values = 256; break;
    case TORUS_Q4_K: decode = q4_k; bytes = 144; values = 256; break;
    case TORUS_Q5_K: decode = q5_k; bytes = 176; values = 256; break;
    case TORUS_Q6_K: decode = q6_k; bytes = 210; values = 256; break;
    case TORUS_IQ4_XS: decode = iq4_xs; bytes = 136; values = 256; break;
    default: return -1;
  }
  decode_job job = {decode, blocks, out, bytes, values};
  torus_parallel_for(count, 65536 / values, decode_body, &job);
  return 0;
}
