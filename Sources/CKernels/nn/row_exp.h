// Maxima and sums of exponentials of a row: what softmax and cross-entropy share.

INLINE REAL NAME(row_max)(const ELEMENT *x, int64_t n) {
  int64_t i = 0;
  vec most = SPLAT(-INFINITY), other = most;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    most = NAME(larger)(most, NAME(read_first)(x + i));
    other = NAME(larger)(other, NAME(read_second)(x + i));
  }
  most = NAME(larger)(most, other);
  for (; i + LANES <= n; i += LANES) most = NAME(larger)(most, NAME(read)(x + i));
  if (i < n) most = NAME(larger)(most, NAME(read_part)(x + i, n - i, -INFINITY));
  return NAME(largest)(most);
}

// Σ exp(x - shift), writing the terms where `y` is not NULL: pairs of vectors as read_first and
// read_second give them.
INLINE REAL NAME(row_exp)(const ELEMENT *x, REAL *y, int64_t n, REAL shift) {
  const vec by = SPLAT(shift);
  vec sum = SPLAT(0), other = sum;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    const vec a = NAME(vexp)(NAME(read_first)(x + i) - by);
    const vec b = NAME(vexp)(NAME(read_second)(x + i) - by);
    sum += a;
    other += b;
    if (y) {
      NAME(store)(y + i, a);
      NAME(store)(y + i + LANES, b);
    }
  }
  NAME(in_order)(&sum, &other);
  sum += other;
  for (; i + LANES <= n; i += LANES) {
    const vec a = NAME(vexp)(NAME(read)(x + i) - by);
    sum += a;
    if (y) NAME(store)(y + i, a);
  }
  if (i < n) {
    const vec a = NAME(vexp)(NAME(read_part)(x + i, n - i, -INFINITY) - by);
    // Lanes past the row may hold exp(-∞ + ∞).
    REAL lanes[LANES];
    *(vec *)lanes = a;
    for (int64_t j = 0; j < LANES; j++) {
      if (j >= n - i) lanes[j] = 0;
      else if (y) y[i + j] = lanes[j];
    }
    sum += *(const vec *)lanes;
  }
  return NAME(total)(sum);
}
