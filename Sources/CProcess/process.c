#ifdef __linux__
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/timex.h>
#include <sys/uio.h>
#endif
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int set_close_on_exec(int descriptor) {
  return fcntl(descriptor, F_SETFD, fcntl(descriptor, F_GETFD) | FD_CLOEXEC);
}

/// Runs in the forked child: only calls that are safe between fork and exec.
static _Noreturn void become(const torus_child *child, pid_t parent, int report) {
  if (child->own_group) setpgid(0, 0);
#ifdef __linux__
  if (child->death_signal) {
    prctl(PR_SET_PDEATHSIG, child->death_signal);
    // The parent may have ended before the request was made.
    if (getppid() != parent) _exit(127);
  }
#else
  (void)parent;
#endif
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  const int sources[3] = {child->input, child->output, child->error};
  int moved[3];
  // Copies above 2 first, so that no target overwrites a source that is still needed.
  for (int i = 0; i < 3; i++) {
    moved[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 3);
    if (moved[i] < 0) goto failed;
  }
  for (int i = 0; i < 3; i++)
    if (dup2(moved[i], i) < 0) goto failed;
  execve(child->path, child->arguments, child->environment);
failed:;
  int code = errno;
  ssize_t ignored = write(report, &code, sizeof code);
  (void)ignored;
  _exit(127);
}

pid_t torus_start(const torus_child *child) {
  int report[2];
  if (pipe(report) != 0) return -errno;
  set_close_on_exec(report[0]);
  set_close_on_exec(report[1]);
  pid_t parent = getpid();
  pid_t pid = fork();
  if (pid == 0) become(child, parent, report[1]);
  int code = pid < 0 ? errno : 0;
  close(report[1]);
  if (pid > 0) {
    // The pipe closes when exec succeeds; otherwise it brings the reason.
    ssize_t count;
    do count = read(report[0], &code, sizeof code);
    while (count < 0 && errno == EINTR);
    if (count == (ssize_t)sizeof code)
      while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
    else
      code = 0;
  }
  close(report[0]);
  return code ? -code : pid;
}

pid_t torus_double(int *errors) {
  int ends[2];
  if (pipe(ends) != 0) return -errno;
  pid_t parent = getpid();
  pid_t pid = fork();
  int code = errno;
  if (pid == 0) {
    torus_signal_on_parent_death(SIGKILL);
    // The parent may have ended before the request was made.
    if (getppid() != parent || dup2(ends[1], STDERR_FILENO) < 0) _exit(127);
    close(ends[0]);
    close(ends[1]);
    return 0;
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return -code;
  }
  set_close_on_exec(ends[0]);
  *errors = ends[0];
  return pid;
}

static int signal_pipe_input = -1;

static void pass_on(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  ssize_t ignored = write(signal_pipe_input, &byte, 1);
  (void)ignored;
  errno = saved;
}

int torus_signal_pipe(const int *signals, int count) {
  int ends[2];
  if (pipe(ends) != 0) return -errno;
  for (int i = 0; i < 2; i++) {
    set_close_on_exec(ends[i]);
    fcntl(ends[i], F_SETFL, fcntl(ends[i], F_GETFL) | O_NONBLOCK);
  }
  signal_pipe_input = ends[1];
  struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
  sigfillset(&action.sa_mask);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < count; i++) {
    if (sigaction(signals[i], &action, NULL) != 0) return -errno;
    sigaddset(&wanted, signals[i]);
  }
  // Whoever started this program may have blocked them.
  sigprocmask(SIG_UNBLOCK, &wanted, NULL);
  return ends[0];
}

void torus_signal_others(int number) {
  // A signal that is ignored when it comes is gone: this process does not take its own for another.
  struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
  sigaction(number, &ignore, &before);
  kill(0, number);
  sigaction(number, &before, NULL);
}

void torus_signal_on_parent_death(int signal) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, signal);
#else
  (void)signal;
#endif
}

int torus_single_copy_works(void) {
#ifdef __linux__
  volatile long secret = 4711;
  int ready[2];
  if (pipe(ready) != 0) return -1;
  pid_t pid = fork();
  if (pid < 0) return -1;
  if (pid == 0) {
    // As Open MPI does, so that the probe passes Yama's restriction where Open MPI would.
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    secret = 1147;
    char byte = 0;
    ssize_t ignored = write(ready[1], &byte, 1);
    (void)ignored;
    for (;;) pause();
  }
  char byte;
  long seen = 0;
  ssize_t count = read(ready[0], &byte, 1);
  struct iovec local = {&seen, sizeof seen}, remote = {(void *)&secret, sizeof secret};
  if (count == 1) count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  close(ready[0]);
  close(ready[1]);
  return count == (ssize_t)sizeof seen && seen == 1147;
#else
  return -1;
#endif
}

int torus_clock_is_synchronised(void) {
#ifdef __linux__
  struct timex state = {.modes = 0};
  return adjtimex(&state) < 0 ? -1 : (state.status & STA_UNSYNC) == 0;
#else
  return -1;
#endif
}

int torus_wait_change(int status) {
  return WIFSTOPPED(status) ? 1 : WIFCONTINUED(status) ? 2 : 0;
}

int torus_exit_code(int status) {
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}
