// Walks the elements of several strided operands of one shape, row by row.
#pragma once
#include "../include/torus_elementwise.h"

/// As many operands as the longest chain has.
enum { WALK_OPERANDS = TORUS_CHAIN_VALUES };

/// Operands of a common shape, strides in bytes. Operand 0 is the output (where there is one):
/// its layout has the first word in choosing the order of the dimensions.
typedef struct walk {
  int32_t rank;
  int32_t operands;
  char *data[WALK_OPERANDS];
  int64_t shape[TORUS_MAX_RANK];
  int64_t strides[WALK_OPERANDS][TORUS_MAX_RANK];
  int64_t count;
} walk;

/// One operand as callers describe it, strides in elements.
typedef struct operand {
  const void *data;
  const int64_t *strides;
  int64_t size;
} operand;

/// A row: `n` elements of every operand from `data`, `steps` bytes apart.
typedef void (*row_body)(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]);

/// Drops dimensions of size 1, orders the rest for locality, and joins those that lie together in
/// every operand. With `keep_order` the row-major order of the caller's dimensions stays.
torus_status walk_prepare(
  walk *w, int32_t rank, const int64_t *shape, int32_t operands, const operand *list,
  bool keep_order);

/// Calls `body` on rows that cover all elements, on the pool's threads where there are more than
/// `grain` elements.
void walk_rows(const walk *w, int64_t grain, row_body body, void *context);

/// All rows in strict order of the dimensions, on the caller's thread.
void walk_in_order(const walk *w, row_body body, void *context);
