// Chains: several operations in one pass over their operands, tile by tile, so that what lies between them
// never leaves the first cache.
#include "choices.h"
#include "tiles.h"
#include "walk.h"

/// A step with the loop that computes it.
typedef struct chain_link {
  torus_chain_step step;
  union {
    unary_loop unary;
    binary_loop binary;
    ternary_loop ternary;
    where_loop where;
    convert_loop convert;
  } loop;
  int32_t operands;
  /// Whether the loop takes elements as they are stored, and a single element for one of two operands.
  bool direct, takes_forms;
  /// Whether it writes BOOL.
  bool judges;
} chain_link;

typedef struct chain_context {
  const elementwise_table *table;
  const torus_chain_value *values;
  int32_t inputs, steps;
  chain_link links[TORUS_CHAIN_VALUES];
  /// The place of each value among the walk's operands; -1 for those that exist by tiles.
  int32_t operand[TORUS_CHAIN_VALUES];
  /// Where the tile of each value lies.
  int32_t tile[TORUS_CHAIN_VALUES];
} chain_context;

static void call(
  const chain_link *l, operand_form form, int64_t n, void *out, const void *a, const void *b,
  const void *c) {
  switch (l->step.kind) {
  case TORUS_CHAIN_UNARY:
  case TORUS_CHAIN_PREDICATE: l->loop.unary(n, out, a, l->step.p0, l->step.p1); break;
  case TORUS_CHAIN_BINARY:
  case TORUS_CHAIN_COMPARE:
    l->loop.binary(form, n, out, a, b, l->step.p0, l->step.p1);
    break;
  case TORUS_CHAIN_TERNARY: l->loop.ternary(n, out, a, b, c, l->step.p0); break;
  case TORUS_CHAIN_WHERE: l->loop.where(n, out, a, b, c); break;
  case TORUS_CHAIN_CONVERT: l->loop.convert(n, out, a); break;
  }
}

/// A step of narrow types: by way of their compute type.
static __attribute__((noinline)) void call_widened(
  const chain_context *c, const chain_link *l, int64_t n, void *out, const void *const in[3]) {
  tile wide[3], result;
  const void *from[3] = {0};
  const torus_dtype dtype = l->step.dtype;
  for (int32_t k = 0; k < l->operands; k++) {
    from[k] = tile_load(c->table, dtype, n, in[k], torus_element_size(dtype), &wide[k]);
  }
  if (l->judges) {
    call(l, FORM_VV, n, out, from[0], from[1], from[2]);
  } else {
    call(l, FORM_VV, n, result.bytes, from[0], from[1], from[2]);
    tile_store(c->table, dtype, n, out, torus_element_size(dtype), result.bytes);
  }
}

static void chain_row(
  void *context, int64_t n, char *const data[WALK_OPERANDS], const int64_t steps[WALK_OPERANDS]) {
  const chain_context *c = context;
  _Alignas(64) char memory[TORUS_CHAIN_VALUES * TILE * 8];
  const char *at[TORUS_CHAIN_VALUES];
  int64_t sizes[TORUS_CHAIN_VALUES];
  /// Inputs that are one element all along the row, and have not been spread over a tile yet.
  bool single[TORUS_CHAIN_VALUES] = {false};
  for (int32_t v = 0; v < c->inputs + c->steps; v++) {
    sizes[v] = torus_element_size(c->values[v].dtype);
    single[v] = v < c->inputs && steps[c->operand[v]] == 0;
    if (single[v]) at[v] = data[c->operand[v]];
  }
  for (int64_t start = 0; start < n; start += TILE) {
    const int64_t m = n - start < TILE ? n - start : TILE;
    for (int32_t v = 0; v < c->inputs; v++) {
      const int64_t step = steps[c->operand[v]];
      const char *from = data[c->operand[v]] + start * step;
      if (step == sizes[v]) {
        at[v] = from;
      } else if (step != 0) {
        tile_gather(m, sizes[v], memory + c->tile[v], from, step);
        at[v] = memory + c->tile[v];
      }
    }
    for (int32_t s = 0; s < c->steps; s++) {
      const chain_link *l = &c->links[s];
      const int32_t v = c->inputs + s, operand = c->operand[v];
      char *to = operand < 0 ? memory + c->tile[v] : data[operand] + start * sizes[v];
      const int32_t *from = l->step.operands;
      operand_form form = FORM_VV;
      if (l->takes_forms && single[from[0]] != single[from[1]]) {
        form = single[from[0]] ? FORM_SV : FORM_VS;
      } else {
        for (int32_t k = 0; k < l->operands; k++) {
          if (!single[from[k]]) continue;
          single[from[k]] = false;
          tile_fill(
            n < TILE ? n : TILE, sizes[from[k]], memory + c->tile[from[k]], at[from[k]]);
          at[from[k]] = memory + c->tile[from[k]];
        }
      }
      const void *in[3] = {0};
      for (int32_t k = 0; k < l->operands; k++) in[k] = at[from[k]];
      if (l->direct) {
        call(l, form, m, to, in[0], in[1], in[2]);
      } else {
        call_widened(c, l, m, to, in);
      }
      at[v] = to;
    }
  }
}

