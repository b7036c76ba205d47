// The recursions of CTC for one element type: REAL, and NAMED(x) to name functions apart.
//
// States of a target l₁…l_S are blank, l₁, blank, …, l_S, blank: 2S + 1 of them.

static inline int64_t NAMED(label)(const torus_ctc *s, int64_t b, int64_t state) {
  return state % 2 == 0 ? s->blank : s->labels[s->offsets[b] + state / 2];
}

static inline REAL NAMED(log_add)(REAL a, REAL b) {
  REAL top = a > b ? a : b;
  if (top == -(REAL)INFINITY) return top;
  return top + LOG(EXP(a - top) + EXP(b - top));
}

/// Whether a path may skip from two states before: a label that differs from the one before it.
static inline bool NAMED(skips)(const torus_ctc *s, int64_t b, int64_t state) {
  return state % 2 == 1 && state > 1 && NAMED(label)(s, b, state) != NAMED(label)(s, b, state - 2);
}

static void NAMED(forward)(const torus_ctc *s, int64_t b, const REAL *x, REAL *alpha, REAL *loss) {
  int64_t steps = s->input_lengths[b], states = 2 * s->target_lengths[b] + 1;
  int64_t row = 2 * s->longest + 1;
  REAL *a = alpha + b * s->time * row;
  for (int64_t i = 0; i < s->time * row; i++) a[i] = -(REAL)INFINITY;
  if (steps == 0) {
    loss[b] = states == 1 ? 0 : (REAL)INFINITY;
    return;
  }
  const REAL *p = x + b * s->classes;
  a[0] = p[s->blank];
  if (states > 1) a[1] = p[NAMED(label)(s, b, 1)];
  for (int64_t t = 1; t < steps; t++) {
    p += s->batch * s->classes;
    const REAL *before = a + (t - 1) * row;
    REAL *now = a + t * row;
    for (int64_t k = 0; k < states; k++) {
      REAL sum = before[k];
      if (k > 0) sum = NAMED(log_add)(sum, before[k - 1]);
      if (NAMED(skips)(s, b, k)) sum = NAMED(log_add)(sum, before[k - 2]);
      now[k] = sum + p[NAMED(label)(s, b, k)];
    }
  }
  const REAL *last = a + (steps - 1) * row;
  REAL total = last[states - 1];
  if (states > 1) total = NAMED(log_add)(total, last[states - 2]);
  loss[b] = -total;
}

static void NAMED(backward)(const torus_ctc *s, int64_t b, const REAL *x, const REAL *alpha,
                            const REAL *loss, const REAL *dloss, bool zero_infinity, REAL *dx,
                            REAL *scratch) {
  int64_t steps = s->input_lengths[b], states = 2 * s->target_lengths[b] + 1;
  int64_t row = 2 * s->longest + 1, pitch = s->batch * s->classes;
  for (int64_t t = 0; t < s->time; t++)
    for (int64_t c = 0; c < s->classes; c++) dx[t * pitch + b * s->classes + c] = 0;
  if (loss[b] == (REAL)INFINITY && zero_infinity) return;
  const REAL *a = alpha + b * s->time * row;
  REAL *beta = scratch, *next = scratch + row, *sums = scratch + 2 * row;
  for (int64_t t = steps - 1; t >= 0; t--) {
    const REAL *p = x + t * pitch + b * s->classes;
    for (int64_t k = states - 1; k >= 0; k--) {
      REAL sum;
      if (t == steps - 1) {
        sum = k >= states - 2 ? 0 : -(REAL)INFINITY;
      } else {
        sum = next[k];
        if (k + 1 < states) sum = NAMED(log_add)(sum, next[k + 1]);
        if (k + 2 < states && NAMED(skips)(s, b, k + 2)) sum = NAMED(log_add)(sum, next[k + 2]);
      }
      beta[k] = sum + p[NAMED(label)(s, b, k)];
    }
    for (int64_t c = 0; c < s->classes; c++) sums[c] = -(REAL)INFINITY;
    for (int64_t k = 0; k < states; k++) {
      int64_t c = NAMED(label)(s, b, k);
      sums[c] = NAMED(log_add)(sums[c], a[t * row + k] + beta[k]);
    }
    REAL *out = dx + t * pitch + b * s->classes;
    for (int64_t c = 0; c < s->classes; c++)
      out[c] = (EXP(p[c]) - EXP(sums[c] + loss[b] - p[c])) * dloss[b];
    REAL *swap = beta;
    beta = next;
    next = swap;
  }
}

typedef struct NAMED(job) {
  const torus_ctc *shape;
  const REAL *x, *dloss;
  REAL *alpha, *loss, *dx;
  bool zero_infinity;
} NAMED(job);

static void NAMED(forward_body)(int64_t begin, int64_t end, void *context) {
  NAMED(job) *job = context;
  for (int64_t b = begin; b < end; b++)
    NAMED(forward)(job->shape, b, job->x, job->alpha, job->loss);
}

static void NAMED(backward_body)(int64_t begin, int64_t end, void *context) {
  NAMED(job) *job = context;
  size_t bytes = sizeof(REAL) * (size_t)(2 * (2 * job->shape->longest + 1) + job->shape->classes);
  REAL *scratch = torus_alloc(bytes);
  for (int64_t b = begin; b < end; b++)
    NAMED(backward)(job->shape, b, job->x, job->alpha, job->loss, job->dloss, job->zero_infinity,
                    job->dx, scratch);
  torus_free(scratch, bytes);
}
