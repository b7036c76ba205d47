// Pooling over planes.

// One window of a dimension: its bounds inside the input.
static inline void NAME(bounds)(int64_t out, int64_t stride, int64_t pad, int64_t kernel,
                                int64_t dilation, int64_t in, int64_t *first, int64_t *last) {
  int64_t from = out * stride - pad;
  const int64_t to = from + (kernel - 1) * dilation + 1;
  if (from < 0) from += (-from + dilation - 1) / dilation * dilation;
  *first = from;
  *last = to < in ? to : in;
}

static void NAME(max_plane)(const torus_pool *p, const REAL *x, REAL *y, int64_t *indices) {
  for (int64_t oz = 0; oz < p->out_depth; oz++) {
    int64_t z0, z1, y0, y1, x0, x1;
    NAME(bounds)(oz, p->stride_depth, p->pad_depth, p->kernel_depth, p->dilation_depth,
                 p->in_depth, &z0, &z1);
    for (int64_t oy = 0; oy < p->out_height; oy++) {
      NAME(bounds)(oy, p->stride_height, p->pad_height, p->kernel_height, p->dilation_height,
                   p->in_height, &y0, &y1);
      for (int64_t ox = 0; ox < p->out_width; ox++) {
        NAME(bounds)(ox, p->stride_width, p->pad_width, p->kernel_width, p->dilation_width,
                     p->in_width, &x0, &x1);
        REAL most = -INFINITY;
        int64_t where = (z0 * p->in_height + y0) * p->in_width + x0;
        for (int64_t z = z0; z < z1; z += p->dilation_depth)
          for (int64_t r = y0; r < y1; r += p->dilation_height)
            for (int64_t q = x0; q < x1; q += p->dilation_width) {
              const int64_t at = (z * p->in_height + r) * p->in_width + q;
              const REAL value = x[at];
              if (value > most || value != value) {
                most = value;
                where = at;
              }
            }
        *y++ = most;
        if (indices) *indices++ = where;
      }
    }
  }
}

// Windows of 2 × 2 side by side: even and odd columns of two rows are compared as vectors.
#if VBYTES == 64
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#elif VBYTES == 32
#define EVENS 0, 2, 4, 6, 8, 10, 12, 14
#define ODDS 1, 3, 5, 7, 9, 11, 13, 15
#else
#define EVENS 0, 2, 4, 6
#define ODDS 1, 3, 5, 7
#endif

static void NAME(max_plane_2x2)(const torus_pool *p, const REAL *x, REAL *y, int64_t *indices) {
  for (int64_t oy = 0; oy < p->out_height; oy++, y += p->out_width) {
    const REAL *top = x + 2 * oy * p->in_width;
    int64_t ox = 0;
#if IS_F32
    const REAL *bottom = top + p->in_width;
    typedef int64_t wide __attribute__((vector_size(2 * VBYTES), aligned(8)));
    words lane;
    for (int i = 0; i < LANES; i++) lane[i] = 2 * i;
    for (; ox + LANES <= p->out_width; ox += LANES) {
      const vec a = NAME(load)(top + 2 * ox), b = NAME(load)(top + 2 * ox + LANES);
      const vec c = NAME(load)(bottom + 2 * ox), d = NAME(load)(bottom + 2 * ox + LANES);
      vec most = __builtin_shufflevector(a, b, EVENS);
      words where = lane + (WORD)(2 * ox);
      const words base = where;
      const vec right = __builtin_shufflevector(a, b, ODDS);
      const vec below = __builtin_shufflevector(c, d, EVENS);
      const vec corner = __builtin_shufflevector(c, d, ODDS);
#define TAKE(candidate, offset)                                              \
  {                                                                          \
    const words better = (candidate > most) | (candidate != candidate);      \
    most = CHOOSE(better, candidate, most);                                  \
    where = (better & (base + (WORD)(offset))) | (~better & where);          \
  }
      TAKE(right, 1)
      TAKE(below, p->in_width)
      TAKE(corner, p->in_width + 1)
#undef TAKE
      NAME(store)(y + ox, most);
      if (indices)
        *(wide *)(indices + ox) = __builtin_convertvector(where, wide) + 2 * oy * p->in_width;
    }
#endif
    for (; ox < p->out_width; ox++) {
      const int64_t at[4] = {2 * ox, 2 * ox + 1, 2 * ox + p->in_width, 2 * ox + p->in_width + 1};
      REAL most = -INFINITY;
      int64_t where = 2 * ox;
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        const REAL value = top[at[i]];
        const bool better = value > most || value != value;
        most = better ? value : most;
        where = better ? at[i] : where;
      }
      y[ox] = most;
      if (indices) indices[ox] = 2 * oy * p->in_width + where;
    }
    if (indices) indices += p->out_width;
  }
}
#undef EVENS
#undef ODDS

static void NAME(max_plane_back)(const int64_t *indices, const REAL *dy, REAL *dx, int64_t ins,
                                 int64_t outs) {
  __builtin_memset(dx, 0, (size_t)ins * sizeof(REAL));
  for (int64_t i = 0; i < outs; i++)
    if (indices[i] >= 0 && indices[i] < ins) dx[indices[i]] += dy[i];
}

