// Batch and group norm: channels of [n, channels, spatial].
#include "norm_kernels.h"

// How many channels, or groups, of `each` elements are taken at once: what one waits for, its sums, is then
// made beside those of others, and all stay in the first cache.
INLINE int64_t NAME(together)(int64_t each) {
  return torus_max(1, torus_min(8, 16384 / ((each + 1) * (int64_t)sizeof(ELEMENT))));
}

// With one position a channel, neighbouring channels are a vector's lanes.
static void NAME(column_stats)(const ELEMENT *x, int64_t n, int64_t channels, int64_t first,
                               int64_t count, REAL *mean, REAL *m2) {
  for (int64_t c = first; c < first + count; c += LANES) {
    const int64_t part = torus_min(LANES, first + count - c);
    vec sum = SPLAT(0), square = SPLAT(0);
    for (int64_t i = 0; i < n; i++)
      sum += part == LANES ? NAME(read)(x + i * channels + c)
                           : NAME(read_part)(x + i * channels + c, part, 0);
    const vec m = sum / (REAL)n;
    for (int64_t i = 0; i < n; i++) {
      const vec p = (part == LANES ? NAME(read)(x + i * channels + c)
                                   : NAME(read_part)(x + i * channels + c, part, 0)) - m;
      square = FMA(p, p, square);
    }
    NAME(store_part)(mean + c, part, m);
    NAME(store_part)(m2 + c, part, square);
  }
}

static void NAME(batch_stats)(const batch_norm *s, int64_t begin, int64_t end) {
  REAL *mean = s->mean, *m2 = s->m2;
  if (s->spatial == 1) {
    NAME(column_stats)(s->x, s->n, s->channels, begin, end - begin, mean, m2);
    return;
  }
  // Mean and Σ (x - mean)² of each channel.
  const int64_t spatial = s->spatial, step = s->channels * spatial;
  for (int64_t c = begin; c < end; c++) {
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++)
      sum += (double)NAME(run_sum)((const ELEMENT *)s->x + i * step + c * spatial, spatial);
    mean[c] = (REAL)(sum / ((double)s->n * (double)spatial));
  }
  for (int64_t c = begin; c < end; c++) {
    double square = 0;
    for (int64_t i = 0; i < s->n; i++)
      square += (double)NAME(run_square)((const ELEMENT *)s->x + i * step + c * spatial, spatial,
                                         mean[c]);
    m2[c] = (REAL)square;
  }
}

static void NAME(batch_apply)(const batch_norm *s, int64_t begin, int64_t end) {
  const REAL *mean = s->mean, *invstd = s->invstd, *gamma = s->gamma, *beta = s->beta;
  const int64_t spatial = s->spatial, step = s->channels * spatial;
  if (spatial == 1) {
    for (int64_t i = 0; i < s->n; i++) {
      const ELEMENT *x = (const ELEMENT *)s->x + i * s->channels;
      ELEMENT *y = (ELEMENT *)s->y + i * s->channels;
      int64_t c = begin;
#define SCALE(GET) (GET(invstd) * (gamma ? GET(gamma) : SPLAT(1)))
#define SHIFT(GET) (beta ? GET(beta) : SPLAT(0))
#define WHOLE(p) NAME(load)((p) + c)
#define PART(p) NAME(load_part)((p) + c, end - c, 0)
      for (; c + LANES <= end; c += LANES)
        NAME(write)(y + c, (NAME(read)(x + c) - WHOLE(mean)) * SCALE(WHOLE) + SHIFT(WHOLE));
      if (c < end)
        NAME(write_part)(y + c, end - c, (NAME(read_part)(x + c, end - c, 0) - PART(mean)) *
                                                 SCALE(PART) + SHIFT(PART));
#undef SCALE
#undef SHIFT
#undef WHOLE
#undef PART
    }
    return;
  }
  for (int64_t c = begin; c < end; c++)
    for (int64_t i = 0; i < s->n; i++)
      NAME(run_affine)((const ELEMENT *)s->x + i * step + c * spatial,
                       (ELEMENT *)s->y + i * step + c * spatial, spatial, mean[c],
                       invstd[c] * (gamma ? gamma[c] : 1), beta ? beta[c] : 0);
}

