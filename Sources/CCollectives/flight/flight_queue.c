// The recorder's list of operations that were issued and have not begun. Who issues writes a free
// place, who begins an operation frees its place; they meet in the place's number only.

#include <string.h>

#include "flight.h"
#include "torus_clock.h"

/// The list's places.
static torus_flight_record *places(const torus_flight *f) {
  return (torus_flight_record *)f->ring + f->records;
}

static uint64_t number_at(torus_flight_record *place) {
  return atomic_load_explicit(torus_flight_number(place), memory_order_acquire);
}

/// The free place that comes next, or else one whose operation will never begin; null where there is
/// none. Operations begin in the order of their issue, mostly, so the first look nearly always does.
static torus_flight_record *find(torus_flight *f, uint64_t number) {
  torus_flight_record *abandoned = NULL;
  for (int i = 0; i < f->records; i++) {
    torus_flight_record *place = &places(f)[(number + (uint64_t)i) % (uint64_t)f->records];
    if (!number_at(place)) return place;
    // Abandoned ones have an end; see below.
    if (!abandoned && __atomic_load_n(&place->ended, __ATOMIC_ACQUIRE)) abandoned = place;
  }
  return abandoned;
}

uint64_t torus_flight_schedule(torus_flight *f, const torus_flight_record *given) {
  uint64_t number = atomic_load_explicit(&f->issued, memory_order_relaxed) + 1;
  torus_flight_record *place =
    atomic_load_explicit(&f->waiting, memory_order_relaxed) < (uint32_t)f->records
    ? find(f, number) : NULL;
  if (!place) {
    atomic_fetch_add_explicit(&f->unlisted, 1, memory_order_relaxed);
    return TORUS_FLIGHT_UNLISTED;
  }
  atomic_store_explicit(torus_flight_number(place), 0, memory_order_relaxed);
  atomic_thread_fence(memory_order_release);
  const size_t at = sizeof place->number;
  memcpy((char *)place + at, (const char *)given + at, sizeof *place - at);
  place->sequence = 0;
  place->step = torus_flight_step(f);
  place->issued = torus_clock();
  place->begun = place->ended = 0;
  place->status = TORUS_SCHEDULED;
  atomic_fetch_add_explicit(&f->waiting, 1, memory_order_relaxed);
  atomic_store_explicit(torus_flight_number(place), number, memory_order_release);
  atomic_store_explicit(&f->issued, number, memory_order_release);
  return number;
}

static torus_flight_record *place_of(const torus_flight *f, uint64_t number) {
  for (int i = 0; i < f->records; i++) {
    torus_flight_record *place = &places(f)[(number + (uint64_t)i) % (uint64_t)f->records];
    if (number_at(place) == number) return place;
  }
  return NULL;
}

uint64_t torus_flight_unschedule(torus_flight *f, uint64_t number) {
  if (!number) return 0;
  if (number == TORUS_FLIGHT_UNLISTED) {
    atomic_fetch_sub_explicit(&f->unlisted, 1, memory_order_relaxed);
    return 0;
  }
  torus_flight_record *place = place_of(f, number);
  if (!place) return 0;
  uint64_t issued = place->issued;
  atomic_store_explicit(torus_flight_number(place), 0, memory_order_release);
  atomic_fetch_sub_explicit(&f->waiting, 1, memory_order_release);
  return issued;
}

void torus_flight_abandon(torus_flight *f, uint64_t number) {
  torus_flight_record *place =
    number && number != TORUS_FLIGHT_UNLISTED ? place_of(f, number) : NULL;
  if (!place) return;
  __atomic_store_n(&place->ended, torus_clock(), __ATOMIC_RELEASE);
  atomic_fetch_sub_explicit(&f->waiting, 1, memory_order_release);
}

uint64_t torus_flight_next(const torus_flight *f, uint64_t after, torus_flight_record *record) {
  for (;;) {
    uint64_t next = UINT64_MAX;
    torus_flight_record *place = NULL;
    for (int i = 0; i < f->records; i++) {
      uint64_t number = number_at(&places(f)[i]);
      if (number <= after || number >= next) continue;
      next = number;
      place = &places(f)[i];
    }
    if (!place) return 0;
    if (torus_flight_copy(place, next, record)) return next;
    // It has begun meanwhile.
    after = next;
  }
}

uint64_t torus_flight_unlisted(const torus_flight *f) {
  return atomic_load_explicit(&((torus_flight *)f)->unlisted, memory_order_relaxed);
}
