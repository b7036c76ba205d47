// Indexing along one dimension: gather, scatter, and whole slices.
#include "write.h"

// Elements are visited in rows along `dim`. Where another dimension is the innermost one, a row is a
// sheet of the two, cut into blocks of the innermost: neighbours are then touched one after the
// other, and all slices that a block picks from stay in the cache.
typedef struct {
  int32_t rank, dim;
  const int64_t *shape;
  int64_t limit;
  const int64_t *index, *index_strides;
  /// The side that is indexed, and the other one, with strides in bytes along dim and inside it.
  char *picked, *plain;
  const int64_t *picked_strides, *plain_strides;
  int64_t size;
  /// Steps along dim, and elements, blocks and elements of a block inside it.
  int64_t length, width, blocks, block;
  torus_write_run write;
  double alpha;
  int64_t bad;
  bool failed;
} sheets;

enum {
  // What the slices of a block may occupy, and a cache line.
  CACHE_BYTES = 1 << 19,
  LINE_BYTES = 64,
};

// Without a dimension inside it, `dim` itself is what a run goes along.
static bool has_inside(const sheets *s) { return s->rank > 1 && s->dim != s->rank - 1; }

static void cut(sheets *s) {
  int64_t along = s->rank ? s->shape[s->dim] : 1;
  s->length = has_inside(s) ? along : 1;
  s->width = has_inside(s) ? s->shape[s->rank - 1] : along;
  s->block = s->width;
  if (has_inside(s)) {
    int64_t fit = CACHE_BYTES / (s->limit * s->size + 1), line = LINE_BYTES / s->size;
    if (fit < line) fit = line;
    if (s->block > fit) s->block = fit / line * line;
  }
  s->blocks = (s->width + s->block - 1) / s->block;
}

// Gathers a run; false at an index out of range.
#define GATHER_RUN(T, out_step, a_step, index_step)            \
  {                                                            \
    T *to = (T *)out;                                          \
    const T *from = (const T *)a;                              \
    for (int64_t i = 0; i < n; i++) {                          \
      int64_t at = index[i * (index_step)];                    \
      if ((uint64_t)at >= (uint64_t)limit) {                   \
        *bad = at;                                             \
        return false;                                          \
      }                                                        \
      to[i * (out_step)] = from[i * (a_step) + at * along];    \
    }                                                          \
    return true;                                               \
  }

#define GATHER(NAME, T)                                                                     \
  static bool gather_##NAME(                                                                \
    int64_t n, char *out, int64_t out_step, const char *a, int64_t a_step, int64_t along,   \
    const int64_t *index, int64_t index_step, int64_t limit, int64_t *bad) {                \
    if (out_step == 1 && a_step == 1 && index_step == 1) GATHER_RUN(T, 1, 1, 1)             \
    GATHER_RUN(T, out_step, a_step, index_step)                                             \
  }

GATHER(1, uint8_t)
GATHER(2, uint16_t)
GATHER(4, uint32_t)
GATHER(8, uint64_t)

typedef bool (*gather_run)(
  int64_t n, char *out, int64_t out_step, const char *a, int64_t a_step, int64_t along,
  const int64_t *index, int64_t index_step, int64_t limit, int64_t *bad);

static gather_run gather_of_size(int64_t size) {
  return size == 1 ? gather_1 : size == 2 ? gather_2 : size == 4 ? gather_4 : gather_8;
}

