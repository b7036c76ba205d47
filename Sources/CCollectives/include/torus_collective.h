/// Kinds of collectives, their algorithms, and one collective as a rank asks for it.
#pragma once

#include "torus_dtype.h"
#include "torus_results.h"

/// The kinds: one row each, its number, its plan (`torus_plan_…`) and its name.
#define TORUS_KIND_ROWS(ROW) \
  ROW(TORUS_ALL_REDUCE, all_reduce, "all-reduce") \
  ROW(TORUS_BROADCAST, broadcast, "broadcast") \
  ROW(TORUS_REDUCE, reduce, "reduce") \
  ROW(TORUS_ALL_GATHER, all_gather, "all-gather") \
  ROW(TORUS_REDUCE_SCATTER, reduce_scatter, "reduce-scatter") \
  ROW(TORUS_GATHER, gather, "gather") \
  ROW(TORUS_SCATTER, scatter, "scatter") \
  ROW(TORUS_ALL_TO_ALL, all_to_all, "all-to-all") \
  ROW(TORUS_BARRIER, barrier, "barrier")

/// How to all-reduce: one row an algorithm, its number, the `torus_algorithm` in its file
/// (`torus_…`) and its name. Every rank of a group must ask for the same one.
#define TORUS_ALGORITHM_ROWS(ROW) \
  ROW(TORUS_RING, ring, "ring") \
  ROW(TORUS_RECURSIVE_DOUBLING, recursive_doubling, "recursive_doubling") \
  ROW(TORUS_HALVING_DOUBLING, halving_doubling, "halving_doubling") \
  ROW(TORUS_SHARED_MEMORY, shared_memory, "shared_memory") \
  ROW(TORUS_HIERARCHICAL, hierarchical, "hierarchical") \
  ROW(TORUS_MPI, mpi, "mpi")

#define TORUS_ROW_NUMBER(number, symbol, name) number,
enum { TORUS_KIND_ROWS(TORUS_ROW_NUMBER) TORUS_KINDS };
enum { TORUS_ALGORITHM_ROWS(TORUS_ROW_NUMBER) TORUS_ALGORITHMS };

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
