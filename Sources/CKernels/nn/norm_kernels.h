// Normalisation over contiguous runs: sums of a run, and affine maps of it.

// Σ x and Σ (x - mean)², in four vectors of partial sums.
INLINE REAL NAME(run_sum)(const REAL *x, int64_t n) {
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    a += NAME(load)(x + i);
    b += NAME(load)(x + i + LANES);
    c += NAME(load)(x + i + 2 * LANES);
    d += NAME(load)(x + i + 3 * LANES);
  }
  for (; i + LANES <= n; i += LANES) a += NAME(load)(x + i);
  if (i < n) b += NAME(load_part)(x + i, n - i, 0);
  return NAME(total)((a + b) + (c + d));
}

INLINE REAL NAME(run_square)(const REAL *x, int64_t n, REAL mean) {
  const vec m = SPLAT(mean);
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    const vec p = NAME(load)(x + i) - m, q = NAME(load)(x + i + LANES) - m;
    const vec r = NAME(load)(x + i + 2 * LANES) - m, s = NAME(load)(x + i + 3 * LANES) - m;
    a = FMA(p, p, a);
    b = FMA(q, q, b);
    c = FMA(r, r, c);
    d = FMA(s, s, d);
  }
  for (; i + LANES <= n; i += LANES) {
    const vec p = NAME(load)(x + i) - m;
    a = FMA(p, p, a);
  }
  if (i < n) {
    const vec p = NAME(load_part)(x + i, n - i, mean) - m;
    b = FMA(p, p, b);
  }
  return NAME(total)((a + b) + (c + d));
}

// Σ g and Σ g·(x - mean).
INLINE void NAME(run_products)(const REAL *g, const REAL *x, int64_t n, REAL mean, REAL *sum,
                               REAL *product) {
  const vec m = SPLAT(mean);
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const vec p = NAME(load)(g + i), q = NAME(load)(g + i + LANES);
    a += p;
    b += q;
    c = FMA(p, NAME(load)(x + i) - m, c);
    d = FMA(q, NAME(load)(x + i + LANES) - m, d);
  }
  for (; i + LANES <= n; i += LANES) {
    const vec p = NAME(load)(g + i);
    a += p;
    c = FMA(p, NAME(load)(x + i) - m, c);
  }
  if (i < n) {
    const vec p = NAME(load_part)(g + i, n - i, 0);
    a += p;
    c = FMA(p, NAME(load_part)(x + i, n - i, mean) - m, c);
  }
  *sum = NAME(total)(a + b);
  *product = NAME(total)(c + d);
}

// y = (x - mean)·scale + shift.
INLINE void NAME(run_affine)(const REAL *x, REAL *y, int64_t n, REAL mean, REAL scale, REAL shift) {
  const vec m = SPLAT(mean), s = SPLAT(scale), t = SPLAT(shift);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) NAME(store)(y + i, FMA(NAME(load)(x + i) - m, s, t));
  for (; i < n; i++) y[i] = (x[i] - mean) * scale + shift;
}

// dx = g·scale + (x - mean)·slope + shift.
INLINE void NAME(run_gradient)(const REAL *g, const REAL *x, REAL *dx, int64_t n, REAL mean,
                               REAL scale, REAL slope, REAL shift) {
  const vec m = SPLAT(mean), s = SPLAT(scale), u = SPLAT(slope), t = SPLAT(shift);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES)
    NAME(store)(dx + i, FMA(NAME(load)(g + i), s, FMA(NAME(load)(x + i) - m, u, t)));
  for (; i < n; i++) dx[i] = g[i] * scale + ((x[i] - mean) * slope + shift);
}
