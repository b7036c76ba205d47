// Resampling for one element type: REAL, and NAMED(x) to name functions apart. Each piece covers
// whole outer slices, so results do not depend on the number of threads.

static void NAMED(resample)(int64_t begin, int64_t end, void *context) {
  const torus_resampling *s = context;
  int64_t inner = s->inner;
  const REAL *weights = s->weights;
  for (int64_t o = begin; o < end; o++) {
    const REAL *x = (const REAL *)s->x + o * s->in * inner;
    REAL *y = (REAL *)s->y + o * s->out * inner;
    for (int64_t i = 0; i < s->out; i++) {
      const int64_t *index = s->indices + i * s->taps;
      const REAL *w = weights + i * s->taps;
      REAL *restrict target = y + i * inner;
      if (inner == 1) {
        REAL sum = 0;
        for (int64_t k = 0; k < s->taps; k++) sum += w[k] * x[index[k]];
        target[0] = sum;
        continue;
      }
      for (int64_t r = 0; r < inner; r++) target[r] = 0;
      for (int64_t k = 0; k < s->taps; k++) {
        const REAL *restrict source = x + index[k] * inner;
        REAL factor = w[k];
        for (int64_t r = 0; r < inner; r++) target[r] += factor * source[r];
      }
    }
  }
}

static void NAMED(resample_back)(int64_t begin, int64_t end, void *context) {
  const torus_resampling *s = context;
  int64_t inner = s->inner;
  const REAL *weights = s->weights;
  for (int64_t o = begin; o < end; o++) {
    const REAL *dy = (const REAL *)s->x + o * s->out * inner;
    REAL *dx = (REAL *)s->y + o * s->in * inner;
    for (int64_t r = 0; r < s->in * inner; r++) dx[r] = 0;
    for (int64_t i = 0; i < s->out; i++) {
      const int64_t *index = s->indices + i * s->taps;
      const REAL *w = weights + i * s->taps;
      const REAL *restrict source = dy + i * inner;
      for (int64_t k = 0; k < s->taps; k++) {
        REAL *restrict target = dx + index[k] * inner;
        REAL factor = w[k];
        for (int64_t r = 0; r < inner; r++) target[r] += factor * source[r];
      }
    }
  }
}
