#if __has_include(<mpi.h>)
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torus_deadline.h"
#include "mpi_process.h"
#include "torus_dtype.h"
#include "torus_transport.h"

_Static_assert(sizeof(MPI_Request) <= 2 * sizeof(uint64_t), "a request fits its plain words");

typedef struct mpi_transport {
  torus_transport base;
  MPI_Comm channels[TORUS_CHANNELS];
  /// The ranks of this node.
  MPI_Comm node;
} mpi_transport;

typedef struct mpi_window {
  MPI_Win window;
  void *mine;
} mpi_window;

static int failed(torus_transport *t, const char *call, int code) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  snprintf(t->error, sizeof t->error, "%s: %s", call, text);
  return TORUS_TRANSPORT_ERROR;
}

static int mpi_send(
  torus_transport *base, const void *buffer, size_t bytes, int peer, int channel, int tag,
  torus_request *request
) {
  mpi_transport *t = (mpi_transport *)base;
  MPI_Request handle;
  int code = MPI_Isend(buffer, (int)bytes, MPI_BYTE, peer, tag, t->channels[channel], &handle);
  if (code != MPI_SUCCESS) return failed(base, "MPI_Isend", code);
  memcpy(request->word, &handle, sizeof handle);
  request->expected = bytes;
  request->receive = false;
  return TORUS_DONE;
}

static int mpi_receive(
  torus_transport *base, void *buffer, size_t bytes, int peer, int channel, int tag,
  torus_request *request
) {
  mpi_transport *t = (mpi_transport *)base;
  MPI_Request handle;
  int source = peer == TORUS_ANY_SOURCE ? MPI_ANY_SOURCE : peer;
  int code = MPI_Irecv(buffer, (int)bytes, MPI_BYTE, source, tag, t->channels[channel], &handle);
  if (code != MPI_SUCCESS) return failed(base, "MPI_Irecv", code);
  memcpy(request->word, &handle, sizeof handle);
  request->expected = bytes;
  request->receive = true;
  return TORUS_DONE;
}

static int mpi_test(torus_transport *base, torus_request *request, torus_receipt *receipt) {
  MPI_Request handle;
  memcpy(&handle, request->word, sizeof handle);
  MPI_Status status;
  int done = 0;
  int code = MPI_Test(&handle, &done, &status);
  memcpy(request->word, &handle, sizeof handle);
  if (code != MPI_SUCCESS) {
    int class = MPI_SUCCESS;
    MPI_Error_class(code, &class);
    if (class == MPI_ERR_TRUNCATE) return TORUS_WRONG_SIZE;
    return failed(base, "MPI_Test", code);
  }
  if (!done) return TORUS_PENDING;
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  *receipt = (torus_receipt){(size_t)count, status.MPI_SOURCE, status.MPI_TAG};
  return TORUS_DONE;
}

static int mpi_probe(torus_transport *base, int channel, int tag, torus_receipt *receipt) {
  mpi_transport *t = (mpi_transport *)base;
  MPI_Status status;
  int there = 0, count = 0;
  int code = MPI_Iprobe(MPI_ANY_SOURCE, tag, t->channels[channel], &there, &status);
  if (code != MPI_SUCCESS) return failed(base, "MPI_Iprobe", code);
  if (!there) return TORUS_PENDING;
  MPI_Get_count(&status, MPI_BYTE, &count);
  *receipt = (torus_receipt){(size_t)count, status.MPI_SOURCE, status.MPI_TAG};
  return TORUS_DONE;
}

static void mpi_cancel(torus_transport *base, torus_request *request) {
  (void)base;
  MPI_Request handle;
  memcpy(&handle, request->word, sizeof handle);
  if (handle == MPI_REQUEST_NULL) return;
  if (request->receive) MPI_Cancel(&handle);
  MPI_Request_free(&handle);
}

static torus_transport *mpi_open(MPI_Comm comm, const int *nodes, int key);

