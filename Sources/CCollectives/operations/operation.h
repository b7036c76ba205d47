/// The operation that runs: agreement on what is called, payloads that are posted, and advance.
#pragma once

#include "../lanes/lanes.h"

/// Advances it: TORUS_PENDING, TORUS_DONE, or the error that ended it.
int torus_op_advance(torus_op *op);

/// Begins the agreement of all ranks that they call the same (guard.c).
void torus_guard_begin(torus_op *op);
/// TORUS_DONE once every rank is known to call the same, TORUS_MISMATCH, or TORUS_PENDING.
int torus_guard_poll(torus_op *op);
void torus_guard_cancel(torus_op *op);
/// The lowest rank that is known to be missing, or -1; marks all of them in a non-null `missing`.
int torus_guard_missing(const torus_op *op, uint8_t *missing);

/// Whether the operation is small enough for one exchange on one node: everyone posts, then everyone reads
/// what it needs (exchange.c). The answer depends on nothing but what all agree on.
bool torus_exchange_fits(const torus_op *op);
/// Copies what this rank contributes into its post, before the guard announces it.
void torus_exchange_post(torus_op *op);
/// Reads the others' contributions, once all have posted.
void torus_exchange_finish(torus_op *op);
