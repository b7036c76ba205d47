/// The other ranks of this node, as its processes show them.
#pragma once

#include <stddef.h>

/// The name of the thread that a rank has while it waits within a watched call of MPI.
#define TORUS_PEERS_MARK "torus.deadline"

typedef struct {
  /// This process's rank, 0 where its environment does not say.
  int rank;
} torus_peers;

/// Finds the ranks of this job on this node that are stopped, or are in no watched call of MPI; those of
/// which no process is left are not looked for.
///
/// Writes `rank 2 (process 4711 is stopped)` to `text`, one after another, and their numbers to `ranks`.
/// Returns how many there are. Where the system does not show its processes, that is none.
int torus_peers_missing(
  torus_peers *peers, const char *call, char *text, size_t bytes, int *ranks, int limit);
