/// The last words of a process that ends unexpectedly.
#pragma once

#include "torus_group.h"

/// What every process of a job does about its own unexpected end.
///
/// Prints `[rank 2] ended by signal 4 (illegal instruction) in step 41, backward` with the last
/// operation, writes the recorders of its node where a folder was set, and hands the signal on to whoever
/// handled it before. Also says so where exit is called before `torus_fatal_disarm`.
void torus_fatal_install(const torus_group *group);

/// Where recorders are written: `folder/rank-2.json`. The folder is made then, within one that exists.
void torus_fatal_folder(const char *folder);

/// Writes the recorder whenever that signal comes, and goes on.
void torus_fatal_write_on(int signal);

/// Writes the recorder of a rank now, where a folder was set and this rank can reach it.
void torus_fatal_write(int rank, const char *reason);

/// Writes all recorders that this rank can reach.
void torus_fatal_write_all(const char *reason);

/// Whether a thread of this process looks every few milliseconds whether it ends by a fatal signal or a
/// stray exit, to do a last thing then; the end waits a second for it at most.
void torus_fatal_watched(int on);

/// Whether the process ends so and waits for that thread to call `torus_fatal_go_on`.
int torus_fatal_is_ending(void);
void torus_fatal_go_on(void);

/// The process has said why it ends.
void torus_fatal_disarm(void);

/// The process ends in order, and its recorder goes.
void torus_fatal_forget(void);
