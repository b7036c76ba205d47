// The caching allocator. Small blocks (below 2 MiB) come from malloc and are kept in a cache of
// the thread, which trades half-full batches with a shared one; large ones lie in memory of their own
// (large_blocks.c), of which what is free is kept up to a bound.
#include "../include/torus_core.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "large_blocks.h"
#include "size_classes.h"
#include "spin.h"

enum {
  ALIGNMENT = 64,
  THREAD_CACHE_BYTES = 1 << 20,
  THREAD_CACHE_COUNT = 64,
  PENDING_BYTES = 1 << 16,
};

typedef struct block {
  struct block *next;
} block;

typedef struct list {
  block *first;
  int64_t count;
} list;

typedef struct thread_cache {
  list classes[SMALL_CLASSES];
  /// The most blocks kept per class; 0 until the thread is registered.
  int32_t limits[SMALL_CLASSES];
  /// Change of the bytes in use and cached that the shared counters do not know yet.
  int64_t pending;
  bool registered;
} thread_cache;

static _Thread_local thread_cache cache;

static torus_spin_lock lock;
static list small_lists[SMALL_CLASSES];
static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static _Atomic int64_t in_use, peak, owned, system_allocations;

// MARK: Books

static void count_use(int64_t change) {
  int64_t now = atomic_fetch_add_explicit(&in_use, change, memory_order_relaxed) + change;
  int64_t seen = atomic_load_explicit(&peak, memory_order_relaxed);
  while (now > seen && !atomic_compare_exchange_weak_explicit(
                         &peak, &seen, now, memory_order_relaxed, memory_order_relaxed)) {
  }
}

static inline void count_small_use(int64_t change) {
  cache.pending += change;
  if (cache.pending > PENDING_BYTES || cache.pending < -PENDING_BYTES) {
    count_use(cache.pending);
    cache.pending = 0;
  }
}

static void out_of_memory(size_t bytes) {
  fprintf(
    stderr, "torus: out of memory: %zu bytes wanted, %lld in use, %lld cached\n", bytes,
    (long long)atomic_load(&in_use), (long long)(atomic_load(&owned) - atomic_load(&in_use)));
  abort();
}

// MARK: The shared cache

static void give_to_shared(int32_t index, int64_t count) {
  list *from = &cache.classes[index];
  if (count <= 0 || !from->first) return;
  block *first = from->first, *last = first;
  int64_t moved = 1;
  while (moved < count && last->next) {
    last = last->next;
    moved++;
  }
  from->first = last->next;
  from->count -= moved;
  torus_spin_acquire(&lock);
  last->next = small_lists[index].first;
  small_lists[index].first = first;
  small_lists[index].count += moved;
  torus_spin_release(&lock);
}

static void flush_thread(void *unused) {
  (void)unused;
  for (int32_t i = 0; i < SMALL_CLASSES; i++) give_to_shared(i, INT64_MAX);
  count_use(cache.pending);
  cache.pending = 0;
  // A later use on this thread (from another key's destructor) registers anew.
  cache.registered = false;
  memset(cache.limits, 0, sizeof cache.limits);
}

static void before_fork(void) { torus_spin_acquire(&lock); }
static void after_fork(void) { torus_spin_release(&lock); }

static void start(void) {
  pthread_key_create(&thread_key, flush_thread);
  pthread_atfork(before_fork, after_fork, after_fork);
}

// MARK: Small blocks

static void register_thread(void) {
  pthread_once(&once, start);
  pthread_setspecific(thread_key, &cache);
  cache.registered = true;
  for (int32_t i = 0; i < SMALL_CLASSES; i++) {
    size_t fit = THREAD_CACHE_BYTES / small_class_size(i);
    cache.limits[i] = fit < 2 ? 2 : fit > THREAD_CACHE_COUNT ? THREAD_CACHE_COUNT : (int32_t)fit;
  }
}

/// Registers the thread at its first block; later halves a class that has grown too long.
static __attribute__((noinline)) void shorten(int32_t index) {
  if (!cache.registered) register_thread();
  int64_t count = cache.classes[index].count;
  if (count > cache.limits[index]) give_to_shared(index, (count + 1) / 2);
}

/// Fetches a batch from the shared cache, or one block from the system.
static __attribute__((noinline)) void *refill_small(int32_t index) {
  if (!cache.registered) register_thread();
  list *mine = &cache.classes[index], *shared = &small_lists[index];
  int64_t wanted = cache.limits[index] / 2;
  torus_spin_acquire(&lock);
  for (int64_t i = 0; i < wanted && shared->first; i++) {
    block *b = shared->first;
    shared->first = b->next;
    shared->count--;
    b->next = mine->first;
    mine->first = b;
    mine->count++;
  }
  torus_spin_release(&lock);
  size_t size = small_class_size(index);
  block *b = mine->first;
  if (b) {
    count_small_use((int64_t)size);
    mine->first = b->next;
    mine->count--;
    return b;
  }
  void *fresh = NULL;
  if (posix_memalign(&fresh, ALIGNMENT, size) != 0) {
    torus_alloc_trim();
    if (posix_memalign(&fresh, ALIGNMENT, size) != 0) return NULL;
  }
  count_small_use((int64_t)size);
  atomic_fetch_add_explicit(&owned, (int64_t)size, memory_order_relaxed);
  atomic_fetch_add_explicit(&system_allocations, 1, memory_order_relaxed);
  return fresh;
}

