// Blocks of bfloat16 products by AMX's tiles and by the vectors of AVX512-BF16.
#include "bf16.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { EDGE = TORUS_BF16_EDGE, STEP = TORUS_BF16_STEP, TILE = TORUS_BF16_TILE };

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// The first n of 16 lanes, none where n is not positive.
static inline __mmask16 lanes(int64_t n) {
  return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

static inline __mmask32 halves(int64_t n) {
  return n >= 32 ? 0xffffffff : n <= 0 ? 0 : (__mmask32)((1u << n) - 1);
}

TORUS_BEGIN(TORUS_AVX512_BF16)

#include "bf16_pack_x86.h"

// ---- Results ---------------------------------------------------------------------------------

static bool all_finite(const float *sums, int row_tiles, int column_tiles) {
  enum { NUMBERLESS = 0x99 };  // quiet and signalling NaN, both infinities
  __mmask16 found = 0;
  for (int r = 0; r < row_tiles; r++, sums += 2 * EDGE * EDGE)
    for (int i = 0; i < column_tiles * EDGE; i++)
      found |= _mm512_fpclass_ps_mask(_mm512_loadu_ps(sums + i * EDGE), NUMBERLESS);
  return found == 0;
}

static inline __attribute__((always_inline)) __m512 widened(__m256i bits) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

static inline __attribute__((always_inline)) void put_half_row(
    const torus_bf16_target *to, const float *sums, int64_t i, int64_t j, __mmask16 mask) {
  __m512 x = _mm512_mul_ps(_mm512_set1_ps(to->alpha), _mm512_loadu_ps(sums));
  if (to->row_bias) x = _mm512_add_ps(x, _mm512_set1_ps(to->row_bias[i]));
  if (to->col_bias) x = _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, to->col_bias + j));
  const __m512 beta = _mm512_set1_ps(to->beta);
  if (to->wide) {
    float *c = (float *)to->c + i * to->ldc + j;
    if (to->beta != 0) x = _mm512_fmadd_ps(beta, _mm512_maskz_loadu_ps(mask, c), x);
    _mm512_mask_storeu_ps(c, mask, x);
  } else {
    uint16_t *c = (uint16_t *)to->c + i * to->ldc + j;
    if (to->beta != 0) x = _mm512_fmadd_ps(beta, widened(_mm256_maskz_loadu_epi16(mask, c)), x);
    _mm256_mask_storeu_epi16(c, mask, (__m256i)_mm512_cvtneps_pbh(x));
  }
}

static void put(const torus_bf16_target *to, const float *sums, int64_t m, int64_t n) {
  const bool plain = to->alpha == 1 && to->beta == 0 && !to->row_bias && n == 32;
  if (plain) {
    const bool biased = to->col_bias != 0;
    const __m512 low = biased ? _mm512_loadu_ps(to->col_bias) : _mm512_setzero_ps();
    const __m512 high = biased ? _mm512_loadu_ps(to->col_bias + 16) : _mm512_setzero_ps();
    for (int64_t i = 0; i < m; i++) {
      const float *row = sums + i / EDGE * 2 * EDGE * EDGE + i % EDGE * EDGE;
      const __m512 x = _mm512_add_ps(_mm512_loadu_ps(row), low);
      const __m512 y = _mm512_add_ps(_mm512_loadu_ps(row + EDGE * EDGE), high);
      if (to->wide) {
        float *c = (float *)to->c + i * to->ldc;
        _mm512_storeu_ps(c, x);
        _mm512_storeu_ps(c + 16, y);
      } else {
        _mm512_storeu_si512((uint16_t *)to->c + i * to->ldc, (__m512i)_mm512_cvtne2ps_pbh(y, x));
      }
    }
    return;
  }
  for (int64_t i = 0; i < m; i++) {
    const float *row = sums + i / EDGE * 2 * EDGE * EDGE + i % EDGE * EDGE;
    put_half_row(to, row, i, 0, lanes(n));
    if (n > EDGE) put_half_row(to, row + EDGE * EDGE, i, EDGE, lanes(n - EDGE));
  }
}

