/// The file in which a process leaves why it ends.
#pragma once

/// Leaves the cause of this process's end in the file that TORUS_ERROR_FILE names, for who started it:
/// `{"message": …, "timestamp": …}` as torchrun's error files, with the time in nanoseconds, the rank,
/// and `waits_for`, the world's ranks that did not come. Only the first call writes; without the
/// variable, or before `torus_report_hold`, none does. Safe in signal handlers.
void torus_report(const char *message, const int *waits_for, int count);

/// The same, for this rank where none is held: before a world's begin, or after its end.
void torus_report_early(int rank, const char *message, const int *waits_for, int count);

/// The rank that reports are of from now on, and the end of that.
void torus_report_hold(int rank);
void torus_report_release(void);