// The blocks from `begin` to `end`, counted through all rows; `write` says whether to scatter.
static void run_sheets(int64_t begin, int64_t end, void *context) {
  sheets *s = context;
  bool inside = has_inside(s);
  int32_t inner = s->rank - 1;
  int64_t shape[TORUS_MAX_RANK], position[TORUS_MAX_RANK] = {0}, offsets[3] = {0, 0, 0};
  const int64_t *strides[3] = {s->picked_strides, s->plain_strides, s->index_strides};
  int64_t rest = begin / s->blocks, part = begin % s->blocks;
  for (int32_t d = inner; d >= 0; d--) {
    shape[d] = inside && d == inner ? 1 : s->shape[d];
    if (d == s->dim) continue;
    position[d] = rest % shape[d];
    rest /= shape[d];
    for (int o = 0; o < 3; o++) offsets[o] += position[d] * strides[o][d];
  }
  // Along dim, and from element to element of a run.
  int64_t along[3], step[3];
  for (int o = 0; o < 3; o++) {
    along[o] = s->rank ? strides[o][s->dim] : 0;
    step[o] = inside ? strides[o][inner] : o == 0 ? 0 : along[o];
  }
  gather_run gather = gather_of_size(s->size);
  for (int64_t task = begin; task < end; task++) {
    int64_t first = part * s->block, n = s->width - first;
    if (n > s->block) n = s->block;
    char *picked = s->picked + (offsets[0] + first * step[0]) * s->size;
    for (int64_t i = 0; i < s->length; i++) {
      char *plain = s->plain + (offsets[1] + i * along[1] + first * step[1]) * s->size;
      const int64_t *index = s->index + offsets[2] + i * along[2] + first * step[2];
      int64_t bad;
      bool fine = s->write ? s->write(n, picked, step[0], along[0], index, step[2], s->limit, plain,
                                      step[1], s->alpha, &bad)
                           : gather(n, plain, step[1], picked, step[0], along[0], index, step[2],
                                    s->limit, &bad);
      if (!fine) {
        s->bad = bad;
        s->failed = true;
        return;
      }
    }
    if (++part < s->blocks) continue;
    part = 0;
    torus_advance(s->rank, shape, s->dim, position, 3, offsets, strides);
  }
}

static torus_status run_all_sheets(sheets *s, int64_t *bad) {
  if (torus_count_without(s->rank, s->shape, -1) == 0) return TORUS_OK;
  cut(s);
  int64_t rows = torus_count_without(s->rank, s->shape, s->dim);
  if (has_inside(s)) rows /= s->width;
  torus_parallel_for(
    rows * s->blocks, 1 + 32768 / (s->length * s->block), run_sheets, s);
  if (!s->failed) return TORUS_OK;
  *bad = s->bad;
  return TORUS_INDEX_OUT_OF_RANGE;
}

torus_status torus_gather(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *out, const int64_t *out_strides, const void *a, const int64_t *a_strides,
  int64_t a_dim_size, const int64_t *index, const int64_t *index_strides, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  sheets work = {
    .rank = rank, .dim = dim, .shape = shape, .limit = a_dim_size, .index = index,
    .index_strides = index_strides, .picked = (char *)(uintptr_t)a, .picked_strides = a_strides,
    .plain = out, .plain_strides = out_strides, .size = torus_element_size(dtype)};
  return run_all_sheets(&work, bad);
}

torus_status torus_scatter(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, int64_t self_dim_size,
  const int64_t *index, const int64_t *index_strides,
  const void *src, const int64_t *src_strides, double alpha, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  sheets work = {
    .rank = rank, .dim = dim, .shape = shape, .limit = self_dim_size, .index = index,
    .index_strides = index_strides, .picked = self, .picked_strides = self_strides,
    .plain = (char *)(uintptr_t)src, .plain_strides = src_strides,
    .size = torus_element_size(dtype), .write = torus_write_run_function(op, dtype),
    .alpha = alpha};
  return work.write ? run_all_sheets(&work, bad) : TORUS_UNSUPPORTED;
}

// Applies `write` to one slice: all positions but those of `dim`.
static void write_slice(
  torus_write write, int32_t rank, const int64_t *shape, int32_t dim, int64_t size, char *self,
  const int64_t *self_strides, const char *src, const int64_t *src_strides, double alpha) {
  int64_t position[TORUS_MAX_RANK] = {0}, offsets[2] = {0, 0};
  const int64_t *strides[2] = {self_strides, src_strides};
  if (torus_count_without(rank, shape, dim) == 0) return;
  do {
    write(self + offsets[0] * size, src + offsets[1] * size, alpha);
  } while (torus_advance(rank, shape, dim, position, 2, offsets, strides));
}

