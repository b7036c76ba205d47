/// The inside of a flight recorder.
#pragma once

#include <stdatomic.h>

#include "torus_flight.h"
#include "torus_text.h"

struct torus_flight {
  int32_t records;
  _Atomic int32_t step, phase;
  /// Number of the newest record.
  _Atomic uint64_t newest;
  /// Number of what was listed last, how many listed ones may begin yet, and how many are not listed.
  _Atomic uint64_t issued;
  _Atomic uint32_t waiting, unlisted;
  /// Record n lies at n modulo records. Its number is 0 while it is written. Behind them lie as many
  /// for the list of what has not begun: a number of 0 is a free place there.
  _Alignas(64) torus_flight_record ring[];
};

static inline _Atomic uint64_t *torus_flight_number(torus_flight_record *record) {
  return (_Atomic uint64_t *)&record->number;
}

/// Copies a record unless it is no longer that of `number`, or being written.
int torus_flight_copy(
  torus_flight_record *kept, uint64_t number, torus_flight_record *record);

/// Words for codes, as JSON and messages have them.
const char *torus_kind_name(int32_t kind);
const char *torus_reduction_name(int32_t reduction);
const char *torus_algorithm_name(int32_t algorithm);
const char *torus_phase_name(int32_t phase);

/// `all-reduce of fc1.weight f32[512]`.
void torus_text_operation(torus_text *text, const torus_flight_record *record);