// Statistics and result of a channel while it is in cache.
static void NAME(batch_forward)(const batch_norm *s, int64_t begin, int64_t end) {
  REAL *m2 = s->m2, *invstd = s->invstd;
  const double count = (double)s->n * (double)s->spatial;
  const int64_t block = s->spatial == 1 ? end - begin : NAME(together)(s->n * s->spatial);
  for (int64_t c = begin; c < end; c += block) {
    const int64_t last = torus_min(c + block, end);
    NAME(batch_stats)(s, c, last);
    for (int64_t q = c; q < last; q++) {
      const double variance = (double)m2[q] / count;
      m2[q] = (REAL)variance;
      invstd[q] = (REAL)(1 / sqrt(variance + s->eps));
    }
    NAME(batch_apply)(s, c, last);
  }
}

static void NAME(batch_reduce)(const batch_norm *s, int64_t begin, int64_t end) {
  const REAL *mean = s->mean;
  const ELEMENT *x = s->x, *g = s->dy;
  REAL *sums = s->sum_dy, *products = s->sum_dy_xmu;
  const int64_t spatial = s->spatial, step = s->channels * spatial;
  if (spatial == 1) {
    for (int64_t c = begin; c < end; c += LANES) {
      const int64_t part = torus_min(LANES, end - c);
      const vec m = NAME(load_part)(mean + c, part, 0);
      vec sum = SPLAT(0), product = SPLAT(0);
      if (part == LANES)
        for (int64_t i = 0; i < s->n; i++) {
          const vec p = NAME(read)(g + i * step + c);
          sum += p;
          product = FMA(p, NAME(read)(x + i * step + c) - m, product);
        }
      else
        for (int64_t i = 0; i < s->n; i++) {
          const vec p = NAME(read_part)(g + i * step + c, part, 0);
          sum += p;
          product = FMA(p, NAME(read_part)(x + i * step + c, part, 0) - m, product);
        }
      NAME(store_part)(sums + c, part, sum);
      NAME(store_part)(products + c, part, product);
    }
    return;
  }
  for (int64_t c = begin; c < end; c++) {
    double sum = 0, product = 0;
    for (int64_t i = 0; i < s->n; i++) {
      REAL a, b;
      NAME(run_products)(g + i * step + c * spatial, x + i * step + c * spatial, spatial, mean[c],
                         &a, &b);
      sum += (double)a;
      product += (double)b;
    }
    sums[c] = (REAL)sum;
    products[c] = (REAL)product;
  }
}

static void NAME(batch_input_gradient)(const batch_norm *s, int64_t begin, int64_t end) {
  const REAL *mean = s->mean, *invstd = s->invstd, *gamma = s->gamma;
  const REAL *sums = s->sum_dy, *products = s->sum_dy_xmu;
  const int64_t spatial = s->spatial, step = s->channels * spatial;
  const REAL count = (REAL)s->count;
  if (spatial == 1) {
    for (int64_t c = begin; c < end; c += LANES) {
      const int64_t part = torus_min(LANES, end - c);
#define GET(p) NAME(load_part)((p) + c, part, 0)
      const vec m = GET(mean), inv = GET(invstd), scale = inv * (gamma ? GET(gamma) : SPLAT(1));
      const vec slope = s->training ? -scale * inv * inv * GET(products) / count : SPLAT(0);
      const vec shift = s->training ? -scale * GET(sums) / count : SPLAT(0);
#undef GET
      const ELEMENT *x = (const ELEMENT *)s->x + c, *g = (const ELEMENT *)s->dy + c;
      ELEMENT *dx = (ELEMENT *)s->dx + c;
      for (int64_t i = 0; i < s->n; i++, x += step, g += step, dx += step) {
        if (part == LANES)
          NAME(write)(dx, NAME(read)(g) * scale + ((NAME(read)(x) - m) * slope + shift));
        else
          NAME(write_part)(dx, part, NAME(read_part)(g, part, 0) * scale +
                                         ((NAME(read_part)(x, part, 0) - m) * slope + shift));
      }
    }
    return;
  }
  for (int64_t c = begin; c < end; c++) {
    const REAL scale = invstd[c] * (gamma ? gamma[c] : 1);
    const REAL slope = s->training ? -scale * invstd[c] * invstd[c] * products[c] / count : 0;
    const REAL shift = s->training ? -scale * sums[c] / count : 0;
    for (int64_t i = 0; i < s->n; i++) {
      const int64_t at = i * step + c * spatial;
      NAME(run_gradient)((const ELEMENT *)s->dy + at, (const ELEMENT *)s->x + at, (ELEMENT *)s->dx + at,
                         spatial, mean[c], scale, slope, shift);
    }
  }
}

