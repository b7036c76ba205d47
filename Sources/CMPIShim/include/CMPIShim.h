/// What wraps MPI: processes, messages and shared windows, the same between threads of one process.
///
/// Only plain C types appear here. `mpi.h` is seen by `mpi_process.c` and `mpi_transport.c` alone, so that
/// everything above can be built without MPI.
#pragma once

#include "torus_clock.h"
#include "torus_deadline.h"
#include "torus_process.h"
#include "torus_report.h"
#include "torus_results.h"
#include "torus_text.h"
#include "torus_transport.h"