static torus_transport *open_subgroup(torus_transport *base, const int *ranks, int count, int key) {
  mpi_transport *t = (mpi_transport *)base;
  MPI_Group all, some;
  MPI_Comm comm = MPI_COMM_NULL;
  if (MPI_Comm_group(t->channels[0], &all) != MPI_SUCCESS) return NULL;
  int code = MPI_Group_incl(all, count, ranks, &some);
  if (code == MPI_SUCCESS) {
    code = MPI_Comm_create_group(t->channels[0], some, key & 0x3fff, &comm);
    MPI_Group_free(&some);
  }
  MPI_Group_free(&all);
  if (code != MPI_SUCCESS || comm == MPI_COMM_NULL) {
    failed(base, "MPI_Comm_create_group", code);
    return NULL;
  }
  int *nodes = calloc((size_t)count, sizeof(int));
  if (!nodes) return NULL;
  for (int i = 0; i < count; i++) nodes[i] = base->nodes[ranks[i]];
  torus_transport *group = mpi_open(comm, nodes, key);
  if (group) group->piece = base->piece;
  free(nodes);
  return group;
}

static torus_transport *mpi_subgroup(torus_transport *base, const int *ranks, int count, int key) {
  torus_deadline_begin("the making of a group");
  torus_transport *group = open_subgroup(base, ranks, count, key);
  torus_deadline_end();
  return group;
}

static int open_window(
  torus_transport *base, size_t bytes, size_t zeroed, torus_window *window
) {
  mpi_transport *t = (mpi_transport *)base;
  mpi_window *w = calloc(1, sizeof(mpi_window));
  void **segments = calloc((size_t)base->local_size, sizeof(void *));
  if (!w || !segments) return TORUS_NO_MEMORY;
  // Segments apart from each other: each rank's pages come from its own memory, and each begins
  // on a page of its own.
  MPI_Info info;
  MPI_Info_create(&info);
  MPI_Info_set(info, "alloc_shared_noncontig", "true");
  const size_t page = 4096;
  size_t rounded = ((bytes + page - 1) & ~(page - 1)) + page;
  int code = MPI_Win_allocate_shared((MPI_Aint)rounded, 1, info, t->node, &w->mine, &w->window);
  MPI_Info_free(&info);
  if (code != MPI_SUCCESS) {
    free(w);
    free(segments);
    return failed(base, "MPI_Win_allocate_shared", code);
  }
  for (int i = 0; i < base->local_size; i++) {
    MPI_Aint size;
    int unit;
    char *start;
    MPI_Win_shared_query(w->window, i, &size, &unit, &start);
    // Mappings begin on pages, so the padding is the same in every process.
    segments[i] = (void *)(((uintptr_t)start + 63) & ~(uintptr_t)63);
  }
  memset(segments[base->local_index], 0, zeroed);
  MPI_Barrier(t->node);
  *window = (torus_window){w, bytes, segments};
  return TORUS_DONE;
}

static int mpi_window_create(
  torus_transport *base, size_t bytes, size_t zeroed, torus_window *window
) {
  torus_deadline_begin("the making of shared memory");
  int status = open_window(base, bytes, zeroed, window);
  torus_deadline_end();
  return status;
}

static void mpi_window_destroy(torus_transport *base, torus_window *window) {
  (void)base;
  mpi_window *w = window->handle;
  torus_deadline_begin("the end of shared memory");
  MPI_Win_free(&w->window);
  torus_deadline_end();
  free(w);
  free(window->segments);
}

