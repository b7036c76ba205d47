/// The engine of collectives: operations as state machines that are polled, over the transport of
/// CMPIShim, which this header shows, too.
///
/// Its folders are floors; each includes only those below it: `combine` (arithmetic), `flight` (the
/// recorder), `lanes` (who takes part, and messages of the running operation), `operations` (agreement and
/// advance), `algorithms` (which include the lanes alone), `plans` (the table of algorithms), `groups`
/// (their making, the start of operations, messages and buffers) and `process` (its end).
#pragma once

#include "CMPIShim.h"
#include "torus_collective.h"
#include "torus_combine.h"
#include "torus_fatal.h"
#include "torus_flight.h"
#include "torus_group.h"
