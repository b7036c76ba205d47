// Optimizer steps on vectors. Products and sums are fused where PyTorch's kernels fuse them.

// Runs the block for whole vectors and once more for what is left, where GET and PUT take part of one.
#define EACH(n, ...)                                         \
  do {                                                       \
    int64_t i = 0;                                           \
    for (; i + LANES <= (n); i += LANES) {                   \
      const int64_t part = LANES;                            \
      __VA_ARGS__                                            \
    }                                                        \
    if (i < (n)) {                                           \
      const int64_t part = (n) - i;                          \
      __VA_ARGS__                                            \
    }                                                        \
  } while (0)
#define GET(p) (part == LANES ? NAME(load)((const REAL *)(p) + i) \
                              : NAME(load_part)((const REAL *)(p) + i, part, 0))
#define PUT(p, v)                                                 \
  do {                                                            \
    if (part == LANES) NAME(store)((REAL *)(p) + i, v);           \
    else NAME(store_part)((REAL *)(p) + i, part, v);              \
  } while (0)
#define SQRT(v) __builtin_elementwise_sqrt(v)

INLINE vec NAME(lerp)(vec from, vec to, double weight) {
  const bool near = (weight < 0 ? -weight : weight) < 0.5;
  return near ? FMA(SPLAT(weight), to - from, from)
              : FMA(SPLAT((REAL)weight - 1), to - from, to);
}

static void NAME(sgd)(REAL *p, const REAL *grad, REAL *buffer, int64_t n,
                      const torus_sgd_options *o) {
  const vec decay = SPLAT(o->weight_decay), momentum = SPLAT(o->momentum);
  const vec fresh = SPLAT(1 - o->dampening), rate = SPLAT(-o->lr);
  EACH(n, {
    vec g = GET(grad);
    const vec x = GET(p);
    if (o->maximize) g = -g;
    if (o->weight_decay != 0) g = FMA(decay, x, g);
    if (buffer) {
      const vec b = o->first ? g : FMA(fresh, g, GET(buffer) * momentum);
      PUT(buffer, b);
      g = o->nesterov ? FMA(momentum, b, g) : b;
    }
    PUT(p, FMA(rate, g, x));
  });
}

static void NAME(adam)(REAL *p, const REAL *grad, REAL *mean, REAL *square, REAL *most, int64_t n,
                       const torus_adam_options *o) {
  const double correction = 1 - pow(o->beta2, (double)o->step);
  const vec rate = SPLAT(-(o->lr / (1 - pow(o->beta1, (double)o->step))));
  const vec root = SPLAT(sqrt(correction)), eps = SPLAT(o->eps);
  const vec decay = SPLAT(o->weight_decay), shrink = SPLAT(1 - o->lr * o->weight_decay);
  const vec keep = SPLAT(o->beta2), fresh = SPLAT(1 - o->beta2);
  const double weight = 1 - o->beta1;
  EACH(n, {
    vec g = GET(grad);
    vec x = GET(p);
    if (o->maximize) g = -g;
    if (o->weight_decay != 0) {
      if (o->decoupled) x *= shrink;
      else g = FMA(decay, x, g);
    }
    const vec m = NAME(lerp)(GET(mean), g, weight);
    vec v = FMA(fresh * g, g, GET(square) * keep);
    PUT(mean, m);
    PUT(square, v);
    if (most) {
      const vec before = GET(most);
      // A nan in either stays, as in torch.maximum.
      v = CHOOSE((before > v) | (before != before), before, v);
      PUT(most, v);
    }
    PUT(p, rate * m / (SQRT(v) / root + eps) + x);
  });
}

static void NAME(adagrad)(REAL *p, const REAL *grad, REAL *sum, int64_t n,
                          const torus_adagrad_options *o) {
  const vec rate = SPLAT(-(o->lr / (1 + (double)(o->step - 1) * o->lr_decay)));
  const vec eps = SPLAT(o->eps), decay = SPLAT(o->weight_decay);
  EACH(n, {
    vec g = GET(grad);
    const vec x = GET(p);
    if (o->maximize) g = -g;
    if (o->weight_decay != 0) g = FMA(decay, x, g);
    const vec s = FMA(g, g, GET(sum));
    PUT(sum, s);
    PUT(p, rate * g / (SQRT(s) + eps) + x);
  });
}

static void NAME(rmsprop)(REAL *p, const REAL *grad, REAL *square, REAL *average, REAL *buffer,
                          int64_t n, const torus_rmsprop_options *o) {
  const vec keep = SPLAT(o->alpha), fresh = SPLAT(1 - o->alpha), rate = SPLAT(-o->lr);
  const vec eps = SPLAT(o->eps), decay = SPLAT(o->weight_decay), momentum = SPLAT(o->momentum);
  EACH(n, {
    vec g = GET(grad);
    const vec x = GET(p);
    if (o->maximize) g = -g;
    if (o->weight_decay != 0) g = FMA(decay, x, g);
    const vec s = FMA(fresh * g, g, GET(square) * keep);
    vec spread = s;
    PUT(square, s);
    if (average) {
      const vec a = NAME(lerp)(GET(average), g, 1 - o->alpha);
      PUT(average, a);
      spread = FMA(-a, a, s);
    }
    const vec under = SQRT(spread) + eps;
    if (buffer) {
      const vec b = GET(buffer) * momentum + g / under;
      PUT(buffer, b);
      PUT(p, FMA(rate, b, x));
    } else {
      PUT(p, rate * g / under + x);
    }
  });
}

static void NAME(scale)(REAL *x, int64_t n, double factor) {
  const vec by = SPLAT(factor);
  EACH(n, { PUT(x, GET(x) * by); });
}

static void NAME(average)(REAL *average, const REAL *x, int64_t n, double weight) {
  EACH(n, { PUT(average, NAME(lerp)(GET(average), GET(x), weight)); });
}

// x·0 is 0 for finite x and nan otherwise.
static bool NAME(nonfinite)(const REAL *x, int64_t n) {
  vec sum = SPLAT(0);
  EACH(n, { sum = FMA(GET(x), SPLAT(0), sum); });
  return NAME(total)(sum) != 0;
}

static double NAME(squares)(const REAL *x, int64_t n) {
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    const vec p = NAME(load)(x + i), q = NAME(load)(x + i + LANES);
    const vec r = NAME(load)(x + i + 2 * LANES), s = NAME(load)(x + i + 3 * LANES);
    a = FMA(p, p, a);
    b = FMA(q, q, b);
    c = FMA(r, r, c);
    d = FMA(s, s, d);
  }
  double rest = 0;
  for (; i < n; i++) rest += (double)x[i] * (double)x[i];
  return (double)NAME(total)((a + b) + (c + d)) + rest;
}

static double NAME(absolutes)(const REAL *x, int64_t n) {
  vec a = SPLAT(0), b = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    a += __builtin_elementwise_abs(NAME(load)(x + i));
    b += __builtin_elementwise_abs(NAME(load)(x + i + LANES));
  }
  double rest = 0;
  for (; i < n; i++) rest += fabs((double)x[i]);
  return (double)NAME(total)(a + b) + rest;
}

static double NAME(most)(const REAL *x, int64_t n) {
  vec most = SPLAT(0), taint = SPLAT(0);
  EACH(n, {
    const vec v = GET(x);
    most = NAME(larger)(most, __builtin_elementwise_abs(v));
    taint = CHOOSE(v != v, v, taint);
  });
  const REAL nan = NAME(total)(taint);
  return nan != nan ? (double)nan : (double)NAME(largest)(most);
}

#undef EACH
#undef GET
#undef PUT
#undef SQRT
