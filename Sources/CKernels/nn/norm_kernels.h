// Normalisation over contiguous runs: sums of a run, and affine maps of it.

// Σ x and Σ (x - mean)², in four vectors of partial sums.
INLINE REAL NAME(run_sum)(const ELEMENT *x, int64_t n) {
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    a += NAME(read_first)(x + i);
    b += NAME(read_second)(x + i);
    c += NAME(read_first)(x + i + 2 * LANES);
    d += NAME(read_second)(x + i + 2 * LANES);
  }
  NAME(in_order)(&a, &b);
  NAME(in_order)(&c, &d);
  for (; i + LANES <= n; i += LANES) a += NAME(read)(x + i);
  if (i < n) b += NAME(read_part)(x + i, n - i, 0);
  return NAME(total)((a + b) + (c + d));
}

INLINE REAL NAME(run_square)(const ELEMENT *x, int64_t n, REAL mean) {
  const vec m = SPLAT(mean);
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    const vec p = NAME(read_first)(x + i) - m, q = NAME(read_second)(x + i) - m;
    const vec r = NAME(read_first)(x + i + 2 * LANES) - m;
    const vec s = NAME(read_second)(x + i + 2 * LANES) - m;
    a = FMA(p, p, a);
    b = FMA(q, q, b);
    c = FMA(r, r, c);
    d = FMA(s, s, d);
  }
  NAME(in_order)(&a, &b);
  NAME(in_order)(&c, &d);
  for (; i + LANES <= n; i += LANES) {
    const vec p = NAME(read)(x + i) - m;
    a = FMA(p, p, a);
  }
  if (i < n) {
    const vec p = NAME(read_part)(x + i, n - i, mean) - m;
    b = FMA(p, p, b);
  }
  return NAME(total)((a + b) + (c + d));
}

// Σ g and Σ g·(x - mean).
INLINE void NAME(run_products)(const ELEMENT *g, const ELEMENT *x, int64_t n, REAL mean, REAL *sum,
                               REAL *product) {
  const vec m = SPLAT(mean);
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const vec p = NAME(read_first)(g + i), q = NAME(read_second)(g + i);
    a += p;
    b += q;
    c = FMA(p, NAME(read_first)(x + i) - m, c);
    d = FMA(q, NAME(read_second)(x + i) - m, d);
  }
  NAME(in_order)(&a, &b);
  NAME(in_order)(&c, &d);
  for (; i + LANES <= n; i += LANES) {
    const vec p = NAME(read)(g + i);
    a += p;
    c = FMA(p, NAME(read)(x + i) - m, c);
  }
  if (i < n) {
    const vec p = NAME(read_part)(g + i, n - i, 0);
    a += p;
    c = FMA(p, NAME(read_part)(x + i, n - i, mean) - m, c);
  }
  *sum = NAME(total)(a + b);
  *product = NAME(total)(c + d);
}

// y = (x - mean)·scale + shift.
INLINE void NAME(run_affine)(const ELEMENT *x, ELEMENT *y, int64_t n, REAL mean, REAL scale,
                             REAL shift) {
  const vec m = SPLAT(mean), s = SPLAT(scale), t = SPLAT(shift);
#define VALUES(read, i) FMA(read(x + i) - m, s, t)
  WRITE_RUN(y, n, VALUES, (NAME(read_one)(x + i) - mean) * scale + shift)
#undef VALUES
}

// dx = g·scale + (x - mean)·slope + shift.
INLINE void NAME(run_gradient)(const ELEMENT *g, const ELEMENT *x, ELEMENT *dx, int64_t n, REAL mean,
                               REAL scale, REAL slope, REAL shift) {
  const vec m = SPLAT(mean), s = SPLAT(scale), u = SPLAT(slope), t = SPLAT(shift);
#define VALUES(read, i) FMA(read(g + i), s, FMA(read(x + i) - m, u, t))
  WRITE_RUN(dx, n, VALUES,
            NAME(read_one)(g + i) * scale + ((NAME(read_one)(x + i) - mean) * slope + shift))
#undef VALUES
}