static void put_runs(const float *sums, int64_t m, const float *row_bias, uint16_t *c, int64_t ldc,
                     const torus_bf16_run *runs, int64_t count) {
  for (int64_t i = 0; i < m; i++, c += ldc) {
    const float *row = sums + i / EDGE * 2 * EDGE * EDGE + i % EDGE * EDGE;
    const __m512 bias = _mm512_set1_ps(row_bias ? row_bias[i] : 0);
    const __m512 x = _mm512_add_ps(_mm512_loadu_ps(row), bias);
    const __m512 y = _mm512_add_ps(_mm512_loadu_ps(row + EDGE * EDGE), bias);
    const __m512i narrow = (__m512i)_mm512_cvtne2ps_pbh(y, x);
    for (int64_t r = 0; r < count; r++)
      _mm512_mask_storeu_epi16(c + runs[r].to, runs[r].lanes, narrow);
  }
}

static void interleave(const uint16_t *first, const uint16_t *second, int64_t stride, int64_t n,
                       uint16_t *out) {
  int64_t i = 0;
  if (stride == 1) {
    for (; i + EDGE <= n; i += EDGE)
      _mm512_storeu_si512(out + 2 * i, pairs(_mm256_loadu_si256((const __m256i *)(first + i)),
                                             _mm256_loadu_si256((const __m256i *)(second + i))));
    const __mmask16 mask = lanes(n - i);
    _mm512_mask_storeu_epi32(out + 2 * i, mask,
                             pairs(_mm256_maskz_loadu_epi16(mask, first + i),
                                   _mm256_maskz_loadu_epi16(mask, second + i)));
    return;
  }
  for (; i < n; i++) {
    out[2 * i] = first[i * stride];
    out[2 * i + 1] = second[i * stride];
  }
}

// ---- Vectors ---------------------------------------------------------------------------------

// Eight rows by one or two tiles of columns stay in registers.
static inline __attribute__((always_inline)) void vector_rows(
    const int C, int64_t steps, const torus_bf16_tiles_at *rows, int64_t first,
    const torus_bf16_tiles_at *columns, bool add, float *sums) {
  __m512 sum[8][2];
  for (int i = 0; i < 8; i++)
    for (int c = 0; c < C; c++)
      sum[i][c] = add ? _mm512_loadu_ps(sums + c * EDGE * EDGE + i * EDGE) : _mm512_setzero_ps();
  for (int64_t s = 0; s < steps; s++) {
    const uint16_t *row = torus_bf16_step_at(rows, s) + first;
    const uint16_t *from = torus_bf16_step_at(columns, s);
    for (int p = 0; p < 16; p++) {
      __m512bh column[2];
      for (int c = 0; c < C; c++)
        column[c] = (__m512bh)_mm512_loadu_si512(from + c * columns->tile + p * columns->line);
      for (int i = 0; i < 8; i++) {
        int32_t pair;
        __builtin_memcpy(&pair, row + i * rows->line + p * 2, 4);
        const __m512bh x = (__m512bh)_mm512_set1_epi32(pair);
        for (int c = 0; c < C; c++) sum[i][c] = _mm512_dpbf16_ps(sum[i][c], x, column[c]);
      }
    }
  }
  for (int i = 0; i < 8; i++)
    for (int c = 0; c < C; c++)
      _mm512_storeu_ps(sums + c * EDGE * EDGE + i * EDGE, sum[i][c]);
}

static void vector_block(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                         const torus_bf16_tiles_at *columns, int column_tiles, bool add,
                         float *sums) {
  for (int i = 0; i < row_tiles * EDGE; i += 8) {
    const int64_t from = i / EDGE * rows->tile + i % EDGE * rows->line;
    float *to = sums + i / EDGE * 2 * EDGE * EDGE + i % EDGE * EDGE;
    if (column_tiles == 2) vector_rows(2, steps, rows, from, columns, add, to);
    else vector_rows(1, steps, rows, from, columns, add, to);
  }
}

static const torus_bf16_kernels vectors = {
    .pack_rows = pack_rows, .pack_columns = pack_columns, .block = vector_block, .put = put,
    .put_runs = put_runs, .interleave = interleave,
};

TORUS_END

