/// Element types, reductions, kinds of collective and the results of C calls.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
  TORUS_TYPE_F64,
  TORUS_TYPE_F32,
  TORUS_TYPE_F16,
  TORUS_TYPE_BF16,
  TORUS_TYPE_I64,
  TORUS_TYPE_I32,
  TORUS_TYPE_U8,
  TORUS_TYPE_BOOL,
  TORUS_TYPE_I8,
  TORUS_TYPE_I16,
  TORUS_DTYPES
};

enum {
  TORUS_SUM,
  TORUS_AVERAGE,
  TORUS_PRODUCT,
  TORUS_MIN,
  TORUS_MAX,
  TORUS_BIT_AND,
  TORUS_BIT_OR,
  TORUS_BIT_XOR,
  TORUS_REDUCTIONS
};

enum {
  TORUS_ALL_REDUCE,
  TORUS_BROADCAST,
  TORUS_REDUCE,
  TORUS_ALL_GATHER,
  TORUS_REDUCE_SCATTER,
  TORUS_GATHER,
  TORUS_SCATTER,
  TORUS_ALL_TO_ALL,
  TORUS_BARRIER,
  TORUS_KINDS
};

/// How to all-reduce. Every rank of a group must ask for the same algorithm.
enum {
  TORUS_RING,
  TORUS_RECURSIVE_DOUBLING,
  TORUS_HALVING_DOUBLING,
  TORUS_SHARED_MEMORY,
  TORUS_HIERARCHICAL,
  TORUS_MPI,
  TORUS_ALGORITHMS
};

/// What a call returns: 0 while it is pending, 1 when done, negative when it failed.
enum {
  TORUS_PENDING = 0,
  TORUS_DONE = 1,
  /// The ranks of the group did not call the same operation.
  TORUS_MISMATCH = -1,
  /// A message was longer or shorter than expected.
  TORUS_WRONG_SIZE = -2,
  /// MPI reported an error.
  TORUS_TRANSPORT_ERROR = -3,
  /// The algorithm, reduction or type is not available here.
  TORUS_NOT_SUPPORTED = -4,
  TORUS_NO_MEMORY = -5
};

/// Bytes of a label that travel with an operation; longer labels are cut, their hash is not.
#define TORUS_LABEL_BYTES 68

/// What all ranks of a group must agree on for one operation: 128 bytes.
typedef struct torus_fingerprint {
  uint64_t sequence;
  /// Elements; of all ranks together where their counts differ.
  uint64_t count;
  /// Hash of how the elements are shared out or joined; see torus_layout.
  uint64_t layout;
  /// Hash of the whole label.
  uint64_t name;
  int32_t kind;
  int32_t dtype;
  int32_t reduction;
  int32_t root;
  int32_t algorithm;
  /// Who sent it, and in which training step (0 where there is none); not part of the agreement.
  int32_t rank, step;
  char label[TORUS_LABEL_BYTES];
} torus_fingerprint;

/// One collective operation as a rank asks for it. Buffers and count arrays are borrowed until the
/// operation is done.
///
/// | kind | input | output |
/// |---|---|---|
/// | all-reduce, reduce | count | count (reduce: root only) |
/// | broadcast | count at the root | count; may be the same memory |
/// | all-gather | counts[rank] | Σ counts |
/// | reduce-scatter | Σ counts | counts[rank] |
/// | gather | counts[rank] | Σ counts at the root |
/// | scatter | Σ counts at the root | counts[rank] |
/// | all-to-all | Σ send_counts | Σ counts (what each rank sends here) |
typedef struct torus_collective {
  int32_t kind;
  int32_t dtype;
  int32_t reduction;
  int32_t root;
  int32_t algorithm;
  /// Elements; per rank for the gathering and scattering kinds when `counts` is null.
  uint64_t count;
  const void *input;
  void *output;
  /// Elements per rank in rank order, or null where all are `count`.
  const uint64_t *counts;
  /// All-to-all: elements that this rank sends to each rank, or null where all are `count`.
  const uint64_t *send_counts;
  uint64_t sequence;
  /// Hash of the lengths of the buffers that were joined to this one, else 0.
  uint64_t joined;
  /// Its number in the flight recorder's list of what has not begun; 0 where it begins at once.
  uint64_t scheduled;
  /// Bytes of one pipelined segment; 0 chooses.
  uint64_t segment_bytes;
  /// Hash of the whole label and its first bytes, zero padded.
  uint64_t name;
  char label[TORUS_LABEL_BYTES];
} torus_collective;

/// Hash of how the elements are shared out (the ranks' counts, where they may differ) or joined; 0
/// where all parts are alike. What each rank sends in an all-to-all is its own affair; every other
/// count is everybody's.
static inline uint64_t torus_layout(const torus_collective *call, int size) {
  if (!call->counts) return call->joined;
  uint64_t hash = call->joined + 1;
  if (call->kind == TORUS_ALL_TO_ALL) return hash;
  for (int r = 0; r < size; r++) hash = (hash ^ call->counts[r]) * 0x100000001b3u + 0x9e3779b9u;
  return hash;
}

/// The bytes of one element.
static inline size_t torus_element_size(int32_t dtype) {
  static const uint8_t sizes[TORUS_DTYPES] = {8, 4, 2, 2, 8, 4, 1, 1, 1, 2};
  return sizes[dtype];
}
