// The last words of a process that ends unexpectedly: a trap, a fatal signal, a stray exit.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../flight/flight.h"
#include "torus_fatal.h"
#include "torus_report.h"

static struct {
  const torus_group *group;
  const torus_flight *flight;
  int rank, size;
  _Atomic int armed;
  char folder[900];
  /// Whether a thread looks whether the process ends, and the end waits for it.
  _Atomic int watched, ending;
} process;

static const struct {
  int number;
  const char *name;
} fatal[] = {
  {SIGSEGV, "segmentation fault"}, {SIGILL, "illegal instruction"}, {SIGTRAP, "trap"},
  {SIGBUS, "bus error"},           {SIGFPE, "arithmetic error"},    {SIGABRT, "abort"},
};
#define FATAL_COUNT (int)(sizeof fatal / sizeof *fatal)

static struct sigaction before[FATAL_COUNT];

static void put_place(torus_text *t) {
  int32_t step = torus_flight_step(process.flight);
  const char *phase = torus_phase_name(torus_flight_phase(process.flight));
  if (!*phase) return;
  torus_text_put(t, " in ");
  if (step > 0) {
    torus_text_put(t, "step ");
    torus_text_number(t, step);
    torus_text_put(t, ", ");
  }
  torus_text_put(t, phase);
}

static void put_rank(torus_text *t) {
  if (process.size < 2) return;
  torus_text_put(t, "[rank ");
  torus_text_number(t, process.rank);
  torus_text_put(t, "] ");
}

/// The newest operation, where it is not over: what the process was in the middle of.
static void put_operation(torus_text *t) {
  torus_flight_record record;
  uint64_t newest = torus_flight_newest(process.flight);
  if (!torus_flight_read(process.flight, newest, &record)) return;
  torus_text_put(t, record.ended ? "; its last operation was " : "; it was within ");
  torus_text_operation(t, &record);
}

/// Says on standard error and in the report how the process ends; `text` is what it knows of that.
static void say_end(torus_text *text) {
  put_place(text);
  put_operation(text);
  text->bytes[text->length] = 0;
  torus_report(text->bytes, NULL, 0);
  torus_text t = {.descriptor = STDERR_FILENO};
  put_rank(&t);
  torus_text_put(&t, text->bytes);
  torus_text_put(&t, "\n");
  torus_text_flush(&t);
}

void torus_fatal_watched(int on) { atomic_store(&process.watched, on); }
int torus_fatal_is_ending(void) { return atomic_load(&process.ending); }
void torus_fatal_go_on(void) { atomic_store(&process.ending, 0); }

/// Lets the watching thread do its last thing. It may need what this one holds: a second is enough.
static void await_watcher(void) {
  if (!atomic_exchange(&process.watched, 0)) return;
  atomic_store(&process.ending, 1);
  const struct timespec pause = {.tv_nsec = 10000000};
  for (int i = 0; i < 100 && atomic_load(&process.ending); i++) nanosleep(&pause, NULL);
}

void torus_fatal_write(int rank, const char *reason) {
  if (!process.group || !process.folder[0]) return;
  const torus_flight *flight = torus_group_flight(process.group, rank);
  if (!flight) return;
  mkdir(process.folder, 0755);
  char path[sizeof process.folder + 32];
  torus_text t = {.descriptor = -1};
  torus_text_put(&t, process.folder);
  torus_text_put(&t, "/rank-");
  torus_text_number(&t, rank);
  torus_text_put(&t, ".json");
  memcpy(path, t.bytes, t.length);
  path[t.length] = 0;
  torus_flight_source source = {rank, process.size, process.rank, reason};
  torus_flight_write(flight, &source, path);
}

void torus_fatal_write_all(const char *reason) {
  for (int rank = 0; rank < process.size; rank++) torus_fatal_write(rank, reason);
}

static void on_fatal(int number, siginfo_t *info, void *context) {
  (void)context;
  int saved = errno;
  int place = 0;
  while (place < FATAL_COUNT && fatal[place].number != number) place++;
  if (place == FATAL_COUNT) return;
  // A message stands above an abort already, which a dump of registers would only bury; and who
  // handles faults may go on after a signal that another process sent.
  if (number == SIGABRT || info->si_code <= 0) signal(number, SIG_DFL);
  else sigaction(number, &before[place], NULL);
  if (atomic_exchange(&process.armed, 0)) {
    // Far shorter than the buffer, so that nothing of it is written out.
    torus_text t = {.descriptor = -1};
    torus_text_put(&t, "ended by signal ");
    torus_text_number(&t, number);
    torus_text_put(&t, " (");
    torus_text_put(&t, fatal[place].name);
    torus_text_put(&t, ")");
    say_end(&t);
    torus_fatal_write_all(fatal[place].name);
    await_watcher();
  }
  errno = saved;
  // Blocked until this returns; then whoever handled it before gets it, or it ends the process.
  raise(number);
}

static void on_exit_called(void) {
  if (!atomic_exchange(&process.armed, 0)) return;
  torus_text t = {.descriptor = -1};
  torus_text_put(&t, "exit was called before the run's end");
  say_end(&t);
  torus_fatal_write_all("exit");
  await_watcher();
}

void torus_fatal_install(const torus_group *group) {
  static bool installed;
  process.rank = torus_group_rank(group);
  process.size = torus_group_size(group);
  process.flight = torus_group_flight(group, process.rank);
  process.group = group;
  torus_report_hold(process.rank);
  atomic_store(&process.armed, 1);
  if (installed) return;
  installed = true;
  // A stack of its own for the handler, so that an overflowing one can be told of.
  static char stack[64 << 10];
  stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternative, NULL);
  for (int i = 0; i < FATAL_COUNT; i++) {
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_ONSTACK | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(fatal[i].number, &action, &before[i]);
  }
  atexit(on_exit_called);
}

void torus_fatal_folder(const char *folder) {
  size_t length = strlen(folder);
  if (length < sizeof process.folder) memcpy(process.folder, folder, length + 1);
}

static void on_request(int number) {
  (void)number;
  int saved = errno;
  torus_fatal_write(process.rank, "request");
  errno = saved;
}

void torus_fatal_write_on(int number) {
  struct sigaction action = {.sa_handler = on_request, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

void torus_fatal_disarm(void) { atomic_store(&process.armed, 0); }

void torus_fatal_forget(void) {
  torus_fatal_disarm();
  torus_report_release();
  process.group = NULL;
}
