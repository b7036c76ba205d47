/// Elementwise reduction of buffers, vectorised for the CPU that runs it.
///
/// f16 and bf16 are computed in f32 and rounded to nearest even. Minimum and maximum propagate NaN.
/// On bool, sum and maximum are "or", product and minimum "and".
#pragma once

#include "torus_collective.h"

/// Whether `reduction` is defined for `dtype`: averages need floating point, bit operations integers.
int torus_combine_supported(int32_t reduction, int32_t dtype);

/// out[i] = left[i] ∘ right[i]; `out` may be `left` or `right`.
void torus_combine_pair(
  int32_t reduction, int32_t dtype, void *out, const void *left, const void *right, size_t count);

/// out[k][i] = (…((in[0][i] ∘ in[1][i]) ∘ in[2][i]) …) [÷ divisor] for every k.
///
/// The order is that of `in`; half precision accumulates in f32 and is rounded once. Every `out[k]`
/// may be one of the `in`. `divisor` is 1 except for averages.
void torus_combine_many(
  int32_t reduction, int32_t dtype, void *const *out, size_t outs, const void *const *in,
  size_t ins, size_t count, uint64_t divisor);

/// buffer[i] = buffer[i] ÷ divisor, for floating-point types.
void torus_combine_divide(int32_t dtype, void *buffer, size_t count, uint64_t divisor);

/// A 64-bit checksum of the bytes.
uint64_t torus_checksum(const void *buffer, size_t bytes);

/// The instruction set in use: "avx512", "avx2" or "baseline".
const char *torus_combine_level(void);
