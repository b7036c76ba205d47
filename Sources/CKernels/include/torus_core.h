/// Memory, threads and CPU levels: what every kernel stands on.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "torus_dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

/// An enumeration of kernels, and the name that one of them has in Swift, where it is an enum's case.
#define TORUS_KERNELS __attribute__((enum_extensibility(open)))
#define TORUS_CASE(name) __attribute__((swift_name(#name)))

/// The most dimensions a tensor may have.
enum { TORUS_MAX_RANK = 32 };

/// What kernels answer. Anything but TORUS_OK leaves the output unspecified.
typedef enum torus_status : int32_t {
  TORUS_OK = 0,
  /// Integer division or remainder by zero (PyTorch: "ZeroDivisionError").
  TORUS_DIVISION_BY_ZERO = 1,
  /// The operation is not defined for this element type.
  TORUS_UNSUPPORTED = 2,
  /// An index lies outside its dimension; the offending index is written to `*bad`.
  TORUS_INDEX_OUT_OF_RANGE = 3,
  /// More than TORUS_MAX_RANK dimensions.
  TORUS_RANK_TOO_HIGH = 4,
} torus_status;

// MARK: Memory

/// A block of at least `bytes` bytes, 64-byte aligned, from the caching allocator; blocks of
/// 2 MiB and more lie in memory that is asked to be backed by huge pages. Contents are
/// unspecified. Thread-safe. Never null: the process stops with a message when memory is out.
/// `torus_alloc(0)` gives a valid block.
void *torus_alloc(size_t bytes);

/// The same, but null where there is not so much memory.
void *torus_alloc_or_null(size_t bytes);

/// Gives a block back; `bytes` is what `torus_alloc` was asked for. Null is ignored. Any thread
/// may free any block.
void torus_free(void *block, size_t bytes);

/// Like `torus_alloc`, with every byte zero.
void *torus_alloc_zeroed(size_t bytes);

/// Returns every cached free block of the shared cache and of the calling thread to the system.
void torus_alloc_trim(void);

/// Bounds the bytes of free large blocks that are kept for reuse (default: a quarter of the memory). Blocks past
/// the bound go back to the system at once.
void torus_alloc_set_cache_limit(size_t bytes);

typedef struct torus_alloc_stats {
  /// Bytes that are handed out, rounded to size classes, or to 64 KiB from 2 MiB on.
  int64_t in_use;
  /// Bytes of free blocks kept for reuse.
  int64_t cached;
  /// The most bytes that were ever handed out at once (see `torus_alloc_reset_peak`). Blocks
  /// served from a thread's own cache are counted when that cache trades with the shared one.
  int64_t peak;
  /// Blocks for which the system had to give memory.
  int64_t system_allocations;
} torus_alloc_stats;

torus_alloc_stats torus_alloc_statistics(void);
void torus_alloc_reset_peak(void);

// MARK: Threads

/// The number of threads that kernels may use, the caller included (default 1). Call it while
/// no kernel runs.
void torus_set_threads(int32_t count);
int32_t torus_threads(void);

typedef void (*torus_body)(int64_t begin, int64_t end, void *context);

/// Calls `body(begin, end, context)` over pieces that cover 0 ..< n, on at most
/// `torus_threads()` threads; returns when all are done. Pieces hold at least `grain` elements
/// (the last may hold fewer); n ≤ grain runs on the caller alone. A call from inside a body, or
/// from a second thread while the pool is busy, runs serially. Piece boundaries depend on the
/// number of threads, so a body must not let its result depend on them.
void torus_parallel_for(int64_t n, int64_t grain, torus_body body, void *context);

/// Whether the calling thread is inside a `torus_parallel_for` body.
bool torus_in_parallel(void);

// MARK: CPU level

/// The instruction set in use: 0 the compiler's default, 1 x86-64-v3 (AVX2, FMA), 2 x86-64-v4
/// (AVX-512). The highest that the CPU has, unless lowered.
int32_t torus_cpu_level(void);

/// Lowers the level (tests compare all of them); a level that the CPU does not have gives the
/// highest it has. Call it while no kernel runs.
void torus_set_cpu_level(int32_t level);

#ifdef __cplusplus
}
#endif