// ---- Averages --------------------------------------------------------------------------------

typedef struct NAME(window) {
  int64_t z0, z1, y0, y1, x0, x1, divisor;
} NAME(window);

static inline void NAME(average_bounds)(int64_t out, int64_t stride, int64_t pad, int64_t kernel,
                                        int64_t in, int64_t *first, int64_t *last,
                                        int64_t *full) {
  const int64_t from = out * stride - pad, to = torus_min(from + kernel, in + pad);
  *full = to - from;
  *first = torus_max(from, 0);
  *last = torus_min(to, in);
}

static inline int64_t NAME(average_window)(const pool_job *s, int64_t oz, int64_t oy, int64_t ox,
                                           NAME(window) *w) {
  const torus_pool *p = s->shape;
  if (s->adaptive) {
    w->z0 = oz * p->in_depth / p->out_depth;
    w->z1 = ((oz + 1) * p->in_depth + p->out_depth - 1) / p->out_depth;
    w->y0 = oy * p->in_height / p->out_height;
    w->y1 = ((oy + 1) * p->in_height + p->out_height - 1) / p->out_height;
    w->x0 = ox * p->in_width / p->out_width;
    w->x1 = ((ox + 1) * p->in_width + p->out_width - 1) / p->out_width;
    return (w->z1 - w->z0) * (w->y1 - w->y0) * (w->x1 - w->x0);
  }
  int64_t a, b, c;
  NAME(average_bounds)(oz, p->stride_depth, p->pad_depth, p->kernel_depth, p->in_depth, &w->z0,
                       &w->z1, &a);
  NAME(average_bounds)(oy, p->stride_height, p->pad_height, p->kernel_height, p->in_height, &w->y0,
                       &w->y1, &b);
  NAME(average_bounds)(ox, p->stride_width, p->pad_width, p->kernel_width, p->in_width, &w->x0,
                       &w->x1, &c);
  if (s->divisor) return s->divisor;
  if (s->count_padding) return a * b * c;
  return (w->z1 - w->z0) * (w->y1 - w->y0) * (w->x1 - w->x0);
}

static inline bool NAME(nothing)(const NAME(window) *w) {
  return w->z0 >= w->z1 || w->y0 >= w->y1 || w->x0 >= w->x1;
}

static void NAME(average_plane)(const pool_job *s, const REAL *x, REAL *y) {
  const torus_pool *p = s->shape;
  for (int64_t oz = 0; oz < p->out_depth; oz++)
    for (int64_t oy = 0; oy < p->out_height; oy++)
      for (int64_t ox = 0; ox < p->out_width; ox++) {
        NAME(window) w;
        const int64_t divisor = NAME(average_window)(s, oz, oy, ox, &w);
        REAL sum = 0;
        for (int64_t z = w.z0; z < w.z1; z++)
          for (int64_t r = w.y0; r < w.y1; r++) {
            const REAL *row = x + (z * p->in_height + r) * p->in_width;
            for (int64_t q = w.x0; q < w.x1; q++) sum += row[q];
          }
        *y++ = NAME(nothing)(&w) ? 0 : sum / (REAL)divisor;
      }
}

static void NAME(average_plane_back)(const pool_job *s, const REAL *dy, REAL *dx) {
  const torus_pool *p = s->shape;
  __builtin_memset(dx, 0, (size_t)(p->in_depth * p->in_height * p->in_width) * sizeof(REAL));
  for (int64_t oz = 0; oz < p->out_depth; oz++)
    for (int64_t oy = 0; oy < p->out_height; oy++)
      for (int64_t ox = 0; ox < p->out_width; ox++, dy++) {
        NAME(window) w;
        const int64_t divisor = NAME(average_window)(s, oz, oy, ox, &w);
        if (NAME(nothing)(&w)) continue;
        const REAL share = *dy / (REAL)divisor;
        for (int64_t z = w.z0; z < w.z1; z++)
          for (int64_t r = w.y0; r < w.y1; r++) {
            REAL *row = dx + (z * p->in_height + r) * p->in_width;
            for (int64_t q = w.x0; q < w.x1; q++) row[q] += share;
          }
      }
}

static void NAME(adaptive_max_plane)(const pool_job *s, const REAL *x, REAL *y, int64_t *indices) {
  const torus_pool *p = s->shape;
  for (int64_t oz = 0; oz < p->out_depth; oz++)
    for (int64_t oy = 0; oy < p->out_height; oy++)
      for (int64_t ox = 0; ox < p->out_width; ox++) {
        NAME(window) w;
        NAME(average_window)(s, oz, oy, ox, &w);
        REAL most = -INFINITY;
        int64_t where = (w.z0 * p->in_height + w.y0) * p->in_width + w.x0;
        for (int64_t z = w.z0; z < w.z1; z++)
          for (int64_t r = w.y0; r < w.y1; r++)
            for (int64_t q = w.x0; q < w.x1; q++) {
              const int64_t at = (z * p->in_height + r) * p->in_width + q;
              if (x[at] > most || x[at] != x[at]) {
                most = x[at];
                where = at;
              }
            }
        *y++ = most;
        if (indices) *indices++ = where;
      }
}