const torus_bf16_kernels *torus_bf16_vectors(void) {
  return torus_has_avx512_bf16() ? &vectors : 0;
}

TORUS_BEGIN(TORUS_AMX_BF16)

// ---- Tiles -----------------------------------------------------------------------------------

// Tiles 0 to 3 are sums, 4 and 5 rows, 6 and 7 columns: all of 16 rows of 64 bytes.
typedef struct tile_configuration {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} tile_configuration;

static void begin_tiles(void) {
  tile_configuration c = {.palette = 1};
  for (int t = 0; t < 8; t++) {
    c.row_bytes[t] = 64;
    c.rows[t] = 16;
  }
  _tile_loadconfig(&c);
}

static void end_tiles(void) { _tile_release(); }

static inline __attribute__((always_inline)) void begin_sums(bool add, const float *sums) {
  if (add) {
    _tile_loadd(0, sums, 64);
    _tile_loadd(1, sums + 256, 64);
    _tile_loadd(2, sums + 512, 64);
    _tile_loadd(3, sums + 768, 64);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
}

static inline __attribute__((always_inline)) void end_sums(float *sums) {
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + 256, 64);
  _tile_stored(2, sums + 512, 64);
  _tile_stored(3, sums + 768, 64);
}

// Loads a tile; one of a stream, which is used once, without taking room in the first cache. That is
// worth a third of the speed.
#define LOAD(streams, tile, from, line)                 \
  if (streams) _tile_stream_loadd(tile, from, line);    \
  else _tile_loadd(tile, from, line);

// Each step reads as many bytes as it multiplies tiles, so what bounds it is the cache it reads from.
static inline __attribute__((always_inline)) void tile_block_2x2(
    const bool spread, const bool rows_stream, const bool columns_stream, int64_t steps,
    const torus_bf16_tiles_at *rows, const torus_bf16_tiles_at *columns, bool add, float *sums) {
  begin_sums(add, sums);
  const int64_t row_line = rows->line * 2, column_line = columns->line * 2;
  const int64_t row_tile = rows->tile, column_tile = columns->tile;
  const int64_t row_step = rows->step, column_step = columns->step;
  const uint16_t *a = rows->base, *b = columns->base;
  for (int64_t s = 0; s < steps; s++) {
    if (spread) {
      a = torus_bf16_step_at(rows, s);
      b = torus_bf16_step_at(columns, s);
    }
    LOAD(columns_stream, 6, b, column_line)
    LOAD(rows_stream, 4, a, row_line)
    LOAD(columns_stream, 7, b + column_tile, column_line)
    LOAD(rows_stream, 5, a + row_tile, row_line)
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    a += row_step;
    b += column_step;
  }
  end_sums(sums);
}

// A form for every way its operands come.
#define FORMS(BLOCK_2X2)                                                                      \
  if (rows->at || columns->at) BLOCK_2X2(true, false, false, steps, rows, columns, add, sums); \
  else if (columns->streams) BLOCK_2X2(false, false, true, steps, rows, columns, add, sums);   \
  else if (rows->streams) BLOCK_2X2(false, true, false, steps, rows, columns, add, sums);      \
  else BLOCK_2X2(false, false, false, steps, rows, columns, add, sums);

static void tile_block(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                       const torus_bf16_tiles_at *columns, int column_tiles, bool add,
                       float *sums) {
  if (row_tiles == 2 && column_tiles == 2) {
    FORMS(tile_block_2x2)
    return;
  }
  for (int r = 0; r < row_tiles; r++) {
    float *to = sums + 512 * r;
    if (add) {
      _tile_loadd(0, to, 64);
      if (column_tiles == 2) _tile_loadd(1, to + 256, 64);
    } else {
      _tile_zero(0);
      _tile_zero(1);
    }
    for (int64_t s = 0; s < steps; s++) {
      const uint16_t *b = torus_bf16_step_at(columns, s);
      _tile_loadd(4, torus_bf16_step_at(rows, s) + r * rows->tile, rows->line * 2);
      _tile_loadd(6, b, columns->line * 2);
      _tile_dpbf16ps(0, 4, 6);
      if (column_tiles == 2) {
        _tile_loadd(7, b + columns->tile, columns->line * 2);
        _tile_dpbf16ps(1, 4, 7);
      }
    }
    _tile_stored(0, to, 64);
    if (column_tiles == 2) _tile_stored(1, to + 256, 64);
  }
}

