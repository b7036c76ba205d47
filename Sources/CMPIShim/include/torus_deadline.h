/// Deadlines for calls of MPI that have none: its start, its end, and what opens groups and windows.
#pragma once

/// How many seconds such a call may take from now on; none where it is not above 0 or not a number.
/// Deadlines hold once this was called: ranks that are threads have none.
void torus_deadline_limit(double seconds);

/// Begins a call of MPI, named as messages name it; one within another counts as part of that one.
///
/// Where it does not end in time, this process says so on standard error and in the report of its failure,
/// with the ranks of this node that are stopped or did not come, and ends with code 1, so that mpirun
/// ends the job. Time in which this process itself was stopped does not count.
void torus_deadline_begin(const char *call);

/// Ends it.
void torus_deadline_end(void);
