// Uniform and normal values from words of 32 bits.

// The product and the sum are fused, and a value rounded up to `high` becomes `low`.
static void NAME(uniform_f32)(const uint32_t *restrict words, float *restrict out, int64_t n,
                              float low, float high) {
  const float range = high - low;
  for (int64_t i = 0; i < n; i++) {
    const float unit = (float)(int32_t)(words[i] & 0xffffff) * 0x1p-24f;
    const float value = __builtin_fmaf(unit, range, low);
    out[i] = value == high ? low : value;
  }
}

static void NAME(uniform_f64)(const uint32_t *restrict words, double *restrict out, int64_t n,
                              double low, double high) {
  const double range = high - low;
  for (int64_t i = 0; i < n; i++) {
    const uint64_t bits = (uint64_t)words[2 * i] << 32 | words[2 * i + 1];
    const double unit = (double)(int64_t)(bits & ((UINT64_C(1) << 53) - 1)) * 0x1p-53;
    const double value = __builtin_fma(unit, range, low);
    out[i] = value == high ? low : value;
  }
}

// Box-Muller on blocks of 16: eight radii, then eight angles.
static void NAME(normal)(float *data, int64_t blocks, float mean, float std) {
  for (int64_t block = 0; block < blocks; block++, data += 16) {
    vec8 *first = (vec8 *)data, *second = (vec8 *)(data + 8), radius, sine, cosine;
    const vec8 chance = 1 - *first;
    const vec8 angle = (float)(2 * 3.14159265358979323846) * *second;
    cephes_log(&chance, &radius);
    cephes_sincos(&angle, &sine, &cosine);
    radius = __builtin_elementwise_sqrt(-2 * radius);
    *first = FMA(radius * cosine, ALL(std), ALL(mean));
    *second = FMA(radius * sine, ALL(std), ALL(mean));
  }
}
