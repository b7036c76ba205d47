#include "torus_report.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "torus_text.h"

static struct {
  char path[900];
  int rank;
  int held;
  /// Whether the path was looked for, and whether a report is still to be written.
  _Atomic int sought, open;
} file;

/// Learns where the cause of the end is to be left; once.
static void find(void) {
  if (atomic_exchange(&file.sought, 1)) return;
  const char *path = getenv("TORUS_ERROR_FILE");
  if (path && *path && strlen(path) < sizeof file.path) {
    strcpy(file.path, path);
    atomic_store(&file.open, 1);
  }
}

void torus_report(const char *message, const int *waits_for, int count) {
  if (!atomic_exchange(&file.open, 0)) return;
  torus_text name = {.descriptor = -1};
  torus_text_put(&name, file.path);
  torus_text_put(&name, ".part");
  name.bytes[name.length] = 0;
  // In a folder that others may write to, only a file of our own.
  unlink(name.bytes);
  torus_text t = {
    .descriptor =
      open(name.bytes, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (t.descriptor < 0) return;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  torus_text_put(&t, "{\"message\": ");
  torus_text_quote(&t, message);
  torus_text_put(&t, ", \"timestamp\": ");
  torus_text_number(&t, now.tv_sec);
  torus_text_put(&t, ", \"time_ns\": ");
  torus_text_number(&t, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
  torus_text_put(&t, ", \"rank\": ");
  torus_text_number(&t, file.rank);
  torus_text_put(&t, ", \"waits_for\": [");
  for (int i = 0; i < count; i++) {
    if (i) torus_text_put(&t, ", ");
    torus_text_number(&t, waits_for[i]);
  }
  torus_text_put(&t, "]}\n");
  torus_text_flush(&t);
  close(t.descriptor);
  if (!t.error) rename(name.bytes, file.path);
}

void torus_report_early(int rank, const char *message, const int *waits_for, int count) {
  if (!file.held) file.rank = rank;
  find();
  torus_report(message, waits_for, count);
}

void torus_report_hold(int rank) {
  file.rank = rank;
  file.held = 1;
  find();
}

void torus_report_release(void) { file.held = 0; }
