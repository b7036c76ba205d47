// Starting and ending MPI; without mpi.h, the same calls say that it is not there.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "torus_deadline.h"
#include "mpi_process.h"

#if __has_include(<mpi.h>)
#include <mpi.h>

int torus_mpi_available(void) { return 1; }

int torus_mpi_start(int yield, char *error, size_t error_bytes) {
  if (yield) setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  int provided = MPI_THREAD_SINGLE;
  torus_deadline_begin("MPI_Init");
  int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &provided);
  torus_deadline_end();
  if (code != MPI_SUCCESS) {
    snprintf(error, error_bytes, "MPI_Init_thread failed with code %d", code);
    return TORUS_TRANSPORT_ERROR;
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
  if (provided < MPI_THREAD_MULTIPLE) {
    snprintf(
      error, error_bytes,
      "this MPI library provides thread level %d, but MPI_THREAD_MULTIPLE (%d) is needed: "
      "use a build with thread support",
      provided, MPI_THREAD_MULTIPLE);
    return TORUS_NOT_SUPPORTED;
  }
  return TORUS_DONE;
}

int torus_mpi_stop(void) {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (!initialized || finalized) return TORUS_DONE;
  torus_deadline_begin("MPI_Finalize");
  int code = MPI_Finalize();
  torus_deadline_end();
  return code == MPI_SUCCESS ? TORUS_DONE : TORUS_TRANSPORT_ERROR;
}

_Noreturn void torus_mpi_abort(int code) {
  int initialized = 0, finalized = 0;
  MPI_Initialized(&initialized);
  MPI_Finalized(&finalized);
  if (initialized && !finalized) MPI_Abort(MPI_COMM_WORLD, code);
  _exit(code);
}

void torus_mpi_version(char *text, size_t bytes) {
  char full[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(full, &length);
  full[strcspn(full, "\n,")] = 0;
  snprintf(text, bytes, "%s", full);
}

#if defined(__linux__)
static double core_share(double quota) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (sched_getaffinity(0, sizeof mine, &mine) != 0) return 1;
  MPI_Comm node;
  int ranks = 1;
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node)
      != MPI_SUCCESS) {
    return 1;
  }
  MPI_Comm_size(node, &ranks);
  cpu_set_t *masks = calloc((size_t)ranks, sizeof(cpu_set_t));
  double share = 0;
  if (masks) {
    MPI_Allgather(&mine, sizeof mine, MPI_BYTE, masks, sizeof mine, MPI_BYTE, node);
    for (int core = 0; core < CPU_SETSIZE; core++) {
      if (!CPU_ISSET(core, &mine)) continue;
      int sharers = 0;
      for (int r = 0; r < ranks; r++) sharers += CPU_ISSET(core, &masks[r]) ? 1 : 0;
      share += 1.0 / sharers;
    }
    free(masks);
  }
  MPI_Comm_free(&node);
  return quota > 0 && quota / ranks < share ? quota / ranks : share;
}

double torus_mpi_core_share(double quota) {
  torus_deadline_begin("the ranks' start");
  double share = core_share(quota);
  torus_deadline_end();
  return share;
}
#else
double torus_mpi_core_share(double quota) {
  (void)quota;
  MPI_Comm node;
  int ranks = 1;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &ranks);
  MPI_Comm_free(&node);
  return (double)sysconf(_SC_NPROCESSORS_ONLN) / ranks;
}
#endif

#else  // no MPI

int torus_mpi_available(void) { return 0; }

int torus_mpi_start(int yield, char *error, size_t error_bytes) {
  (void)yield;
  snprintf(error, error_bytes, "this program was built without MPI: install it and build again");
  return TORUS_NOT_SUPPORTED;
}

torus_transport *torus_mpi_world(int ranks_per_node) {
  (void)ranks_per_node;
  return NULL;
}
int torus_mpi_stop(void) { return TORUS_DONE; }
_Noreturn void torus_mpi_abort(int code) { _exit(code); }
void torus_mpi_version(char *text, size_t bytes) { snprintf(text, bytes, "none"); }
double torus_mpi_core_share(double quota) {
  (void)quota;
  return (double)sysconf(_SC_NPROCESSORS_ONLN);
}

#endif
