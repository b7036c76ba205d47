// Optimizer steps on vectors. Products and sums are fused where PyTorch's kernels fuse them.

// Runs the block on vectors by pairs, on one more and on what is left. GET reads a vector, or part of one;
// PUT keeps the first of a pair in the place it names, and writes it together with the second.
#define EACH(n, ...)                                         \
  do {                                                       \
    vec kept[4] = {0};                                       \
    int64_t i = 0;                                           \
    while (i + 2 * LANES <= (n)) {                           \
      AT(FIRST, LANES, __VA_ARGS__)                          \
      i += LANES;                                            \
      AT(SECOND, LANES, __VA_ARGS__)                         \
      i += LANES;                                            \
    }                                                        \
    for (; i + LANES <= (n); i += LANES) AT(ALONE, LANES, __VA_ARGS__) \
    if (i < (n)) AT(ALONE, (n) - i, __VA_ARGS__)             \
    (void)kept;                                              \
  } while (0)
#define AT(which, count, ...)                                \
  {                                                          \
    enum { FIRST, SECOND, ALONE, PLACE = which };            \
    const int64_t part = count;                              \
    __VA_ARGS__                                              \
  }
#define GET(p)                                                 \
  (PLACE == FIRST    ? NAME(read_first)((p) + i)               \
   : PLACE == SECOND ? NAME(read_second)((p) + i - LANES)      \
   : part == LANES   ? NAME(read)((p) + i)                     \
                     : NAME(read_part)((p) + i, part, 0))
#define PUT(place, p, v)                                                         \
  do {                                                                           \
    if (PLACE == FIRST) kept[place] = v;                                         \
    else if (PLACE == SECOND) NAME(write_both)((p) + i - LANES, kept[place], v); \
    else if (part == LANES) NAME(write)((p) + i, v);                             \
    else NAME(write_part)((p) + i, part, v);                                     \
  } while (0)
#define SQRT(v) __builtin_elementwise_sqrt(v)

INLINE vec NAME(lerp)(vec from, vec to, double weight) {
  const bool near = (weight < 0 ? -weight : weight) < 0.5;
  return near ? FMA(SPLAT(weight), to - from, from)
              : FMA(SPLAT((REAL)weight - 1), to - from, to);
}

static void NAME(sgd)(ELEMENT *p, const ELEMENT *grad, ELEMENT *buffer, int64_t n,
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
      PUT(1, buffer, b);
      g = o->nesterov ? FMA(momentum, b, g) : b;
    }
    PUT(0, p, FMA(rate, g, x));
  });
}

static void NAME(adam)(ELEMENT *p, const ELEMENT *grad, ELEMENT *mean, ELEMENT *square, ELEMENT *most, int64_t n,
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
    PUT(1, mean, m);
    PUT(2, square, v);
    if (most) {
      const vec before = GET(most);
      // A nan in either stays, as in torch.maximum.
      v = CHOOSE((before > v) | (before != before), before, v);
      PUT(3, most, v);
    }
    PUT(0, p, rate * m / (SQRT(v) / root + eps) + x);
  });
}

static void NAME(adagrad)(ELEMENT *p, const ELEMENT *grad, ELEMENT *sum, int64_t n,
                          const torus_adagrad_options *o) {
  const vec rate = SPLAT(-(o->lr / (1 + (double)(o->step - 1) * o->lr_decay)));
  const vec eps = SPLAT(o->eps), decay = SPLAT(o->weight_decay);
  EACH(n, {
    vec g = GET(grad);
    const vec x = GET(p);
    if (o->maximize) g = -g;
    if (o->weight_decay != 0) g = FMA(decay, x, g);
    const vec s = FMA(g, g, GET(sum));
    PUT(1, sum, s);
    PUT(0, p, rate * g / (SQRT(s) + eps) + x);
  });
}

static void NAME(rmsprop)(ELEMENT *p, const ELEMENT *grad, ELEMENT *square, ELEMENT *average, ELEMENT *buffer,
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
    PUT(2, square, s);
    if (average) {
      const vec a = NAME(lerp)(GET(average), g, 1 - o->alpha);
      PUT(3, average, a);
      spread = FMA(-a, a, s);
    }
    const vec under = SQRT(spread) + eps;
    if (buffer) {
      const vec b = GET(buffer) * momentum + g / under;
      PUT(1, buffer, b);
      PUT(0, p, FMA(rate, b, x));
    } else {
      PUT(0, p, rate * g / under + x);
    }
  });
}

static void NAME(scale)(ELEMENT *x, int64_t n, double factor) {
  const vec by = SPLAT(factor);
  EACH(n, { PUT(0, x, GET(x) * by); });
}

static void NAME(average)(ELEMENT *average, const ELEMENT *x, int64_t n, double weight) {
  EACH(n, { PUT(3, average, NAME(lerp)(GET(average), GET(x), weight)); });
}

// x·0 is 0 for finite x and nan otherwise.
static void NAME(nonfinite)(const ELEMENT *x, int64_t n, double *result) {
  vec sum = SPLAT(0);
  EACH(n, { sum = FMA(GET(x), SPLAT(0), sum); });
  *result = NAME(total)(sum) != 0;
}

static void NAME(squares)(const ELEMENT *x, int64_t n, double *result) {
  vec a = SPLAT(0), b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
    const vec p = NAME(read)(x + i), q = NAME(read)(x + i + LANES);
    const vec r = NAME(read)(x + i + 2 * LANES), s = NAME(read)(x + i + 3 * LANES);
    a = FMA(p, p, a);
    b = FMA(q, q, b);
    c = FMA(r, r, c);
    d = FMA(s, s, d);
  }
  double rest = 0;
  for (; i < n; i++) rest += (double)NAME(read_one)(x + i) * (double)NAME(read_one)(x + i);
  *result = (double)NAME(total)((a + b) + (c + d)) + rest;
}

static void NAME(absolutes)(const ELEMENT *x, int64_t n, double *result) {
  vec a = SPLAT(0), b = a;
  int64_t i = 0;
  for (; i + 2 * LANES <= n; i += 2 * LANES) {
    a += __builtin_elementwise_abs(NAME(read)(x + i));
    b += __builtin_elementwise_abs(NAME(read)(x + i + LANES));
  }
  double rest = 0;
  for (; i < n; i++) rest += fabs((double)NAME(read_one)(x + i));
  *result = (double)NAME(total)(a + b) + rest;
}

static void NAME(most)(const ELEMENT *x, int64_t n, double *result) {
  vec most = SPLAT(0), taint = SPLAT(0);
  EACH(n, {
    const vec v = GET(x);
    most = NAME(larger)(most, __builtin_elementwise_abs(v));
    taint = CHOOSE(v != v, v, taint);
  });
  const REAL nan = NAME(total)(taint);
  *result = nan != nan ? (double)nan : (double)NAME(largest)(most);
}

#undef EACH
#undef AT
#undef GET
#undef PUT
#undef SQRT
