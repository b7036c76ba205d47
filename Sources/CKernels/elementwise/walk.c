#include "walk.h"

#include <string.h>

static int64_t magnitude(int64_t stride) { return stride < 0 ? -stride : stride; }

/// Whether dimension `outer` should lie inside dimension `inner`: the first operand that tells
/// them apart decides.
static bool belongs_inside(const walk *w, int32_t outer, int32_t inner) {
  for (int32_t k = 0; k < w->operands; k++) {
    int64_t a = magnitude(w->strides[k][outer]), b = magnitude(w->strides[k][inner]);
    if (a == 0 || b == 0 || a == b) continue;
    return a < b;
  }
  return false;
}

static void swap_dimensions(walk *w, int32_t i, int32_t j) {
  int64_t size = w->shape[i];
  w->shape[i] = w->shape[j];
  w->shape[j] = size;
  for (int32_t k = 0; k < w->operands; k++) {
    int64_t stride = w->strides[k][i];
    w->strides[k][i] = w->strides[k][j];
    w->strides[k][j] = stride;
  }
}

static void order_dimensions(walk *w) {
  for (int32_t i = 1; i < w->rank; i++) {
    for (int32_t j = i; j > 0 && belongs_inside(w, j - 1, j); j--) swap_dimensions(w, j - 1, j);
  }
}

/// Joins neighbours whose elements follow each other in every operand.
static void join_dimensions(walk *w) {
  if (w->rank < 2) return;
  int32_t last = 0;
  for (int32_t d = 1; d < w->rank; d++) {
    bool joins = true;
    for (int32_t k = 0; k < w->operands && joins; k++) {
      joins = w->strides[k][last] == w->strides[k][d] * w->shape[d];
    }
    if (joins) {
      w->shape[last] *= w->shape[d];
    } else {
      w->shape[++last] = w->shape[d];
    }
    for (int32_t k = 0; k < w->operands; k++) w->strides[k][last] = w->strides[k][d];
  }
  w->rank = last + 1;
}

torus_status walk_prepare(
  walk *w, int32_t rank, const int64_t *shape, int32_t operands, const operand *list,
  bool keep_order) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  w->operands = operands;
  w->rank = 0;
  w->count = 1;
  for (int32_t k = 0; k < operands; k++) w->data[k] = (char *)(uintptr_t)list[k].data;
  for (int32_t d = 0; d < rank; d++) {
    w->count *= shape[d];
    if (shape[d] == 1) continue;
    w->shape[w->rank] = shape[d];
    for (int32_t k = 0; k < operands; k++) {
      w->strides[k][w->rank] = list[k].strides[d] * list[k].size;
    }
    w->rank++;
  }
  if (w->count == 0) return TORUS_OK;
  if (w->rank == 0) {
    w->rank = 1;
    w->shape[0] = 1;
    for (int32_t k = 0; k < operands; k++) w->strides[k][0] = list[k].size;
  }
  if (!keep_order) order_dimensions(w);
  join_dimensions(w);
  return TORUS_OK;
}

/// Where the rows of an operand step far while the next dimension lies close (a transposed
/// operand), rows are cut into tiles, and a tile is walked through the next dimension first: the
/// cache lines that one row touches then serve the following ones.
static int64_t tile_length(const walk *w) {
  int32_t inner = w->rank - 1;
  if (inner < 1 || w->shape[inner] <= 256) return 0;
  for (int32_t k = 0; k < w->operands; k++) {
    int64_t step = magnitude(w->strides[k][inner]), next = magnitude(w->strides[k][inner - 1]);
    if (step >= 64 && next > 0 && next < 64) return 256;
  }
  return 0;
}

static void walk_tiled(
  const walk *w, int64_t begin_row, int64_t end_row, char *const base[], int64_t tile,
  row_body body, void *context) {
  int32_t inner = w->rank - 1;
  int64_t steps[WALK_OPERANDS];
  for (int32_t k = 0; k < w->operands; k++) steps[k] = w->strides[k][inner];
  for (int64_t start = 0; start < w->shape[inner]; start += tile) {
    int64_t n = w->shape[inner] - start < tile ? w->shape[inner] - start : tile;
    for (int64_t row = begin_row; row < end_row; row++) {
      char *data[WALK_OPERANDS];
      for (int32_t k = 0; k < w->operands; k++) {
        data[k] = base[k] + row * w->strides[k][inner - 1] + start * steps[k];
      }
      body(context, n, data, steps);
    }
  }
}

/// The rows of elements `begin ..< end`; `tile` is the length of tiles, 0 for none.
static void walk_range(
  const walk *w, int64_t begin, int64_t end, int64_t tile, row_body body, void *context) {
  int32_t inner = w->rank - 1, operands = w->operands;
  int64_t length = w->shape[inner];
  int64_t steps[WALK_OPERANDS], index[TORUS_MAX_RANK];
  char *data[WALK_OPERANDS];
  int64_t row = begin / length, column = begin % length, rest = row;
  for (int32_t k = 0; k < operands; k++) {
    steps[k] = w->strides[k][inner];
    data[k] = w->data[k];
  }
  for (int32_t d = inner - 1; d >= 0; d--) {
    index[d] = rest % w->shape[d];
    rest /= w->shape[d];
    for (int32_t k = 0; k < operands; k++) data[k] += index[d] * w->strides[k][d];
  }
  while (begin < end) {
    int64_t rows = 1;
    if (tile && column == 0) {
      rows = (end - begin) / length;
      int64_t left = w->shape[inner - 1] - index[inner - 1];
      if (rows > left) rows = left;
    }
    if (rows > 1) {
      walk_tiled(w, 0, rows, data, tile, body, context);
      begin += rows * length;
    } else {
      int64_t n = length - column;
      if (n > end - begin) n = end - begin;
      if (column) {
        char *shifted[WALK_OPERANDS];
        for (int32_t k = 0; k < operands; k++) shifted[k] = data[k] + column * steps[k];
        body(context, n, shifted, steps);
      } else {
        body(context, n, data, steps);
      }
      begin += n;
      column = 0;
    }
    // On to the next row, carrying over where a dimension is full.
    for (int32_t d = inner - 1; d >= 0; d--) {
      int64_t advance = d == inner - 1 ? rows : 1;
      index[d] += advance;
      for (int32_t k = 0; k < operands; k++) data[k] += advance * w->strides[k][d];
      if (index[d] < w->shape[d]) break;
      index[d] = 0;
      for (int32_t k = 0; k < operands; k++) data[k] -= w->shape[d] * w->strides[k][d];
    }
  }
}

typedef struct rows_context {
  const walk *w;
  int64_t tile;
  row_body body;
  void *context;
} rows_context;

static void rows_piece(int64_t begin, int64_t end, void *context) {
  rows_context *c = context;
  walk_range(c->w, begin, end, c->tile, c->body, c->context);
}

void walk_rows(const walk *w, int64_t grain, row_body body, void *context) {
  if (w->count == 0) return;
  rows_context c = {w, tile_length(w), body, context};
  torus_parallel_for(w->count, grain, rows_piece, &c);
}

void walk_in_order(const walk *w, row_body body, void *context) {
  if (w->count > 0) walk_range(w, 0, w->count, 0, body, context);
}
