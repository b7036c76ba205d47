// The thread pool. One job at a time, in pieces that are claimed one by one. Piece p belongs to thread
// p modulo their number, so that the same part of the same data stays in the same core's cache from job
// to job; who is done with the own pieces takes others', so that a worker which lost its core delays
// nobody: the caller goes on once all pieces are done, whoever did them.
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "../include/torus_core.h"
#include "spin.h"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum {
  MAX_THREADS = 1024,
  // Pieces per thread, so that a slower one holds the others up by a part of its share only.
  PIECES_PER_THREAD = 4,
  SPIN_NANOSECONDS = 40000,
  CALLER_SPINS = 4000,
};

typedef struct job {
  torus_body body;
  void *context;
  int64_t n;
  int64_t piece;
} job;

// A bit for every piece that nobody has claimed.
static _Alignas(64) _Atomic uint64_t unclaimed[MAX_THREADS * PIECES_PER_THREAD / 64];
static _Alignas(64) _Atomic uint32_t finished;
static _Alignas(64) _Atomic uint32_t wake_word;
static _Atomic bool asleep[MAX_THREADS];
static _Atomic bool stopping;
static job current;

static _Atomic bool busy;
static _Atomic int32_t wanted_threads = 1;
static int32_t running_workers;
static pthread_t workers[MAX_THREADS];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local bool inside;

// MARK: Sleeping

#if defined(__linux__)
static void sleep_while(_Atomic uint32_t *word, uint32_t value, uint32_t self) {
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, NULL, NULL, self);
}

static void wake(_Atomic uint32_t *word, uint32_t who) {
  syscall(SYS_futex, word, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, who);
}
#else
static pthread_mutex_t sleep_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleep_condition = PTHREAD_COND_INITIALIZER;

static void sleep_while(_Atomic uint32_t *word, uint32_t value, uint32_t self) {
  (void)self;
  pthread_mutex_lock(&sleep_mutex);
  while (atomic_load(word) == value) pthread_cond_wait(&sleep_condition, &sleep_mutex);
  pthread_mutex_unlock(&sleep_mutex);
}

static void wake(_Atomic uint32_t *word, uint32_t who) {
  (void)word;
  (void)who;
  pthread_mutex_lock(&sleep_mutex);
  pthread_cond_broadcast(&sleep_condition);
  pthread_mutex_unlock(&sleep_mutex);
}
#endif

static int64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// MARK: Working

static bool claim(int32_t piece) {
  uint64_t bit = (uint64_t)1 << piece % 64;
  _Atomic uint64_t *word = &unclaimed[piece / 64];
  if (!(atomic_load_explicit(word, memory_order_relaxed) & bit)) return false;
  return atomic_fetch_and_explicit(word, ~bit, memory_order_acq_rel) & bit;
}

/// Having claimed a piece, the job cannot end before it is reported finished.
static void run_piece(int32_t piece) {
  int64_t begin = (int64_t)piece * current.piece, end = begin + current.piece;
  if (end > current.n) end = current.n;
  current.body(begin, end, current.context);
  atomic_fetch_add_explicit(&finished, 1, memory_order_release);
}

/// Runs the pieces of thread `self`, and then what others have not begun. A worker without pieces
/// leaves: what it took would only move to another cache.
static void run_pieces(int32_t self) {
  int32_t threads = torus_threads();
  bool took = self == 0;
  for (int32_t piece = self; piece < threads * PIECES_PER_THREAD; piece += threads) {
    if (!claim(piece)) continue;
    took = true;
    run_piece(piece);
  }
  if (!took) return;
  int32_t words = (threads * PIECES_PER_THREAD + 63) / 64;
  for (int32_t w = 0; w < words; w++) {
    for (;;) {
      uint64_t left = atomic_load_explicit(&unclaimed[w], memory_order_relaxed);
      if (!left) break;
      // The last first: their owners come to them last.
      int32_t piece = w * 64 + 63 - __builtin_clzll(left);
      if (claim(piece)) run_piece(piece);
    }
  }
}

/// By what a worker is woken; those 32 apart wake together.
static uint32_t wake_bit(int32_t self) { return (uint32_t)1 << self % 32; }

