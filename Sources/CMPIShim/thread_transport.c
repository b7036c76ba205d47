// Ranks as threads of one process: messages are matched in one mailbox per rank and context, in
// MPI's order (first posted, first matched), and copied once, from the sender's buffer to the
// receiver's, by whichever side comes second.

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "torus_transport.h"

typedef struct message {
  struct message *next;
  void *buffer;
  size_t bytes;
  uint64_t context;
  int source, tag;
  // What arrived, written before done.
  torus_receipt receipt;
  _Atomic int done;
} message;

typedef struct mailbox {
  pthread_mutex_t lock;
  message *receives;
  message *sends;
} mailbox;

// A window under construction or in use, shared by the ranks that asked for it.
typedef struct shared_window {
  struct shared_window *next;
  uint64_t context;
  uint64_t number;
  int users;
  int ranks;
  void **segments;
} shared_window;

struct torus_hub {
  int ranks;
  _Atomic int users;
  int *nodes;
  mailbox *boxes;
  pthread_mutex_t lock;
  shared_window *windows;
};

typedef struct thread_transport {
  torus_transport base;
  torus_hub *hub;
  uint64_t context;
  uint64_t windows;
  /// Hub rank by group rank.
  int *members;
} thread_transport;

static uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9e3779b97f4a7c15u + b + 0x632be59bd9b4e019u;
  x ^= x >> 29;
  x *= 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 32);
}

static void append(message **list, message *item) {
  while (*list) list = &(*list)->next;
  item->next = NULL;
  *list = item;
}

static void deliver(message *from, message *to) {
  size_t bytes = from->bytes < to->bytes ? from->bytes : to->bytes;
  if (bytes) memcpy(to->buffer, from->buffer, bytes);
  to->receipt = (torus_receipt){from->bytes, from->source, from->tag};
  atomic_store_explicit(&to->done, 1, memory_order_release);
  atomic_store_explicit(&from->done, 1, memory_order_release);
}

static bool matches(const message *receive, const message *send) {
  return receive->context == send->context && receive->tag == send->tag
    && (receive->source == TORUS_ANY_SOURCE || receive->source == send->source);
}

static message *new_message(
  thread_transport *t, void *buffer, size_t bytes, int source, int channel, int tag
) {
  message *m = calloc(1, sizeof(message));
  if (!m) return NULL;
  m->buffer = buffer;
  m->bytes = bytes;
  m->context = mixed(t->context, (uint64_t)channel);
  m->source = source;
  m->tag = tag;
  return m;
}

static int thread_send(
  torus_transport *base, const void *buffer, size_t bytes, int peer, int channel, int tag,
  torus_request *request
) {
  thread_transport *t = (thread_transport *)base;
  message *m = new_message(t, (void *)buffer, bytes, base->rank, channel, tag);
  if (!m) return TORUS_NO_MEMORY;
  mailbox *box = &t->hub->boxes[t->members[peer]];
  pthread_mutex_lock(&box->lock);
  message **at = &box->receives;
  while (*at && !matches(*at, m)) at = &(*at)->next;
  if (*at) {
    message *receive = *at;
    *at = receive->next;
    deliver(m, receive);
  } else {
    append(&box->sends, m);
  }
  pthread_mutex_unlock(&box->lock);
  *request = (torus_request){{(uint64_t)(uintptr_t)m, 0}, bytes, false};
  return TORUS_DONE;
}

static int thread_receive(
  torus_transport *base, void *buffer, size_t bytes, int peer, int channel, int tag,
  torus_request *request
) {
  thread_transport *t = (thread_transport *)base;
  message *m = new_message(t, buffer, bytes, peer, channel, tag);
  if (!m) return TORUS_NO_MEMORY;
  mailbox *box = &t->hub->boxes[t->members[base->rank]];
  pthread_mutex_lock(&box->lock);
  message **at = &box->sends;
  while (*at && !matches(m, *at)) at = &(*at)->next;
  if (*at) {
    message *send = *at;
    *at = send->next;
    deliver(send, m);
  } else {
    append(&box->receives, m);
  }
  pthread_mutex_unlock(&box->lock);
  *request = (torus_request){{(uint64_t)(uintptr_t)m, 0}, bytes, true};
  return TORUS_DONE;
}