/// Finds the loop of a step; false where the type has none.
static bool find_loop(chain_link *l, const elementwise_table *table, torus_dtype out) {
  torus_chain_step *s = &l->step;
  const compute_type loops = compute_of(s->dtype);
  const bool half = torus_is_half(s->dtype);
  l->direct = half || is_direct(s->dtype);
  l->takes_forms = false;
  l->judges = s->kind == TORUS_CHAIN_COMPARE || s->kind == TORUS_CHAIN_PREDICATE;
  // Half types have loops of their own for what is read as it lies.
  const compute_type own = half ? reading(s->dtype) : loops;
  switch (s->kind) {
  case TORUS_CHAIN_UNARY:
    l->operands = 1;
    s->op = unary_choice((torus_unary_op)s->op, s->dtype, &s->p0);
    l->loop.unary = table->unary[s->op][own];
    if (half && !l->loop.unary) l->loop.unary = table->unary[s->op][loops], l->direct = false;
    return l->loop.unary != NULL;
  case TORUS_CHAIN_PREDICATE:
    l->operands = 1;
    l->loop.unary = table->predicate[s->op][own];
    if (half && !l->loop.unary) l->loop.unary = table->predicate[s->op][loops], l->direct = false;
    return l->loop.unary != NULL;
  case TORUS_CHAIN_BINARY:
    l->operands = 2;
    s->p0 = binary_choice((torus_binary_op)s->op, s->dtype, s->p0);
    l->loop.binary = table->binary[s->op][own].loop;
    if (half && !l->loop.binary) {
      l->loop.binary = table->binary[s->op][loops].loop;
      l->direct = false;
    }
    l->takes_forms = l->direct && table->binary[s->op][loops].takes_forms;
    return l->loop.binary != NULL;
  case TORUS_CHAIN_COMPARE:
    l->operands = 2;
    l->loop.binary = table->compare[s->op][own];
    if (half && !l->loop.binary) l->loop.binary = table->compare[s->op][loops], l->direct = false;
    l->takes_forms = l->direct;
    return l->loop.binary != NULL;
  case TORUS_CHAIN_TERNARY:
    l->operands = 3;
    l->loop.ternary = table->ternary[s->op][own];
    if (half && !l->loop.ternary) l->loop.ternary = table->ternary[s->op][loops], l->direct = false;
    return l->loop.ternary != NULL;
  case TORUS_CHAIN_WHERE:
    l->operands = 3;
    l->direct = true;
    l->loop.where = table->where[__builtin_ctzll((uint64_t)torus_element_size(s->dtype))];
    return true;
  case TORUS_CHAIN_CONVERT:
    l->operands = 1;
    l->direct = true;
    l->loop.convert = table->convert[out][s->dtype];
    return l->loop.convert != NULL;
  }
  return false;
}

/// Gives each value its tile: a result's is another's once nobody reads it any more.
static void place_tiles(chain_context *c) {
  int32_t last[TORUS_CHAIN_VALUES], end = 0;
  for (int32_t s = 0; s < c->steps; s++) {
    last[c->inputs + s] = s;
    for (int32_t k = 0; k < c->links[s].operands; k++) last[c->links[s].step.operands[k]] = s;
  }
  for (int32_t v = 0; v < c->inputs + c->steps; v++) {
    const int32_t bytes = TILE * (int32_t)torus_element_size(c->values[v].dtype);
    c->tile[v] = -1;
    for (int32_t u = c->inputs; u < v && c->tile[v] < 0; u++) {
      if (c->operand[u] >= 0 || last[u] >= v - c->inputs) continue;
      if (torus_element_size(c->values[u].dtype) != torus_element_size(c->values[v].dtype)) continue;
      // Free, unless a later value has taken it already.
      bool taken = false;
      for (int32_t w = u + 1; w < v; w++) {
        taken |= c->operand[w] < 0 && c->tile[w] == c->tile[u] && last[w] >= v - c->inputs;
      }
      if (!taken) c->tile[v] = c->tile[u];
    }
    if (c->tile[v] < 0) {
      c->tile[v] = end;
      end += bytes;
    }
  }
}

torus_status torus_chain(
  int32_t rank, const int64_t *shape, int32_t inputs, int32_t steps,
  const torus_chain_value *values, const torus_chain_step *list) {
  if (inputs + steps > TORUS_CHAIN_VALUES || steps < 1) return TORUS_UNSUPPORTED;
  chain_context c = {elementwise(), values, inputs, steps, {{{0}}}, {0}, {0}};
  operand operands[WALK_OPERANDS];
  int32_t count = 0;
  // Results come first: they are contiguous, and the first operand has the first word on the order.
  for (int32_t v = inputs + steps - 1; v >= 0; v--) {
    c.operand[v] = values[v].data ? count : -1;
    if (!values[v].data) continue;
    operands[count++] = (operand){
      values[v].data, values[v].strides, torus_element_size(values[v].dtype)};
  }
  for (int32_t s = 0; s < steps; s++) {
    c.links[s].step = list[s];
    if (!find_loop(&c.links[s], c.table, values[inputs + s].dtype)) return TORUS_UNSUPPORTED;
  }
  place_tiles(&c);
  walk w;
  torus_status status = walk_prepare(&w, rank, shape, count, operands, false);
  if (status == TORUS_OK) walk_rows(&w, steps < 8 ? GRAIN / steps : GRAIN / 8, chain_row, &c);
  return status;
}
