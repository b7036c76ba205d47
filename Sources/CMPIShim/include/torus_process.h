/// Starting and ending: MPI processes, or ranks as threads of one process.
#pragma once

#include "torus_results.h"

/// How one rank reaches the others: point-to-point messages and shared windows.
typedef struct torus_transport torus_transport;

/// The meeting place of ranks that are threads of one process.
typedef struct torus_hub torus_hub;

/// Whether this program was built with MPI.
int torus_mpi_available(void);

/// MPI_Init_thread with MPI_THREAD_MULTIPLE. `yield` makes waits inside MPI give up the processor,
/// which they must where ranks exceed cores. Returns TORUS_DONE, or an error with its text.
int torus_mpi_start(int yield, char *error, size_t error_bytes);

/// The transport of all processes of this MPI job, after `torus_mpi_start`. With `ranks_per_node`
/// above 0 that many consecutive ranks are taken for a node, as tests of several nodes on one
/// machine do.
torus_transport *torus_mpi_world(int ranks_per_node);

/// MPI_Finalize, once every transport is closed.
int torus_mpi_stop(void);

/// Ends every process of the job with `code`, through MPI_Abort where MPI runs.
_Noreturn void torus_mpi_abort(int code);

/// The MPI library's name and version, cut at its first line.
void torus_mpi_version(char *text, size_t bytes);

/// A meeting place for `ranks` threads; `nodes[rank]` says on which pretended node each lives, or
/// null for one node. It is freed with the last transport made from it.
torus_hub *torus_hub_create(int ranks, const int *nodes);

/// One rank's transport within a hub; to be made once per rank, from any thread.
torus_transport *torus_hub_join(torus_hub *hub, int rank);

/// Shortens the longest single message, 1 GiB at first; longer ones travel in pieces. The same on all
/// ranks, before a group is made of the transport.
void torus_transport_limit(torus_transport *transport, size_t piece);

int torus_transport_rank(const torus_transport *transport);
int torus_transport_size(const torus_transport *transport);

/// Writes, for each rank, a number that equals that of the other ranks on its node.
void torus_transport_nodes(const torus_transport *transport, int *nodes);

/// This process's share of the node's cores: Σ over the cores that it may run on of 1 ÷ (ranks of
/// the node that may run there), or its part of `quota` where that is less. The quota is what control
/// groups allow the ranks of a node together, in cores, 0 for no limit. Collective over the MPI job.
double torus_mpi_core_share(double quota);

/// Lets the calling thread sleep for tens of microseconds rather than a hundred.
void torus_thread_sleep_finely(void);