static void *work(void *number) {
  int32_t self = (int32_t)(intptr_t)number;
  inside = true;
  uint32_t seen = atomic_load(&wake_word);
  // A worker that starts late may find the wake-up to stop already behind it.
  if (atomic_load(&stopping)) return NULL;
  run_pieces(self);
  for (;;) {
    int64_t deadline = 0;
    for (int32_t turn = 1; atomic_load_explicit(&wake_word, memory_order_acquire) == seen; turn++) {
      torus_pause();
      if (turn % 64) continue;
      int64_t now = nanoseconds();
      if (deadline == 0) deadline = now + SPIN_NANOSECONDS;
      if (now < deadline) continue;
      atomic_store(&asleep[self], true);
      sleep_while(&wake_word, seen, wake_bit(self));
      atomic_store(&asleep[self], false);
      deadline = 0;
    }
    seen = atomic_load_explicit(&wake_word, memory_order_acquire);
    if (atomic_load(&stopping)) return NULL;
    run_pieces(self);
  }
}

// MARK: Starting and stopping

static void forget_workers_after_fork(void) {
  running_workers = 0;
  for (int32_t i = 0; i < MAX_THREADS; i++) atomic_store(&asleep[i], false);
  atomic_store(&busy, false);
  for (size_t w = 0; w < sizeof unclaimed / sizeof *unclaimed; w++) atomic_store(&unclaimed[w], 0);
  inside = false;
}

static void start_once(void) { pthread_atfork(NULL, NULL, forget_workers_after_fork); }

/// Called with `busy` held.
static void start_workers(int32_t count) {
  pthread_once(&once, start_once);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 4 << 20);
  while (running_workers < count) {
    void *number = (void *)(intptr_t)(running_workers + 1);
    if (pthread_create(&workers[running_workers], &attributes, work, number) != 0) break;
    running_workers++;
  }
  pthread_attr_destroy(&attributes);
}

static void stop_workers(void) {
  if (running_workers == 0) return;
  atomic_store(&stopping, true);
  atomic_fetch_add(&wake_word, 1);
  wake(&wake_word, UINT32_MAX);
  for (int32_t i = 0; i < running_workers; i++) pthread_join(workers[i], NULL);
  running_workers = 0;
  atomic_store(&stopping, false);
}

void torus_set_threads(int32_t count) {
  if (count < 1) count = 1;
  if (count > MAX_THREADS) count = MAX_THREADS;
  while (atomic_exchange(&busy, true)) sched_yield();
  if (count - 1 < running_workers) stop_workers();
  atomic_store(&wanted_threads, count);
  atomic_store(&busy, false);
}

int32_t torus_threads(void) { return atomic_load_explicit(&wanted_threads, memory_order_relaxed); }

bool torus_in_parallel(void) { return inside; }

void torus_parallel_for(int64_t n, int64_t grain, torus_body body, void *context) {
  if (n <= 0) return;
  if (grain < 1) grain = 1;
  int32_t threads = torus_threads();
  if (threads == 1 || n <= grain || inside || atomic_exchange(&busy, true)) {
    body(0, n, context);
    return;
  }
  // The number stays as it is while `busy` is held; it may have changed before.
  threads = torus_threads();
  if (running_workers < threads - 1) start_workers(threads - 1);
  int64_t pieces = (n + grain - 1) / grain, most = (int64_t)threads * PIECES_PER_THREAD;
  if (pieces > most) pieces = most;
  int64_t piece = (n + pieces - 1) / pieces;
  pieces = (n + piece - 1) / piece;

  current = (job){body, context, n, piece};
  atomic_store_explicit(&finished, 0, memory_order_relaxed);
  for (int64_t w = 0; w * 64 < pieces; w++) {
    int64_t left = pieces - w * 64;
    atomic_store_explicit(
      &unclaimed[w], left < 64 ? ((uint64_t)1 << left) - 1 : UINT64_MAX, memory_order_release);
  }
  atomic_fetch_add(&wake_word, 1);
  // The caller is thread 0.
  uint32_t called = 0;
  for (int32_t w = 1; w < threads && w < pieces; w++) {
    if (atomic_load_explicit(&asleep[w], memory_order_seq_cst)) called |= wake_bit(w);
  }
  if (called) wake(&wake_word, called);

  inside = true;
  run_pieces(0);
  inside = false;
  for (int32_t turn = 0;
       atomic_load_explicit(&finished, memory_order_acquire) != (uint32_t)pieces; turn++) {
    if (turn < CALLER_SPINS) {
      torus_pause();
    } else {
      sched_yield();
    }
  }
  atomic_store_explicit(&busy, false, memory_order_release);
}
