// The pointwise halves of LSTM and GRU steps, row by row.

// Runs the block for whole vectors of the hidden units and once more for what is left.
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
#define GET(p) (part == LANES ? NAME(load)((p) + i) : NAME(load_part)((p) + i, part, 0))
#define PUT(p, v)                                      \
  do {                                                 \
    if (part == LANES) NAME(store)((p) + i, v);        \
    else NAME(store_part)((p) + i, part, v);           \
  } while (0)

static void NAME(lstm)(const cell_job *s, int64_t begin, int64_t end) {
  const int64_t n = s->hidden;
  for (int64_t r = begin; r < end; r++) {
    REAL *gates = (REAL *)s->gates + r * 4 * n;
    const REAL *before = (const REAL *)s->c_prev + r * n;
    REAL *h = (REAL *)s->h + r * n, *c = (REAL *)s->c + r * n;
    EACH(n, {
      const vec in = NAME(sigmoid)(GET(gates)), forget = NAME(sigmoid)(GET(gates + n));
      const vec cell = NAME(vtanh)(GET(gates + 2 * n)), out = NAME(sigmoid)(GET(gates + 3 * n));
      const vec now = forget * GET(before) + in * cell;
      PUT(gates, in);
      PUT(gates + n, forget);
      PUT(gates + 2 * n, cell);
      PUT(gates + 3 * n, out);
      PUT(c, now);
      PUT(h, out * NAME(vtanh)(now));
    });
  }
}

static void NAME(lstm_back)(const cell_job *s, int64_t begin, int64_t end) {
  const int64_t n = s->hidden;
  for (int64_t r = begin; r < end; r++) {
    const REAL *gates = (const REAL *)s->gates + r * 4 * n;
    const REAL *before = (const REAL *)s->c_prev + r * n, *c = (const REAL *)s->c + r * n;
    const REAL *dh = s->dh ? (const REAL *)s->dh + r * n : 0;
    const REAL *dc = s->dc ? (const REAL *)s->dc + r * n : 0;
    REAL *grads = (REAL *)s->dgates + r * 4 * n, *back = (REAL *)s->dc_prev + r * n;
    EACH(n, {
      const vec in = GET(gates), forget = GET(gates + n), cell = GET(gates + 2 * n);
      const vec out = GET(gates + 3 * n), t = NAME(vtanh)(GET(c));
      const vec g = dh ? GET(dh) : SPLAT(0);
      const vec whole = g * out * (SPLAT(1) - t * t) + (dc ? GET(dc) : SPLAT(0));
      const vec old = GET(before);
      PUT(grads, whole * cell * in * (SPLAT(1) - in));
      PUT(grads + n, whole * old * forget * (SPLAT(1) - forget));
      PUT(grads + 2 * n, whole * in * (SPLAT(1) - cell * cell));
      PUT(grads + 3 * n, g * t * out * (SPLAT(1) - out));
      PUT(back, whole * forget);
    });
  }
}

static void NAME(gru)(const cell_job *s, int64_t begin, int64_t end) {
  const int64_t n = s->hidden;
  for (int64_t r = begin; r < end; r++) {
    const REAL *x = (const REAL *)s->gx + r * 3 * n, *g = (const REAL *)s->gh + r * 3 * n;
    const REAL *before = (const REAL *)s->h_prev + r * n;
    REAL *h = (REAL *)s->h + r * n, *saved = s->saved ? (REAL *)s->saved + r * 4 * n : 0;
    EACH(n, {
      const vec reset = NAME(sigmoid)(GET(x) + GET(g));
      const vec update = NAME(sigmoid)(GET(x + n) + GET(g + n));
      const vec from = GET(g + 2 * n);
      const vec fresh = NAME(vtanh)(GET(x + 2 * n) + reset * from);
      const vec old = GET(before);
      if (saved) {
        PUT(saved, reset);
        PUT(saved + n, update);
        PUT(saved + 2 * n, fresh);
        PUT(saved + 3 * n, from);
      }
      PUT(h, fresh + update * (old - fresh));
    });
  }
}

static void NAME(gru_back)(const cell_job *s, int64_t begin, int64_t end) {
  const int64_t n = s->hidden;
  for (int64_t r = begin; r < end; r++) {
    const REAL *saved = (const REAL *)s->saved + r * 4 * n;
    const REAL *before = (const REAL *)s->h_prev + r * n, *dh = (const REAL *)s->dh + r * n;
    REAL *dx = (REAL *)s->dgx + r * 3 * n, *dg = (REAL *)s->dgh + r * 3 * n;
    REAL *back = (REAL *)s->dh_prev + r * n;
    EACH(n, {
      const vec reset = GET(saved), update = GET(saved + n), fresh = GET(saved + 2 * n);
      const vec from = GET(saved + 3 * n), g = GET(dh), old = GET(before);
      const vec inner = g * (SPLAT(1) - update) * (SPLAT(1) - fresh * fresh);
      const vec of_reset = inner * from * reset * (SPLAT(1) - reset);
      const vec of_update = g * (old - fresh) * update * (SPLAT(1) - update);
      PUT(dx, of_reset);
      PUT(dg, of_reset);
      PUT(dx + n, of_update);
      PUT(dg + n, of_update);
      PUT(dx + 2 * n, inner);
      PUT(dg + 2 * n, inner * reset);
      PUT(back, g * update);
    });
  }
}

static void NAME(row_bias)(const cell_job *s, int64_t begin, int64_t end) {
  const int64_t n = s->hidden;
  const REAL *bias = s->gh;
  for (int64_t r = begin; r < end; r++) {
    const REAL *x = (const REAL *)s->gx + r * n;
    REAL *y = (REAL *)s->h + r * n;
    EACH(n, { PUT(y, GET(x) + GET(bias)); });
  }
}

#undef EACH
#undef GET
#undef PUT
