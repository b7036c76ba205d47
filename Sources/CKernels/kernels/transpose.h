// Transposes of matrices in blocks that stay in registers: out[c][r] = a[r][c]. A block's rows are
// whole cache lines where the registers allow, so that no line is touched twice.

// Transposing N rows of N lanes takes log₂ N rounds in which row i and row i + N/2 are interleaved
// into rows 2i and 2i + 1.
#define INTERLEAVE_4(out, x, y)                            \
  out[0] = __builtin_shufflevector(x, y, 0, 4, 1, 5);      \
  out[1] = __builtin_shufflevector(x, y, 2, 6, 3, 7);
#define INTERLEAVE_8(out, x, y)                                         \
  out[0] = __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11);     \
  out[1] = __builtin_shufflevector(x, y, 4, 12, 5, 13, 6, 14, 7, 15);
#define INTERLEAVE_16(out, x, y)                                                               \
  out[0] = __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23); \
  out[1] = __builtin_shufflevector(                                                            \
    x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);

#define TRANSPOSE(name, T, N, ROUNDS)                                                     \
  typedef T vector_##name __attribute__((ext_vector_type(N), aligned(sizeof(T))));        \
  INLINE void block_##name(T *out, int64_t out_stride, const T *a, int64_t a_stride) {    \
    vector_##name r[N], t[N];                                                             \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) {                      \
      r[i] = *(const vector_##name *)(a + i * a_stride);                                  \
    }                                                                                     \
    _Pragma("clang loop unroll(full)") for (int round = 0; round < ROUNDS; round++) {     \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < N / 2; i++) {                \
        INTERLEAVE_##N((t + 2 * i), r[i], r[i + N / 2])                                   \
      }                                                                                   \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) r[i] = t[i];         \
    }                                                                                     \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < N; i++) {                      \
      *(vector_##name *)(out + i * out_stride) = r[i];                                    \
    }                                                                                     \
  }                                                                                       \
  static void transpose_##name(int64_t rows, int64_t columns, void *to, int64_t out_stride, \
                               const void *from, int64_t a_stride) {                      \
    T *out = to;                                                                          \
    const T *a = from;                                                                    \
    int64_t whole_rows = rows - rows % N, whole_columns = columns - columns % N;          \
    for (int64_t c = 0; c < whole_columns; c += N) {                                      \
      for (int64_t r = 0; r < whole_rows; r += N) {                                       \
        block_##name(out + c * out_stride + r, out_stride, a + r * a_stride + c, a_stride); \
      }                                                                                   \
    }                                                                                     \
    for (int64_t c = 0; c < columns; c++) {                                               \
      for (int64_t r = c < whole_columns ? whole_rows : 0; r < rows; r++) {               \
        out[c * out_stride + r] = a[r * a_stride + c];                                    \
      }                                                                                   \
    }                                                                                     \
  }

#if LEVEL >= TORUS_V4
TRANSPOSE(1, uint8_t, 16, 4)
TRANSPOSE(2, uint16_t, 16, 4)
TRANSPOSE(4, uint32_t, 16, 4)
TRANSPOSE(8, uint64_t, 8, 3)
#else
TRANSPOSE(1, uint8_t, 16, 4)
TRANSPOSE(2, uint16_t, 8, 3)
TRANSPOSE(4, uint32_t, 8, 3)
TRANSPOSE(8, uint64_t, 4, 2)
#endif