// Every product of parts shares an operand with the one before: fourteen loads for 24 products of tiles.
static inline __attribute__((always_inline)) void split_block_2x2(
    const bool spread, const bool rows_stream, const bool columns_stream, int64_t steps,
    const torus_bf16_tiles_at *rows, const torus_bf16_tiles_at *columns, bool add, float *sums) {
  begin_sums(add, sums);
  const int64_t row_line = rows->line * 2, column_line = columns->line * 2;
  const uint16_t *a = rows->base, *b = columns->base;
#define ROWS(i)                                                     \
  LOAD(rows_stream, 4, a + i * rows->part, row_line)                \
  LOAD(rows_stream, 5, a + i * rows->part + rows->tile, row_line)
#define COLUMNS(i)                                                           \
  LOAD(columns_stream, 6, b + i * columns->part, column_line)                \
  LOAD(columns_stream, 7, b + i * columns->part + columns->tile, column_line)
#define MULTIPLY               \
  _tile_dpbf16ps(0, 4, 6);     \
  _tile_dpbf16ps(1, 4, 7);     \
  _tile_dpbf16ps(2, 5, 6);     \
  _tile_dpbf16ps(3, 5, 7);
  for (int64_t s = 0; s < steps; s++) {
    if (spread) {
      a = torus_bf16_step_at(rows, s);
      b = torus_bf16_step_at(columns, s);
    }
    // The order of torus_bf16_products.
    COLUMNS(2) ROWS(0) MULTIPLY
    COLUMNS(1) MULTIPLY
    ROWS(1) MULTIPLY
    COLUMNS(0) MULTIPLY
    ROWS(2) MULTIPLY
    ROWS(0) MULTIPLY
    a += rows->step;
    b += columns->step;
  }
#undef ROWS
#undef COLUMNS
#undef MULTIPLY
  end_sums(sums);
}

static void split_block(int64_t steps, const torus_bf16_tiles_at *rows, int row_tiles,
                        const torus_bf16_tiles_at *columns, int column_tiles, bool add, float *sums) {
  if (row_tiles == 2 && column_tiles == 2) {
    FORMS(split_block_2x2)
    return;
  }
  for (int r = 0; r < row_tiles; r++)
    for (int c = 0; c < column_tiles; c++) {
      float *to = sums + (r * 2 + c) * EDGE * EDGE;
      if (add) _tile_loadd(0, to, 64);
      else _tile_zero(0);
      for (int64_t s = 0; s < steps; s++) {
        const uint16_t *a = torus_bf16_step_at(rows, s) + r * rows->tile;
        const uint16_t *b = torus_bf16_step_at(columns, s) + c * columns->tile;
        for (int i = 0; i < TORUS_BF16_PRODUCTS; i++) {
          _tile_loadd(4, a + torus_bf16_products[i][0] * rows->part, rows->line * 2);
          _tile_loadd(6, b + torus_bf16_products[i][1] * columns->part, columns->line * 2);
          _tile_dpbf16ps(0, 4, 6);
        }
      }
      _tile_stored(0, to, 64);
    }
}

static const torus_bf16_kernels tiles = {
    .rows_lie = true,
    .pack_rows = pack_rows, .pack_columns = pack_columns, .block = tile_block, .put = put,
    .put_runs = put_runs, .interleave = interleave, .begin = begin_tiles, .end = end_tiles,
    .split_rows = split_rows, .split_columns = split_columns, .split_block = split_block,
    .finite = all_finite,
};

TORUS_END

const torus_bf16_kernels *torus_bf16_tiles(void) { return torus_has_amx_bf16() ? &tiles : 0; }
const torus_bf16_kernels *torus_bf16_tiles_granted(void) { return &tiles; }
#else
const torus_bf16_kernels *torus_bf16_vectors(void) { return 0; }
const torus_bf16_kernels *torus_bf16_tiles(void) { return 0; }
const torus_bf16_kernels *torus_bf16_tiles_granted(void) { return 0; }
#endif