static void NAME(batch_backward)(const batch_norm *s, int64_t begin, int64_t end) {
  const REAL *sums = s->sum_dy, *products = s->sum_dy_xmu, *invstd = s->invstd;
  REAL *dgamma = s->dgamma, *dbeta = s->dbeta;
  const int64_t block = s->spatial == 1 ? end - begin : NAME(together)(2 * s->n * s->spatial);
  for (int64_t c = begin; c < end; c += block) {
    const int64_t last = torus_min(c + block, end);
    NAME(batch_reduce)(s, c, last);
    for (int64_t q = c; q < last; q++) {
      if (dgamma) dgamma[q] = products[q] * invstd[q];
      if (dbeta) dbeta[q] = sums[q];
    }
    if (s->dx) NAME(batch_input_gradient)(s, c, last);
  }
}

// ---- Group norm: `n` counts rows of `groups`, each of channels / groups · spatial elements.

static void NAME(group_forward)(const batch_norm *s, int64_t begin, int64_t end) {
  const int64_t each = s->channels / s->groups, run = each * s->spatial;
  const int64_t block = NAME(together)(run);
  const REAL *gamma = s->gamma, *beta = s->beta;
  REAL *means = s->mean, *rstds = s->invstd;
  for (int64_t first = begin; first < end; first += block) {
    const int64_t last = torus_min(first + block, end);
    const ELEMENT *x = s->x;
    ELEMENT *y = s->y;
    for (int64_t r = first; r < last; r++) means[r] = NAME(run_sum)(x + r * run, run) / (REAL)run;
    for (int64_t r = first; r < last; r++) {
      const double square = (double)(NAME(run_square)(x + r * run, run, means[r]) / (REAL)run);
      rstds[r] = (REAL)(1 / sqrt(square + s->eps));
    }
    for (int64_t r = first; r < last; r++)
      for (int64_t q = 0; q < each; q++) {
        const int64_t c = r % s->groups * each + q, at = r * run + q * s->spatial;
        NAME(run_affine)(x + at, y + at, s->spatial, means[r], rstds[r] * (gamma ? gamma[c] : 1),
                         beta ? beta[c] : 0);
      }
  }
}

// Σ dy and Σ dy·(x - mean) of every image's channels go to sum_dy and sum_dy_xmu [n, channels].
static void NAME(group_backward)(const batch_norm *s, int64_t begin, int64_t end) {
  const int64_t each = s->channels / s->groups, run = each * s->spatial;
  const int64_t block = NAME(together)(2 * run);
  const REAL *gamma = s->gamma, *means = s->mean, *rstds = s->invstd;
  REAL slopes[8], shifts[8];
  for (int64_t first = begin; first < end; first += block) {
    const int64_t last = torus_min(first + block, end);
    for (int64_t r = first; r < last; r++) {
      const ELEMENT *x = (const ELEMENT *)s->x + r * run, *g = (const ELEMENT *)s->dy + r * run;
      REAL *sums = (REAL *)s->sum_dy + r * each, *products = (REAL *)s->sum_dy_xmu + r * each;
      REAL sum = 0, product = 0;
      for (int64_t q = 0; q < each; q++) {
        const REAL by = gamma ? gamma[r % s->groups * each + q] : 1;
        NAME(run_products)(g + q * s->spatial, x + q * s->spatial, s->spatial, means[r], sums + q,
                           products + q);
        sum += by * sums[q];
        product += by * products[q];
      }
      const REAL rstd = rstds[r];
      slopes[r - first] = -rstd * rstd * rstd * product / (REAL)run;
      shifts[r - first] = -rstd * sum / (REAL)run;
    }
    if (!s->dx) continue;
    for (int64_t r = first; r < last; r++)
      for (int64_t q = 0; q < each; q++) {
        const REAL by = gamma ? gamma[r % s->groups * each + q] : 1;
        const int64_t at = r * run + q * s->spatial;
        NAME(run_gradient)((const ELEMENT *)s->dy + at, (const ELEMENT *)s->x + at,
                           (ELEMENT *)s->dx + at, s->spatial, means[r], rstds[r] * by,
                           slopes[r - first], shifts[r - first]);
      }
  }
}

#ifndef HALF
static void NAME(group_sums)(const batch_norm *s) {
  const int64_t each = s->channels / s->groups;
  const REAL *sums = s->sum_dy, *products = s->sum_dy_xmu, *rstds = s->invstd;
  REAL *dgamma = s->dgamma, *dbeta = s->dbeta;
  for (int64_t c = 0; c < s->channels; c++) {
    REAL a = 0, b = 0;
    for (int64_t i = 0; i < s->n; i++) {
      a += products[i * s->channels + c] * rstds[i * s->groups + c / each];
      b += sums[i * s->channels + c];
    }
    if (dgamma) dgamma[c] = a;
    if (dbeta) dbeta[c] = b;
  }
}
#endif