static int thread_test(torus_transport *base, torus_request *request, torus_receipt *receipt) {
  (void)base;
  message *m = (message *)(uintptr_t)request->word[0];
  if (!atomic_load_explicit(&m->done, memory_order_acquire)) return TORUS_PENDING;
  *receipt = m->receipt;
  free(m);
  if (request->receive && receipt->bytes > request->expected) return TORUS_WRONG_SIZE;
  return TORUS_DONE;
}

static int thread_probe(torus_transport *base, int channel, int tag, torus_receipt *receipt) {
  thread_transport *t = (thread_transport *)base;
  uint64_t context = mixed(t->context, (uint64_t)channel);
  mailbox *box = &t->hub->boxes[t->members[base->rank]];
  pthread_mutex_lock(&box->lock);
  const message *m = box->sends;
  while (m && !(m->context == context && m->tag == tag)) m = m->next;
  if (m) *receipt = (torus_receipt){m->bytes, m->source, m->tag};
  pthread_mutex_unlock(&box->lock);
  return m ? TORUS_DONE : TORUS_PENDING;
}

static void drop(message **list, message *item) {
  while (*list && *list != item) list = &(*list)->next;
  if (*list) *list = item->next;
}

static void thread_cancel(torus_transport *base, torus_request *request) {
  thread_transport *t = (thread_transport *)base;
  message *m = (message *)(uintptr_t)request->word[0];
  // A send may lie in any mailbox; where it went is not kept, so all are searched.
  for (int r = 0; r < t->hub->ranks; r++) {
    mailbox *box = &t->hub->boxes[r];
    pthread_mutex_lock(&box->lock);
    drop(&box->receives, m);
    drop(&box->sends, m);
    pthread_mutex_unlock(&box->lock);
  }
  free(m);
}

static torus_transport *thread_open(
  torus_hub *hub, const int *members, int size, int rank, uint64_t context);

static torus_transport *thread_subgroup(
  torus_transport *base, const int *ranks, int count, int key
) {
  thread_transport *t = (thread_transport *)base;
  int *members = calloc((size_t)count, sizeof(int)), rank = -1;
  if (!members) return NULL;
  for (int i = 0; i < count; i++) {
    members[i] = t->members[ranks[i]];
    if (ranks[i] == base->rank) rank = i;
  }
  uint64_t context = mixed(mixed(t->context, (uint64_t)key), (uint64_t)members[0] + 1);
  torus_transport *group = thread_open(t->hub, members, count, rank, context);
  if (group) group->piece = base->piece;
  free(members);
  return group;
}

static int thread_window_create(
  torus_transport *base, size_t bytes, size_t zeroed, torus_window *window
) {
  thread_transport *t = (thread_transport *)base;
  torus_hub *hub = t->hub;
  uint64_t context = mixed(t->context, (uint64_t)base->nodes[base->rank]);
  uint64_t number = t->windows++;
  int status = TORUS_DONE;
  pthread_mutex_lock(&hub->lock);
  shared_window *w = hub->windows;
  while (w && !(w->context == context && w->number == number)) w = w->next;
  if (!w) {
    w = calloc(1, sizeof(shared_window));
    void **segments = calloc((size_t)base->local_size, sizeof(void *));
    size_t rounded = (bytes + 4095) & ~(size_t)4095;
    for (int i = 0; w && segments && i < base->local_size; i++) {
      segments[i] = aligned_alloc(4096, rounded ? rounded : 4096);
      if (!segments[i]) status = TORUS_NO_MEMORY;
      else memset(segments[i], 0, zeroed);
    }
    if (!w || !segments) status = TORUS_NO_MEMORY;
    if (status == TORUS_DONE) {
      // Counted for all ranks at once: one that comes late, when others have failed and left, must
      // still find what they posted.
      int users = base->local_size;
      *w = (shared_window){hub->windows, context, number, users, base->local_size, segments};
      hub->windows = w;
    }
  }
  if (status == TORUS_DONE) *window = (torus_window){w, bytes, w->segments};
  pthread_mutex_unlock(&hub->lock);
  return status;
}

