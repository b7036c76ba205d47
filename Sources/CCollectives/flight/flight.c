// The recorder's ring: one writer, any number of readers, also in other processes.

#include "flight.h"

#include <string.h>

#include "torus_clock.h"

size_t torus_flight_bytes(int records) {
  return sizeof(torus_flight) + 2 * (size_t)records * sizeof(torus_flight_record);
}

void torus_flight_open(torus_flight *f, int records) { f->records = records; }

void torus_flight_mark(torus_flight *f, int32_t step, int32_t phase) {
  atomic_store_explicit(&f->step, step, memory_order_relaxed);
  atomic_store_explicit(&f->phase, phase, memory_order_relaxed);
}

int32_t torus_flight_step(const torus_flight *f) {
  return atomic_load_explicit(&((torus_flight *)f)->step, memory_order_relaxed);
}

int32_t torus_flight_phase(const torus_flight *f) {
  return atomic_load_explicit(&((torus_flight *)f)->phase, memory_order_relaxed);
}

uint64_t torus_flight_begin(torus_flight *f, const torus_flight_record *given) {
  uint64_t number = atomic_load_explicit(&f->newest, memory_order_relaxed) + 1;
  torus_flight_record *record = &f->ring[number % (uint64_t)f->records];
  atomic_store_explicit(torus_flight_number(record), 0, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  const size_t at = sizeof record->number;
  memcpy((char *)record + at, (const char *)given + at, sizeof *record - at);
  record->step = torus_flight_step(f);
  record->begun = torus_clock();
  record->issued = given->issued ? given->issued : record->begun;
  record->ended = 0;
  record->status = TORUS_PENDING;
  atomic_store_explicit(torus_flight_number(record), number, memory_order_release);
  atomic_store_explicit(&f->newest, number, memory_order_release);
  return number;
}

void torus_flight_end(torus_flight *f, uint64_t number, int32_t status) {
  torus_flight_record *record = &f->ring[number % (uint64_t)f->records];
  // 0: never recorded.
  if (!number || atomic_load_explicit(torus_flight_number(record), memory_order_relaxed) != number) return;
  record->status = status;
  record->ended = torus_clock();
}

uint64_t torus_flight_newest(const torus_flight *f) {
  return atomic_load_explicit(&((torus_flight *)f)->newest, memory_order_acquire);
}

int torus_flight_records(const torus_flight *f) { return f->records; }

int torus_flight_copy(
  torus_flight_record *kept, uint64_t number, torus_flight_record *record
) {
  if (!number || atomic_load_explicit(torus_flight_number(kept), memory_order_acquire) != number) {
    return 0;
  }
  memcpy(record, kept, sizeof *record);
  atomic_thread_fence(memory_order_acquire);
  return atomic_load_explicit(torus_flight_number(kept), memory_order_relaxed) == number;
}

int torus_flight_read(const torus_flight *f, uint64_t number, torus_flight_record *record) {
  torus_flight_record *kept = (torus_flight_record *)&f->ring[number % (uint64_t)f->records];
  return torus_flight_copy(kept, number, record);
}
