// Recorders and operations in words, by means that are allowed in signal handlers.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flight.h"
#include "torus_clock.h"

#define NAME(code, names) \
  ((code) >= 0 && (size_t)(code) < sizeof names / sizeof *names ? names[code] : "?")

#define ROW_NAME(number, symbol, name) [number] = name,

const char *torus_kind_name(int32_t kind) {
  static const char *const names[TORUS_KINDS] = {TORUS_KIND_ROWS(ROW_NAME)};
  if (kind == TORUS_KIND_SEND) return "send";
  if (kind == TORUS_KIND_RECEIVE) return "receive";
  return NAME(kind, names);
}

const char *torus_reduction_name(int32_t reduction) {
  static const char *const names[TORUS_REDUCTIONS] = {
    "sum", "avg", "product", "min", "max", "band", "bor", "bxor"};
  return NAME(reduction, names);
}

const char *torus_algorithm_name(int32_t algorithm) {
  static const char *const names[TORUS_ALGORITHMS] = {TORUS_ALGORITHM_ROWS(ROW_NAME)};
  return NAME(algorithm, names);
}

const char *torus_phase_name(int32_t phase) {
  static const char *const names[TORUS_PHASES] = {
    "", "start", "data", "forward", "backward", "collective", "optimizer", "evaluation",
    "checkpoint"};
  return NAME(phase, names);
}

const char *torus_status_name(int32_t status) {
  switch (status) {
    case TORUS_SCHEDULED: return "scheduled";
    case TORUS_PENDING: return "pending";
    case TORUS_DONE: return "done";
    case TORUS_MISMATCH: return "mismatch";
    default: return "failed";
  }
}

/// A label that was cut may end within a character.
static const char *whole(const char *label, size_t bytes, char *copy) {
  size_t length = 0;
  while (length < bytes - 1 && label[length]) length++;
  memcpy(copy, label, length);
  size_t lead = length;
  while (lead && (copy[lead - 1] & 0xc0) == 0x80) lead--;
  if (lead) {
    unsigned char first = (unsigned char)copy[lead - 1];
    size_t needed = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    if (lead - 1 + needed > length) length = lead - 1;
  }
  copy[length] = 0;
  return copy;
}

void torus_text_operation(torus_text *t, const torus_flight_record *r) {
  char label[TORUS_LABEL_BYTES];
  torus_text_put(t, torus_kind_name(r->kind));
  if (*whole(r->label, sizeof r->label, label)) {
    torus_text_put(t, " of ");
    torus_text_put(t, label);
  }
  if (r->kind == TORUS_BARRIER) return;
  torus_text_byte(t, ' ');
  torus_text_put(t, torus_dtype_name(r->dtype));
  torus_text_byte(t, '[');
  torus_text_number(t, (int64_t)r->count);
  torus_text_byte(t, ']');
}

static void field(torus_text *t, const char *name, int64_t number) {
  torus_text_quote(t, name);
  torus_text_put(t, ": ");
  torus_text_number(t, number);
  torus_text_put(t, ", ");
}

static void word(torus_text *t, const char *name, const char *value) {
  torus_text_quote(t, name);
  torus_text_put(t, ": ");
  torus_text_quote(t, value);
  torus_text_put(t, ", ");
}

static void put_record(torus_text *t, const torus_flight_record *r) {
  char text[TORUS_LABEL_BYTES];
  torus_text_put(t, "  {");
  field(t, "number", (int64_t)r->number);
  word(t, "group", whole(r->group, sizeof r->group, text));
  field(t, "rank", r->rank);
  field(t, "sequence", (int64_t)r->sequence);
  word(t, "kind", torus_kind_name(r->kind));
  word(t, "label", whole(r->label, sizeof r->label, text));
  word(t, "dtype", torus_dtype_name(r->dtype));
  field(t, "count", (int64_t)r->count);
  if (r->kind == TORUS_ALL_REDUCE || r->kind == TORUS_REDUCE || r->kind == TORUS_REDUCE_SCATTER) {
    word(t, "reduction", torus_reduction_name(r->reduction));
  }
  if (r->kind == TORUS_ALL_REDUCE) word(t, "algorithm", torus_algorithm_name(r->algorithm));
  field(t, "root", r->root);
  field(t, "step", r->step);
  word(t, "state", torus_status_name(r->status));
  field(t, "issued_ns", (int64_t)r->issued);
  field(t, "begun_ns", (int64_t)r->begun);
  torus_text_put(t, "\"ended_ns\": ");
  torus_text_number(t, (int64_t)r->ended);
  torus_text_put(t, "}");
}

int torus_flight_write(
  const torus_flight *f, const torus_flight_source *source, const char *path
) {
  // Whole or not at all, whoever else writes it, and whenever this process is ended.
  torus_text name = {.descriptor = -1};
  torus_text_put(&name, path);
  torus_text_put(&name, ".by-");
  torus_text_number(&name, source->writer);
  torus_text_byte(&name, 0);
  if (name.error) return ENAMETOOLONG;
  torus_text t = {.descriptor = open(name.bytes, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (t.descriptor < 0) return errno;
  char host[64] = "";
  gethostname(host, sizeof host - 1);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  torus_text_put(&t, "{");
  field(&t, "version", 1);
  field(&t, "rank", source->rank);
  field(&t, "world_size", source->size);
  field(&t, "written_by", source->writer);
  word(&t, "host", host);
  word(&t, "reason", source->reason);
  field(&t, "time_ns", (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
  field(&t, "clock_ns", (int64_t)torus_clock());
  field(&t, "step", torus_flight_step(f));
  word(&t, "phase", torus_phase_name(torus_flight_phase(f)));
  field(&t, "unlisted", (int64_t)torus_flight_unlisted(f));
  torus_text_put(&t, "\"operations\": [");
  uint64_t newest = torus_flight_newest(f), kept = (uint64_t)f->records;
  const char *between = "\n";
  for (uint64_t n = newest > kept ? newest - kept + 1 : 1; n <= newest; n++) {
    torus_flight_record record;
    if (!torus_flight_read(f, n, &record)) continue;
    torus_text_put(&t, between);
    put_record(&t, &record);
    between = ",\n";
  }
  torus_flight_record waiting;
  for (uint64_t n = 0; (n = torus_flight_next(f, n, &waiting));) {
    torus_text_put(&t, between);
    put_record(&t, &waiting);
    between = ",\n";
  }
  torus_text_put(&t, "\n]}\n");
  torus_text_flush(&t);
  if (close(t.descriptor) != 0 && !t.error) t.error = errno;
  if (!t.error && rename(name.bytes, path) != 0) t.error = errno;
  return t.error;
}
