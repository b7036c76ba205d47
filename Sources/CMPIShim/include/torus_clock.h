/// The clock of waits and records.
#pragma once

#include <stdint.h>

/// Nanoseconds of the monotonic clock.
uint64_t torus_clock(void);