static inline void *alloc_small(size_t bytes) {
  int32_t index = small_class(bytes);
  list *mine = &cache.classes[index];
  block *b = mine->first;
  if (__builtin_expect(b == NULL, 0)) return refill_small(index);
  mine->first = b->next;
  mine->count--;
  count_small_use((int64_t)small_class_size(index));
  return b;
}

static inline void free_small(block *b, size_t bytes) {
  int32_t index = small_class(bytes);
  list *mine = &cache.classes[index];
  b->next = mine->first;
  mine->first = b;
  mine->count++;
  count_small_use(-(int64_t)small_class_size(index));
  if (__builtin_expect(mine->count > cache.limits[index], 0)) shorten(index);
}

// MARK: Large blocks

static void *alloc_large(size_t bytes, bool *fresh) {
  size_t size = torus_large_size(bytes), added = 0;
  void *b = torus_large_take(bytes, &added);
  if (!b) {
    torus_alloc_trim();
    b = torus_large_take(bytes, &added);
    if (!b) return NULL;
  }
  count_use((int64_t)size);
  if (added > 0) {
    atomic_fetch_add_explicit(&owned, (int64_t)added, memory_order_relaxed);
    atomic_fetch_add_explicit(&system_allocations, 1, memory_order_relaxed);
  }
  *fresh = added == size;
  return b;
}

static void free_large(void *b, size_t bytes) {
  count_use(-(int64_t)torus_large_size(bytes));
  size_t given = torus_large_give(b, bytes);
  if (given > 0) atomic_fetch_sub_explicit(&owned, (int64_t)given, memory_order_relaxed);
}

// MARK: The interface

// AddressSanitizer sees neither what lies behind a block within its class nor a block that is used
// after it went to the cache: under it every block is the system's own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void *alloc_plain(size_t bytes) {
  void *fresh = NULL;
  return posix_memalign(&fresh, ALIGNMENT, bytes ? bytes : 1) == 0 ? fresh : NULL;
}

void *torus_alloc_or_null(size_t bytes) {
  if (SANITIZED) return alloc_plain(bytes);
  if (bytes < large_size) return alloc_small(bytes);
  bool fresh;
  return alloc_large(bytes, &fresh);
}

void *torus_alloc(size_t bytes) {
  void *b = torus_alloc_or_null(bytes);
  if (__builtin_expect(b == NULL, 0)) out_of_memory(bytes);
  return b;
}

void *torus_alloc_zeroed(size_t bytes) {
  if (SANITIZED || bytes < large_size) {
    void *b = torus_alloc(bytes);
    memset(b, 0, bytes);
    return b;
  }
  bool fresh;
  void *b = alloc_large(bytes, &fresh);
  if (!b) out_of_memory(bytes);
  // Fresh pages are zero already.
  if (!fresh) memset(b, 0, bytes);
  return b;
}

void torus_free(void *pointer, size_t bytes) {
  if (!pointer) return;
  if (SANITIZED) {
    free(pointer);
  } else if (bytes < large_size) {
    free_small(pointer, bytes);
  } else {
    free_large(pointer, bytes);
  }
}

void torus_alloc_trim(void) {
  for (int32_t i = 0; i < SMALL_CLASSES; i++) give_to_shared(i, INT64_MAX);
  block *small[SMALL_CLASSES];
  torus_spin_acquire(&lock);
  for (int32_t i = 0; i < SMALL_CLASSES; i++) {
    small[i] = small_lists[i].first;
    small_lists[i] = (list){0};
  }
  torus_spin_release(&lock);
  int64_t released = (int64_t)torus_large_trim();
  for (int32_t i = 0; i < SMALL_CLASSES; i++) {
    for (block *b = small[i], *next; b; b = next) {
      next = b->next;
      free(b);
      released += (int64_t)small_class_size(i);
    }
  }
  atomic_fetch_sub_explicit(&owned, released, memory_order_relaxed);
}

void torus_alloc_set_cache_limit(size_t bytes) { torus_large_set_limit(bytes); }

torus_alloc_stats torus_alloc_statistics(void) {
  count_use(cache.pending);
  cache.pending = 0;
  torus_alloc_stats stats;
  stats.in_use = atomic_load(&in_use);
  stats.cached = atomic_load(&owned) - stats.in_use;
  stats.peak = atomic_load(&peak);
  stats.system_allocations = atomic_load(&system_allocations);
  return stats;
}

void torus_alloc_reset_peak(void) {
  count_use(cache.pending);
  cache.pending = 0;
  atomic_store(&peak, atomic_load(&in_use));
}
