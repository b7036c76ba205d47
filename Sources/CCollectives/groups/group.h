/// The inside of groups.
#pragma once

#include "../operations/operation.h"
#include "torus_flight.h"
#include "torus_group.h"

struct torus_group {
  torus_team team;
  bool oversubscribed;
  uint64_t sequence;

  /// This rank's recorder, and whether it is this group's own memory.
  torus_flight *flight;
  bool owns_flight;
  int records;
  char name[TORUS_FLIGHT_GROUP_BYTES];

  torus_op op;
};