static int mpi_builtin_all_reduce(
  torus_transport *base, void *buffer, size_t count, int dtype, int reduction
) {
  mpi_transport *t = (mpi_transport *)base;
#define OF_BITS(bits, T) ((T)-1 < 0 ? MPI_INT##bits##_T : MPI_UINT##bits##_T)
#define OF_WHOLE(T)              \
  (sizeof(T) == 8   ? OF_BITS(64, T) \
   : sizeof(T) == 4 ? OF_BITS(32, T) \
   : sizeof(T) == 2 ? OF_BITS(16, T) \
                    : OF_BITS(8, T))
#define OF_NARROW(T) OF_WHOLE(T)
#define OF_FLOAT(T) (sizeof(T) == sizeof(float) ? MPI_FLOAT : MPI_DOUBLE)
#define OF_TRUTH(T) MPI_C_BOOL
#define OF_BF16(T) MPI_DATATYPE_NULL
#define OF_F16(T) MPI_DATATYPE_NULL
#define OF(x, type, number, stored, form, loops, name) [number] = OF_##form(stored),
  MPI_Datatype const types[TORUS_DTYPE_COUNT] = {TORUS_DTYPE_ROWS(OF, )};
  MPI_Op ops[TORUS_REDUCTIONS] = {MPI_SUM, MPI_SUM, MPI_PROD, MPI_MIN, MPI_MAX,
                                  MPI_BAND, MPI_BOR, MPI_BXOR};
  if (types[dtype] == MPI_DATATYPE_NULL) return TORUS_NOT_SUPPORTED;
  MPI_Op op = ops[reduction];
  if (dtype == TORUS_BOOL) {
    switch (reduction) {
      case TORUS_SUM: case TORUS_MAX: case TORUS_BIT_OR: op = MPI_LOR; break;
      case TORUS_BIT_XOR: op = MPI_LXOR; break;
      default: op = MPI_LAND; break;
    }
  }
  size_t size = torus_element_size(dtype), most = base->piece / size;
  for (size_t at = 0; at < count; at += most) {
    size_t n = count - at < most ? count - at : most;
    int code = MPI_Allreduce(
      MPI_IN_PLACE, (char *)buffer + at * size, (int)n, types[dtype], op, t->channels[0]);
    if (code != MPI_SUCCESS) return failed(base, "MPI_Allreduce", code);
  }
  return TORUS_DONE;
}

static void mpi_close(torus_transport *base) {
  mpi_transport *t = (mpi_transport *)base;
  torus_deadline_begin("the end of a group");
  for (int c = 0; c < TORUS_CHANNELS; c++) MPI_Comm_free(&t->channels[c]);
  MPI_Comm_free(&t->node);
  torus_deadline_end();
  free(base->nodes);
  free(base->local_ranks);
  free(t);
}

/// Takes over `comm`. Collective over it.
static torus_transport *mpi_open(MPI_Comm comm, const int *nodes, int key) {
  mpi_transport *t = calloc(1, sizeof(mpi_transport));
  if (!t) return NULL;
  torus_transport *b = &t->base;
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);
  t->channels[TORUS_CHANNEL_COLLECTIVE] = comm;
  MPI_Comm_rank(comm, &b->rank);
  MPI_Comm_size(comm, &b->size);
  b->nodes = calloc((size_t)b->size, sizeof(int));
  if (!b->nodes) return NULL;
  memcpy(b->nodes, nodes, (size_t)b->size * sizeof(int));
  if (torus_transport_locate(b) != TORUS_DONE) return NULL;
  if (MPI_Comm_dup(comm, &t->channels[TORUS_CHANNEL_USER]) != MPI_SUCCESS) return NULL;
  if (MPI_Comm_split(comm, b->nodes[b->rank], key, &t->node) != MPI_SUCCESS) return NULL;
  b->send = mpi_send;
  b->receive = mpi_receive;
  b->test = mpi_test;
  b->probe = mpi_probe;
  b->cancel = mpi_cancel;
  b->subgroup = mpi_subgroup;
  b->window_create = mpi_window_create;
  b->window_destroy = mpi_window_destroy;
  b->builtin_all_reduce = mpi_builtin_all_reduce;
  b->frees_together = true;
  b->close = mpi_close;
  return b;
}

static torus_transport *open_world(int ranks_per_node) {
  MPI_Comm comm, node;
  int rank, size, leader;
  if (MPI_Comm_dup(MPI_COMM_WORLD, &comm) != MPI_SUCCESS) return NULL;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  // A node is named by its lowest rank.
  if (MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node) != MPI_SUCCESS) {
    return NULL;
  }
  leader = rank;
  MPI_Bcast(&leader, 1, MPI_INT, 0, node);
  MPI_Comm_free(&node);
  if (ranks_per_node > 0) leader = rank - rank % ranks_per_node;
  int *leaders = calloc((size_t)size, sizeof(int));
  if (!leaders) return NULL;
  MPI_Allgather(&leader, 1, MPI_INT, leaders, 1, MPI_INT, comm);
  torus_transport *world = mpi_open(comm, leaders, 0);
  free(leaders);
  return world;
}

torus_transport *torus_mpi_world(int ranks_per_node) {
  torus_deadline_begin("the ranks' start");
  torus_transport *world = open_world(ranks_per_node);
  torus_deadline_end();
  return world;
}
#endif
