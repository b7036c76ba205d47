/// The results of calls, and the reductions.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// What a call returns: 0 while it is pending, 1 when done, negative when it failed.
enum {
  TORUS_PENDING = 0,
  TORUS_DONE = 1,
  /// The ranks of the group did not call the same operation.
  TORUS_MISMATCH = -1,
  /// A message was longer or shorter than expected.
  TORUS_WRONG_SIZE = -2,
  /// MPI reported an error.
  TORUS_TRANSPORT_ERROR = -3,
  /// The algorithm, reduction or type is not available here.
  TORUS_NOT_SUPPORTED = -4,
  TORUS_NO_MEMORY = -5
};

/// How elements are combined.
enum {
  TORUS_SUM,
  TORUS_AVERAGE,
  TORUS_PRODUCT,
  TORUS_MIN,
  TORUS_MAX,
  TORUS_BIT_AND,
  TORUS_BIT_OR,
  TORUS_BIT_XOR,
  TORUS_REDUCTIONS
};