// Whether the dimensions behind `dim` lie as one block in both operands; its length in `block`.
static bool is_block(
  int32_t rank, const int64_t *shape, int32_t dim, const int64_t *a, const int64_t *b,
  int64_t *block) {
  int64_t expected = 1;
  for (int32_t d = rank - 1; d > dim; d--) {
    if (shape[d] != 1 && (a[d] != expected || b[d] != expected)) return false;
    expected *= shape[d];
  }
  *block = expected;
  return true;
}

torus_status torus_index_select(
  torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  const void *a, const int64_t *a_strides, const int64_t *index, int64_t index_stride,
  int64_t count, void *out, const int64_t *out_strides, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  int64_t size = torus_element_size(dtype), block;
  for (int64_t i = 0; i < count; i++) {
    int64_t at = index[i * index_stride];
    if ((uint64_t)at >= (uint64_t)shape[dim]) {
      *bad = at;
      return TORUS_INDEX_OUT_OF_RANGE;
    }
  }
  if (torus_count_without(rank, shape, dim) == 0) return TORUS_OK;
  if (is_block(rank, shape, dim, a_strides, out_strides, &block)) {
    // Whole blocks: one memcpy for every index and every position before `dim`.
    int64_t position[TORUS_MAX_RANK] = {0}, offsets[2] = {0, 0};
    const int64_t *strides[2] = {a_strides, out_strides};
    do {
      for (int64_t i = 0; i < count; i++) {
        const char *from =
          (const char *)a + (offsets[0] + index[i * index_stride] * a_strides[dim]) * size;
        memcpy((char *)out + (offsets[1] + i * out_strides[dim]) * size, from, block * size);
      }
    } while (torus_advance(dim, shape, -1, position, 2, offsets, strides));
    return TORUS_OK;
  }
  torus_write write = torus_write_function(TORUS_WRITE_SET, dtype);
  for (int64_t i = 0; i < count; i++) {
    const char *from = (const char *)a + index[i * index_stride] * a_strides[dim] * size;
    char *to = (char *)out + i * out_strides[dim] * size;
    write_slice(write, rank, shape, dim, size, to, out_strides, from, a_strides, 1);
  }
  return TORUS_OK;
}

torus_status torus_index_write(
  torus_write_op op, torus_dtype dtype, int32_t rank, const int64_t *shape, int32_t dim,
  void *self, const int64_t *self_strides, const int64_t *index, int64_t index_stride,
  int64_t count, const void *src, const int64_t *src_strides, double alpha, int64_t *bad) {
  if (rank > TORUS_MAX_RANK) return TORUS_RANK_TOO_HIGH;
  torus_write write = torus_write_function(op, dtype);
  if (!write) return TORUS_UNSUPPORTED;
  int64_t size = torus_element_size(dtype), limit = rank ? shape[dim] : 1, block;
  for (int64_t i = 0; i < count; i++) {
    int64_t at = index[i * index_stride];
    if ((uint64_t)at >= (uint64_t)limit) {
      *bad = at;
      return TORUS_INDEX_OUT_OF_RANGE;
    }
  }
  int64_t own = rank ? self_strides[dim] : 0, theirs = rank ? src_strides[dim] : 0;
  bool sums = op == TORUS_WRITE_ADD && dtype == TORUS_F32 && alpha == 1 && dim == 0 && rank > 0 &&
              is_block(rank, shape, dim, self_strides, src_strides, &block);
  for (int64_t i = 0; i < count; i++) {
    char *to = (char *)self + index[i * index_stride] * own * size;
    const char *from = (const char *)src + i * theirs * size;
    if (sums) {
      float *restrict sum = (float *)to;
      const float *restrict row = (const float *)from;
      for (int64_t j = 0; j < block; j++) sum[j] += row[j];
    } else {
      write_slice(write, rank, shape, dim, size, to, self_strides, from, src_strides, alpha);
    }
  }
  return TORUS_OK;
}
