// Users' point-to-point messages, in pieces where they are longer than MPI's counts reach.

#include <stdlib.h>
#include <string.h>

#include "group.h"

struct torus_message {
  torus_group *group;
  size_t count, left;
  size_t bytes, received;
  int source, status;
  bool receive;
  uint64_t record;
  torus_request pieces[];
};

static torus_flight_record describe(const torus_group *g, size_t bytes, int peer, bool receive) {
  torus_flight_record record = {
    .kind = receive ? TORUS_KIND_RECEIVE : TORUS_KIND_SEND, .dtype = TORUS_U8,
    .count = bytes, .root = peer, .rank = g->team.rank};
  memcpy(record.group, g->name, sizeof record.group);
  return record;
}

uint64_t torus_message_schedule(torus_group *g, size_t bytes, int peer, int receive) {
  torus_flight_record record = describe(g, bytes, peer, receive != 0);
  return torus_flight_schedule(g->flight, &record);
}

static torus_message *begin(
  torus_group *g, char *data, size_t bytes, int peer, int tag, bool receive
) {
  torus_transport *t = g->team.transport;
  // Pieces of one message from an unknown sender could be taken from two: one piece only.
  size_t count = bytes ? (bytes + t->piece - 1) / t->piece : 1;
  if (peer == TORUS_ANY_SOURCE && count > 1) return NULL;
  torus_message *m = calloc(1, sizeof(torus_message) + count * sizeof(torus_request));
  if (!m) return NULL;
  m->group = g;
  m->bytes = bytes;
  m->source = peer;
  m->receive = receive;
  m->status = TORUS_PENDING;
  if (tag <= TORUS_USER_TAGS) {
    torus_flight_record record = describe(g, bytes, peer, receive);
    m->record = torus_flight_begin(g->flight, &record);
  }
  for (size_t i = 0; i < count && m->status == TORUS_PENDING; i++) {
    size_t piece = bytes < t->piece ? bytes : t->piece;
    torus_request *request = &m->pieces[i];
    int status = receive
      ? t->receive(t, data, piece, peer, TORUS_CHANNEL_USER, tag, request)
      : t->send(t, data, piece, peer, TORUS_CHANNEL_USER, tag, request);
    if (status != TORUS_DONE) m->status = status;
    else m->count = m->left = i + 1;
    data += piece;
    bytes -= piece;
  }
  return m;
}

torus_message *torus_message_send(
  torus_group *g, const void *buffer, size_t bytes, int peer, int tag
) {
  return begin(g, (char *)buffer, bytes, peer, tag, false);
}

torus_message *torus_message_receive(
  torus_group *g, void *buffer, size_t bytes, int peer, int tag
) {
  return begin(g, buffer, bytes, peer, tag, true);
}

int torus_message_probe(torus_group *g, int tag, int *source, uint64_t *bytes) {
  torus_receipt receipt;
  int status = g->team.transport->probe(g->team.transport, TORUS_CHANNEL_USER, tag, &receipt);
  if (status != TORUS_DONE) return status;
  *source = receipt.source;
  *bytes = receipt.bytes;
  return TORUS_DONE;
}

int torus_message_poll(torus_message *m, int *source, uint64_t *received) {
  torus_transport *t = m->group->team.transport;
  while (m->status == TORUS_PENDING && m->left) {
    torus_receipt receipt;
    int status = t->test(t, &m->pieces[m->count - m->left], &receipt);
    if (status == TORUS_PENDING) return TORUS_PENDING;
    m->left--;
    if (status < 0) {
      m->status = status;
    } else if (m->receive) {
      m->source = receipt.source;
      m->received += receipt.bytes;
    }
  }
  if (m->status == TORUS_PENDING) {
    m->status = m->receive && m->received != m->bytes ? TORUS_WRONG_SIZE : TORUS_DONE;
  }
  torus_flight_end(m->group->flight, m->record, m->status);
  *source = m->source;
  *received = m->received;
  return m->status;
}

void torus_message_free(torus_message *m) {
  torus_transport *t = m->group->team.transport;
  for (; m->left; m->left--) t->cancel(t, &m->pieces[m->count - m->left]);
  free(m);
}
