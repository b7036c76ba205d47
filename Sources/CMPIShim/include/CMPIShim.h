/// The C foundation of Collectives: processes, transports, groups and collectives.
///
/// Only plain C types appear here. `mpi.h` is seen by `transport/mpi_*.c` and
/// `allreduce/mpi_builtin.c` alone, so that everything above can be built without MPI.
#pragma once

#include "torus_deadline.h"
#include "torus_fatal.h"
#include "torus_flight.h"
#include "torus_group.h"
#include "torus_process.h"
#include "torus_combine.h"
#include "torus_types.h"
