/// Point-to-point messages and shared windows, the same over MPI and between threads.
#pragma once

#include <stdbool.h>

#include "torus_process.h"

#define TORUS_ANY_SOURCE (-1)

/// Collectives and users' messages never meet.
enum { TORUS_CHANNEL_COLLECTIVE, TORUS_CHANNEL_USER, TORUS_CHANNELS };

/// A message under way: an MPI_Request or a pointer, in plain words.
typedef struct torus_request {
  uint64_t word[2];
  size_t expected;
  bool receive;
} torus_request;

/// What arrived.
typedef struct torus_receipt {
  size_t bytes;
  int source;
  int tag;
} torus_receipt;

/// Memory of which every local rank has one segment that all of them can read and write.
typedef struct torus_window {
  void *handle;
  size_t bytes;
  /// By local index.
  void **segments;
} torus_window;

struct torus_transport {
  int rank;
  int size;
  /// Longest single message; longer ones are sent in pieces (MPI's counts are int).
  size_t piece;
  /// Node number by rank.
  int *nodes;
  /// Ranks on this rank's node, ascending, and this rank's place among them.
  int *local_ranks;
  int local_size;
  int local_index;
  /// The last error of the transport in words.
  char error[160];

  int (*send)(torus_transport *, const void *, size_t, int peer, int channel, int tag,
              torus_request *);
  int (*receive)(torus_transport *, void *, size_t, int peer, int channel, int tag,
                 torus_request *);
  /// 1 when done (and then with a receipt for a receive), 0 while pending, negative on error.
  int (*test)(torus_transport *, torus_request *, torus_receipt *);
  /// TORUS_DONE where a message with that tag from any rank waits to be received, with its receipt.
  int (*probe)(torus_transport *, int channel, int tag, torus_receipt *);
  /// Gives up a pending message.
  void (*cancel)(torus_transport *, torus_request *);
  /// A group of some ranks (ascending places in the new group); collective over its members.
  /// `key` must be the same on all members and differ between groups made in the same round.
  torus_transport *(*subgroup)(torus_transport *, const int *ranks, int count, int key);
  /// `bytes` per local rank, of which each zeroes its first `zeroed`; collective over the ranks of
  /// the node.
  int (*window_create)(torus_transport *, size_t bytes, size_t zeroed, torus_window *);
  void (*window_destroy)(torus_transport *, torus_window *);
  /// MPI's own all-reduce; null where there is none.
  int (*builtin_all_reduce)(torus_transport *, void *, size_t, int dtype, int reduction);
  /// Whether freeing windows and the transport needs all ranks at once.
  bool frees_together;
  void (*close)(torus_transport *);
};

/// Fills local_ranks, local_size and local_index from nodes.
int torus_transport_locate(torus_transport *transport);
