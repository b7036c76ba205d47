// Exponential, geometric, Cauchy, log-normal, Poisson and multinomial draws.
#include "internal.h"
#include "torus_index.h"

torus_status torus_random_exponential(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                      double lambda) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++)
    torus_put(dtype, out, i, -1 / lambda * log1p(-torus_rng_unit(rng)));
  return TORUS_OK;
}

torus_status torus_random_geometric(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                    double p) {
  if (dtype == TORUS_BOOL) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++)
    torus_put(dtype, out, i, ceil(log(torus_rng_unit(rng)) / log1p(-p)));
  return TORUS_OK;
}

torus_status torus_random_cauchy(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                 double median, double sigma) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++) {
    const double angle = 3.14159265358979323846 * (torus_rng_unit(rng) - 0.5);
    torus_put(dtype, out, i, fma(sigma, tan(angle), median));
  }
  return TORUS_OK;
}

torus_status torus_random_log_normal(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                     double mean, double std) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++)
    torus_put(dtype, out, i, exp(fma(torus_rng_normal(rng), std, mean)));
  return TORUS_OK;
}

// Small rates by Knuth's product of uniforms; from 10 on by transformed rejection (Hörmann,
// "The transformed rejection method for generating Poisson random variables", 1993).
static int64_t poisson(torus_rng *rng, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double bound = exp(-rate);
    int64_t count = 0;
    for (double product = torus_rng_unit(rng); product > bound; product *= torus_rng_unit(rng))
      count++;
    return count;
  }
  const double log_rate = log(rate), b = 0.931 + 2.53 * sqrt(rate), a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = torus_rng_unit(rng) - 0.5, v = torus_rng_unit(rng), us = 0.5 - fabs(u);
    const int64_t k = (int64_t)floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <=
        -rate + (double)k * log_rate - lgamma((double)k + 1))
      return k;
  }
}

static double value_at(torus_dtype dtype, const void *x, int64_t i) {
  switch (dtype) {
    case TORUS_F32: return ((const float *)x)[i];
    case TORUS_F64: return ((const double *)x)[i];
    default: return torus_half_value(dtype, ((const uint16_t *)x)[i]);
  }
}

torus_status torus_random_poisson(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                  const void *rates) {
  if (!torus_is_float(dtype)) return TORUS_UNSUPPORTED;
  for (int64_t i = 0; i < n; i++)
    torus_put_integer(dtype, out, i, poisson(rng, value_at(dtype, rates, i)));
  return TORUS_OK;
}

// ---- Multinomial -----------------------------------------------------------------------------

// What brings a row's weights into a range where neither their sum nor their quotients overflow: 1,
// or a power of two, which changes no order and no share.
static double row_scale(torus_dtype dtype, const void *weights, int64_t row, int64_t categories) {
  double most = 0;
  for (int64_t j = 0; j < categories; j++)
    most = fmax(most, value_at(dtype, weights, row * categories + j));
  // Draws divide by as little as 2^-53, and many categories add up.
  const double bound = dtype == TORUS_F64 ? 0x1p900 : 0x1p60;
  if (most <= bound) return 1;
  return ldexp(1, ilogb(bound) - ilogb(most) - 1);
}

// With replacement: a uniform draw is looked up in the cumulative weights, which are summed and
// normalised in the weights' own precision.
#define WITH_REPLACEMENT(NAME, TYPE)                                                             \
  static void NAME(torus_rng *rng, torus_dtype dtype, const void *weights, int64_t row,          \
                   int64_t categories, int64_t samples, TYPE *cumulative, int64_t *out) {        \
    const double scale = row_scale(dtype, weights, row, categories);                             \
    TYPE sum = 0;                                                                                \
    for (int64_t j = 0; j < categories; j++) {                                                   \
      sum += (TYPE)(value_at(dtype, weights, row * categories + j) * scale);                     \
      cumulative[j] = sum;                                                                       \
    }                                                                                            \
    for (int64_t j = 0; j < categories; j++) cumulative[j] /= sum;                               \
    cumulative[categories - 1] = 1;                                                              \
    for (int64_t s = 0; s < samples; s++) {                                                      \
      const double draw = torus_rng_unit(rng);                                                   \
      int64_t left = 0, right = categories;                                                      \
      while (right > left) {                                                                     \
        const int64_t middle = left + (right - left) / 2;                                        \
        if ((double)cumulative[middle] < draw) left = middle + 1;                                \
        else right = middle;                                                                     \
      }                                                                                          \
      out[s] = left;                                                                             \
    }                                                                                            \
  }
WITH_REPLACEMENT(replace_f64, double)
WITH_REPLACEMENT(replace_f32, float)

// Without: the largest of weight / exponential draws are a sample (Efraimidis and Spirakis,
// "Weighted random sampling with a reservoir", 2006).
static void descending(const double *scores, int64_t n, int64_t count, int64_t *out) {
  if (count > 1) {
    // Of equal scores, as weights of 0 have, those that PyTorch's topk takes.
    const int64_t step = 1;
    torus_topk(count, true, true, TORUS_F64, 1, &n, 0, scores, &step, NULL, NULL, out, &step);
    return;
  }
  int64_t best = 0;
  for (int64_t j = 1; j < n; j++)
    if (scores[j] > scores[best]) best = j;
  *out = best;
}

int32_t torus_random_multinomial(torus_rng *rng, torus_dtype dtype, const void *weights,
                                 int64_t rows, int64_t categories, int64_t samples,
                                 bool replacement, int64_t *out) {
  if (!torus_is_float(dtype)) return -1;
  for (int64_t i = 0; i < rows; i++) {
    double most = 0;
    for (int64_t j = 0; j < categories; j++) {
      const double w = value_at(dtype, weights, i * categories + j);
      if (!(w >= 0) || isinf(w)) return -2;
      if (w > most) most = w;
    }
    if (most == 0) return -3;
  }
  if (replacement && samples > 1) {
    const size_t bytes = (size_t)categories * sizeof(double);
    void *cumulative = torus_alloc(bytes);
    for (int64_t i = 0; i < rows; i++)
      (dtype == TORUS_F64
           ? replace_f64(rng, dtype, weights, i, categories, samples, cumulative, out + i * samples)
           : replace_f32(rng, dtype, weights, i, categories, samples, cumulative,
                         out + i * samples));
    torus_free(cumulative, bytes);
    return 0;
  }
  const size_t score_bytes = (size_t)categories * sizeof(double);
  double *scores = torus_alloc(score_bytes);
  for (int64_t i = 0; i < rows; i++) {
    const double scale = dtype == TORUS_F64 ? row_scale(dtype, weights, i, categories) : 1;
    for (int64_t j = 0; j < categories; j++) {
      // The draw and the quotient are rounded to the weights' type, unless that is infinite or 0 then. A
      // weight of 0 has the least score, even where the draw is rounded to 0.
      double draw;
      torus_put(dtype, &draw, 0, -log1p(-torus_rng_unit(rng)));
      const double weight = value_at(dtype, weights, i * categories + j) * scale;
      const double score = weight > 0 ? weight / value_at(dtype, &draw, 0) : 0;
      torus_put(dtype, &draw, 0, score);
      const double rounded = value_at(dtype, &draw, 0);
      scores[j] = isinf(rounded) || rounded == 0 ? score : rounded;
    }
    descending(scores, categories, samples, out + i * samples);
  }
  torus_free(scores, score_bytes);
  return 0;
}
