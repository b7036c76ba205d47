// Random numbers as PyTorch's CPU generator draws them: the same seed gives the same bits.
//
// The generator is a 32-bit Mersenne Twister. Every fill consumes it exactly as PyTorch's kernel
// of that name does, on one thread, so bits do not depend on the number of threads. A state is a
// plain value: copy it to fork or to save. One generator is used by one thread at a time.
#pragma once
#include <stddef.h>
#include "torus_core.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The state of a generator. The caches hold the second sample of a scalar Box-Muller pair.
typedef struct torus_rng {
  uint64_t seed;
  uint32_t left;  // draws until the next refill
  uint32_t next;  // index of the next word
  double next_double_normal;
  float next_float_normal;
  uint8_t has_double_normal;
  uint8_t has_float_normal;
  uint32_t state[624];
} torus_rng;

enum { TORUS_RNG_BYTES = 5056 };

/// Starts the sequence of `seed` (its low 32 bits choose it, as in PyTorch; all 64 are kept).
void torus_rng_seed(torus_rng *rng, uint64_t seed);

/// The next 32 bits, and the next 64 (the first draw is the high half).
uint32_t torus_rng_next32(torus_rng *rng);
uint64_t torus_rng_next64(torus_rng *rng);

/// Writes and reads the 5056 bytes of `torch.get_rng_state()`. Reading gives false where
/// the bytes are not a state.
void torus_rng_save(const torus_rng *rng, uint8_t bytes[5056]);
bool torus_rng_load(torus_rng *rng, const uint8_t *bytes, size_t count);

// Fills of n contiguous elements. Float kinds: F32, F64, BF16, F16. TORUS_UNSUPPORTED where
// the dtype is not one they take.

/// Uniform on [from, to): 24 random bits for F32, 53 for F64, 8 and 11 for BF16 and F16.
torus_status torus_random_uniform(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double from,
                             double to);

/// Normal by Box-Muller: in blocks of 16 from n = 16 on, one by one with a cached second sample
/// below.
torus_status torus_random_normal(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double mean,
                            double std);

/// Moves on as a uniform or a normal fill of n elements does, without drawing. Fewer than 16 normal numbers depend
/// on what was drawn before: TORUS_UNSUPPORTED.
torus_status torus_random_skip_uniform(torus_rng *rng, torus_dtype dtype, int64_t n);
torus_status torus_random_skip_normal(torus_rng *rng, torus_dtype dtype, int64_t n);

/// Normal with a mean and a standard deviation for each element (each may be NULL: 0 and 1).
torus_status torus_random_normal_each(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                 const void *mean, const void *std);

/// Integers on [low, high), any dtype; 64-bit draws where the range is 2³² or more.
torus_status torus_random_integers(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, int64_t low,
                              int64_t high);

/// `tensor.random_()`: over the whole non-negative range of the dtype.
torus_status torus_random_full(torus_rng *rng, torus_dtype dtype, void *out, int64_t n);

/// A permutation of 0 ..< n, as `torch.randperm`: I64 (its default) or another integer or float
/// dtype.
torus_status torus_random_permutation(torus_rng *rng, torus_dtype dtype, void *out, int64_t n);

/// 1 with probability p, else 0, in any dtype. `tensor.bernoulli_(p)`, `dropout`.
torus_status torus_random_bernoulli(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double p);

/// 1 with probability p[i]: `torch.bernoulli(p)` with p and the result in `dtype`.
torus_status torus_random_bernoulli_each(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                    const void *p);

/// Dropout in one pass, with PyTorch's mask: y = x · mask / (1 - p); mask[i] is 1 or 0, or NULL.
torus_status torus_random_dropout(torus_rng *rng, torus_dtype dtype, const void *x, void *y, uint8_t *mask,
                             int64_t n, double p);

/// What dropout has made of x, or makes of a gradient, by the mask it has drawn: y = x · mask / (1 - p).
torus_status torus_mask_dropped(torus_dtype dtype, const void *x, const uint8_t *mask, void *y,
                                int64_t n, double p);

/// Exponential with rate `lambda`; the number of failures before the first success plus one
/// (geometric); Cauchy; log-normal.
torus_status torus_random_exponential(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                                 double lambda);
torus_status torus_random_geometric(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double p);
torus_status torus_random_cauchy(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double median,
                            double sigma);
torus_status torus_random_log_normal(torus_rng *rng, torus_dtype dtype, void *out, int64_t n, double mean,
                                double std);

/// Poisson with a rate for each element: `torch.poisson`.
torus_status torus_random_poisson(torus_rng *rng, torus_dtype dtype, void *out, int64_t n,
                             const void *rates);

/// `samples` category indices for each row of non-negative weights, as `torch.multinomial`.
/// Returns 0; -1 where the dtype is not a float; -2 where a weight is negative or not finite;
/// -3 where a row sums to zero.
int32_t torus_random_multinomial(torus_rng *rng, torus_dtype dtype, const void *weights, int64_t rows,
                                 int64_t categories, int64_t samples, bool replacement,
                                 int64_t *out);

#ifdef __cplusplus
}
#endif
