// Sorting keys: unsigned numbers whose order is that of the elements, NaN last. Equal elements
// (also -0 and 0, and all NaNs) have equal keys. A key travels with its place.
#pragma once
#include "../include/torus_index.h"

/// A key of up to 32 bits above a place of 32 bits.
typedef uint64_t packed_key;

typedef struct wide_key {
  uint64_t key;
  int64_t place;
} wide_key;

/// Whether the type's keys fit packed_key, for lines of `n` elements.
static inline bool keys_pack(torus_dtype dtype, int64_t n) {
  return torus_element_size(dtype) <= 4 && n <= UINT32_MAX;
}

/// The number of bits that keys of the type use.
static inline int32_t key_bits(torus_dtype dtype) {
  return (int32_t)torus_element_size(dtype) * 8;
}

/// Keys of n elements `step` bytes apart; `inverted` reverses the order.
void make_packed_keys(
  torus_dtype dtype, int64_t n, const char *a, int64_t step, bool inverted, packed_key *keys);
void make_wide_keys(
  torus_dtype dtype, int64_t n, const char *a, int64_t step, bool inverted, wide_key *keys);

/// Sorts stably. `scratch` has room for n.
void stable_sort_packed(packed_key *keys, packed_key *scratch, int64_t n, int32_t bits);
void stable_sort_wide(wide_key *keys, wide_key *scratch, int64_t n, int32_t bits);

/// Sorts, equal keys in the order that PyTorch's unstable sort leaves them in.
void unstable_sort_packed(packed_key *keys, int64_t n);
void unstable_sort_wide(wide_key *keys, int64_t n);

/// Brings the k smallest to the front (1 ≤ k ≤ n), with `sorted` in order; which of equal keys, and
/// in what order, is as in PyTorch's topk.
void top_packed(packed_key *keys, int64_t n, int64_t k, bool sorted);
void top_wide(wide_key *keys, int64_t n, int64_t k, bool sorted);

/// Brings the k-th smallest to k - 1 (1 ≤ k ≤ n); which of equal keys is as in PyTorch's kthvalue.
void kth_packed(packed_key *keys, int64_t n, int64_t k);
void kth_wide(wide_key *keys, int64_t n, int64_t k);
