// A thread that watches a call of MPI which nothing else ends: a rank that is stopped would keep all
// others in it for ever. Which rank that is, the processes of this node show.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peers.h"
#include "torus_deadline.h"
#include "torus_report.h"

/// Between two looks; a longer pause was this process's own.
#define SLICE_MS 100

static struct {
  pthread_mutex_t lock;
  pthread_cond_t ended;
  double limit;
  int depth;
  /// The outermost call, and how often one was begun.
  const char *call;
  unsigned long number;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

void torus_deadline_limit(double seconds) {
  pthread_mutex_lock(&watch.lock);
  watch.limit = seconds > 0 ? seconds : 0;
  pthread_mutex_unlock(&watch.lock);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static _Noreturn void give_up(const char *call, double seconds) {
  char ranks[512] = "";
  int missing[64];
  torus_peers peers;
  int count = torus_peers_missing(&peers, call, ranks, sizeof ranks, missing, 64);
  char text[1200];
  snprintf(
    text, sizeof text, "%s did not finish within %g s; %s%s; look at their output, or raise the timeout", call,
    seconds, count ? "not there: " : "", count ? ranks : "none of this host's ranks is seen to be missing");
  torus_report_early(peers.rank, text, missing, count);
  dprintf(STDERR_FILENO, "[rank %d] %s\n", peers.rank, text);
  // Neither MPI_Abort nor exit would return: mpirun ends the others.
  _exit(1);
}

static void *watch_call(void *argument) {
  unsigned long number = (unsigned long)(uintptr_t)argument;
#ifdef __linux__
  pthread_setname_np(pthread_self(), TORUS_PEERS_MARK);
#endif
  double passed = 0, last = now();
  pthread_mutex_lock(&watch.lock);
  while (watch.depth > 0 && watch.number == number && passed < watch.limit) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SLICE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
      until.tv_nsec -= 1000000000L;
      until.tv_sec++;
    }
    pthread_cond_timedwait(&watch.ended, &watch.lock, &until);
    double time = now(), step = time - last;
    last = time;
    passed += step < 1 ? step : 2e-3 * SLICE_MS;
  }
  if (watch.depth > 0 && watch.number == number) give_up(watch.call, watch.limit);
  pthread_mutex_unlock(&watch.lock);
  return NULL;
}

void torus_deadline_begin(const char *call) {
  pthread_mutex_lock(&watch.lock);
  if (watch.depth++ == 0) {
    watch.call = call;
    watch.number++;
    pthread_t thread;
    if (watch.limit > 0
        && pthread_create(&thread, NULL, watch_call, (void *)(uintptr_t)watch.number) == 0) {
      pthread_detach(thread);
    }
  }
  pthread_mutex_unlock(&watch.lock);
}

void torus_deadline_end(void) {
  pthread_mutex_lock(&watch.lock);
  if (watch.depth > 0 && --watch.depth == 0) pthread_cond_broadcast(&watch.ended);
  pthread_mutex_unlock(&watch.lock);
}
