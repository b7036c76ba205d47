// The thread pool. One job at a time; its pieces are claimed one by one through a single atomic
// word that names the job, so that a worker which lost its core delays nobody: the caller goes on
// once the claimed pieces are done, whoever did them.
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

// Epoch (32 bits), number of pieces (16), next piece (16).
static _Alignas(64) _Atomic uint64_t ticket;
static _Alignas(64) _Atomic uint32_t finished;
static _Alignas(64) _Atomic uint32_t wake_word;
static _Atomic int32_t sleepers;
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
static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int32_t count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}
#else
static pthread_mutex_t sleep_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t sleep_condition = PTHREAD_COND_INITIALIZER;

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  pthread_mutex_lock(&sleep_mutex);
  while (atomic_load(word) == value) pthread_cond_wait(&sleep_condition, &sleep_mutex);
  pthread_mutex_unlock(&sleep_mutex);
}

static void wake(_Atomic uint32_t *word, int32_t count) {
  (void)word;
  (void)count;
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

/// Claims and runs pieces until none of the job in `ticket` is left.
static void run_pieces(void) {
  uint64_t seen = atomic_load_explicit(&ticket, memory_order_acquire);
  for (;;) {
    uint64_t next = seen & 0xFFFF, pieces = (seen >> 16) & 0xFFFF;
    if (next >= pieces) return;
    if (!atomic_compare_exchange_weak_explicit(
          &ticket, &seen, seen + 1, memory_order_acq_rel, memory_order_acquire)) {
      continue;
    }
    // Having claimed a piece, the job cannot end before it is reported finished.
    int64_t begin = (int64_t)next * current.piece, end = begin + current.piece;
    if (end > current.n) end = current.n;
    current.body(begin, end, current.context);
    atomic_fetch_add_explicit(&finished, 1, memory_order_release);
    seen = atomic_load_explicit(&ticket, memory_order_acquire);
  }
}

static void *work(void *unused) {
  (void)unused;
  inside = true;
  uint32_t seen = atomic_load(&wake_word);
  // A worker that starts late may find the wake-up to stop already behind it.
  if (atomic_load(&stopping)) return NULL;
  run_pieces();
  for (;;) {
    int64_t deadline = 0;
    for (int32_t turn = 1; atomic_load_explicit(&wake_word, memory_order_acquire) == seen; turn++) {
      torus_pause();
      if (turn % 64) continue;
      int64_t now = nanoseconds();
      if (deadline == 0) deadline = now + SPIN_NANOSECONDS;
      if (now < deadline) continue;
      atomic_fetch_add(&sleepers, 1);
      sleep_while(&wake_word, seen);
      atomic_fetch_sub(&sleepers, 1);
      deadline = 0;
    }
    seen = atomic_load_explicit(&wake_word, memory_order_acquire);
    if (atomic_load(&stopping)) return NULL;
    run_pieces();
  }
}

// MARK: Starting and stopping

static void forget_workers_after_fork(void) {
  running_workers = 0;
  atomic_store(&sleepers, 0);
  atomic_store(&busy, false);
  atomic_store(&ticket, 0);
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
    if (pthread_create(&workers[running_workers], &attributes, work, NULL) != 0) break;
    running_workers++;
  }
  pthread_attr_destroy(&attributes);
}

static void stop_workers(void) {
  if (running_workers == 0) return;
  atomic_store(&stopping, true);
  atomic_store(&ticket, 0);
  atomic_fetch_add(&wake_word, 1);
  wake(&wake_word, INT_MAX);
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
  if (running_workers < threads - 1) start_workers(threads - 1);
  int64_t pieces = (n + grain - 1) / grain, most = (int64_t)threads * PIECES_PER_THREAD;
  if (pieces > most) pieces = most;
  int64_t piece = (n + pieces - 1) / pieces;
  pieces = (n + piece - 1) / piece;

  static uint32_t epoch;
  current = (job){body, context, n, piece};
  atomic_store_explicit(&finished, 0, memory_order_relaxed);
  atomic_store_explicit(
    &ticket, (uint64_t)++epoch << 32 | (uint64_t)pieces << 16, memory_order_release);
  atomic_fetch_add(&wake_word, 1);
  int32_t asleep = atomic_load(&sleepers);
  if (asleep > 0) wake(&wake_word, asleep < pieces - 1 ? asleep : (int32_t)pieces - 1);

  inside = true;
  run_pieces();
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