static void free_window(shared_window *w) {
  for (int i = 0; i < w->ranks; i++) free(w->segments[i]);
  free(w->segments);
  free(w);
}

static void thread_window_destroy(torus_transport *base, torus_window *window) {
  thread_transport *t = (thread_transport *)base;
  shared_window *w = window->handle;
  pthread_mutex_lock(&t->hub->lock);
  if (--w->users == 0) {
    shared_window **at = &t->hub->windows;
    while (*at && *at != w) at = &(*at)->next;
    if (*at) *at = w->next;
    free_window(w);
  }
  pthread_mutex_unlock(&t->hub->lock);
}

static void thread_close(torus_transport *base) {
  thread_transport *t = (thread_transport *)base;
  torus_hub *hub = t->hub;
  free(base->nodes);
  free(base->local_ranks);
  free(t->members);
  free(t);
  if (atomic_fetch_sub(&hub->users, 1) != 1) return;
  // What a rank that failed early never came to.
  while (hub->windows) {
    shared_window *w = hub->windows;
    hub->windows = w->next;
    free_window(w);
  }
  for (int r = 0; r < hub->ranks; r++) pthread_mutex_destroy(&hub->boxes[r].lock);
  pthread_mutex_destroy(&hub->lock);
  free(hub->boxes);
  free(hub->nodes);
  free(hub);
}

static torus_transport *thread_open(
  torus_hub *hub, const int *members, int size, int rank, uint64_t context
) {
  thread_transport *t = calloc(1, sizeof(thread_transport));
  if (!t) return NULL;
  t->hub = hub;
  t->context = context;
  t->members = calloc((size_t)size, sizeof(int));
  torus_transport *b = &t->base;
  b->nodes = calloc((size_t)size, sizeof(int));
  atomic_fetch_add(&hub->users, 1);
  if (!t->members || !b->nodes) return NULL;
  for (int i = 0; i < size; i++) {
    t->members[i] = members ? members[i] : i;
    b->nodes[i] = hub->nodes[t->members[i]];
  }
  b->rank = rank;
  b->size = size;
  if (torus_transport_locate(b) != TORUS_DONE) return NULL;
  b->send = thread_send;
  b->receive = thread_receive;
  b->test = thread_test;
  b->probe = thread_probe;
  b->cancel = thread_cancel;
  b->subgroup = thread_subgroup;
  b->window_create = thread_window_create;
  b->window_destroy = thread_window_destroy;
  b->close = thread_close;
  return b;
}

torus_hub *torus_hub_create(int ranks, const int *nodes) {
  torus_hub *hub = calloc(1, sizeof(torus_hub));
  if (!hub) return NULL;
  hub->ranks = ranks;
  // A place is kept for every rank, so that those who fail early do not close the hub before one that
  // joins late.
  atomic_init(&hub->users, ranks);
  hub->nodes = calloc((size_t)ranks, sizeof(int));
  hub->boxes = calloc((size_t)ranks, sizeof(mailbox));
  if (!hub->nodes || !hub->boxes) return NULL;
  if (nodes) memcpy(hub->nodes, nodes, (size_t)ranks * sizeof(int));
  pthread_mutex_init(&hub->lock, NULL);
  for (int r = 0; r < ranks; r++) pthread_mutex_init(&hub->boxes[r].lock, NULL);
  return hub;
}

torus_transport *torus_hub_join(torus_hub *hub, int rank) {
  torus_transport *transport = thread_open(hub, NULL, hub->ranks, rank, 1);
  // The transport holds the hub now; the kept place is given up.
  if (transport) atomic_fetch_sub(&hub->users, 1);
  return transport;
}
