/// Small collectives on one node in one exchange: everyone posts, then everyone reads what it needs.
#pragma once

#include "group.h"

/// Whether the operation is small enough; the answer depends on nothing but what all agree on.
bool torus_exchange_fits(const torus_op *op);

/// Copies what this rank contributes into its post, before the guard announces it.
void torus_exchange_post(torus_op *op);

/// Reads the others' contributions, once all have posted.
void torus_exchange_finish(torus_op *op);
