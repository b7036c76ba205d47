// What Swift cannot express of Unix: forks whose child dies with its parent, signals as bytes in a
// pipe, a probe of the kernel's single-copy call, and the cores that a process may use. A program that
// links this finds its descriptors 0 to 2 open, those that were closed on /dev/null.
#ifndef TORUS_CPROCESS_H
#define TORUS_CPROCESS_H

#include <sys/types.h>

/// How a child is started.
typedef struct {
  /// The program's path, its arguments and environment, both ended by NULL.
  const char *path;
  char *const *arguments;
  char *const *environment;
  /// Descriptors that become its standard input, output and error.
  int input, output, error;
  /// Whether it leads a process group of its own, out of reach of the terminal's signals.
  int own_group;
  /// The signal that it gets when the calling thread ends, however that happens; 0 for none.
  /// Linux only: elsewhere nothing tells the child.
  int death_signal;
} torus_child;

/// Starts a program with all signals at their defaults and unblocked.
/// Returns its process id, or the negative errno of what failed, exec included.
pid_t torus_start(const torus_child *child);

/// Routes the signals to a pipe, one byte of the signal's number each.
/// Returns the pipe's end to read (non-blocking, closed on exec), or a negative errno.
int torus_signal_pipe(const int *signals, int count);

/// Doubles this process, whose other threads the child lacks. Returns 0 in the child, which dies with the
/// calling thread (Linux only); the child's process id in the caller, with `*errors` the end to read of what
/// the child writes to standard error; or a negative errno.
pid_t torus_double(int *errors);

/// Sends a signal to all other processes of this one's group.
void torus_signal_others(int number);

/// Asks for a signal when the parent process ends. Linux only.
void torus_signal_on_parent_death(int signal);

/// Whether one process may read another's memory (process_vm_readv), as Open MPI does between
/// ranks of a node: 1, 0, or -1 where it cannot be told. Containers often forbid it.
int torus_single_copy_works(void);

/// Cores that a process may run on, 0 for this one: its affinity mask, not the machine.
int torus_allowed_cores(pid_t process);

/// Cores' worth of time that control groups allow this process, 0 for no limit: the least of its own
/// group (cpu.max of version 2, cpu.cfs_quota_us of version 1) and of those above.
/// `groups` and `root` stand in for /proc/self/cgroup and /sys/fs/cgroup, which NULL means.
double torus_core_quota(const char *groups, const char *root);

/// Cores that a process may use, 0 for this one: those of its mask, or this process's quota where that is
/// less.
double torus_usable_cores(pid_t process);

/// Whether the system clock is kept by NTP: 1, 0, or -1 where it cannot be told.
int torus_clock_is_synchronised(void);

/// Whether a status of waitpid is that of a child that was stopped (1), goes on (2) or has ended (0).
int torus_wait_change(int status);

/// The state of a process as /proc shows it, such as 'R', 'T' (stopped) or 'Z' (ended); 0 for none.
char torus_process_state(pid_t process);

/// Whether a process has children that run: 1, 0, or -1 where it cannot be told.
int torus_has_children(pid_t process);

/// Decodes a status of waitpid: returns the exit code, or the negative signal.
int torus_exit_code(int status);

#endif
