/// The parts of a collective, as a timeline shows them.
#pragma once

#include <stdint.h>

/// What a part of a collective does.
enum { TORUS_PART_SEGMENT, TORUS_PART_COPY_IN, TORUS_PART_REDUCE, TORUS_PART_COPY_OUT };

/// A part of a collective, with the times of `torus_clock`.
typedef struct torus_part {
  uint64_t begin, end;
  uint64_t segment;
  int32_t lane;
  int32_t kind;
} torus_part;
