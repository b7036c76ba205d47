// The moving of elements that convolution needs around the product engine's tiles.

// n elements, of which a whole vector is the common case.
INLINE void NAME(copy_run)(const REAL *from, REAL *to, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) NAME(store)(to + i, NAME(load)(from + i));
  if (i == n) return;
#if VBYTES == 64
  if (n - i >= 8) {
    __builtin_memcpy(to + i, from + i, 8 * sizeof(REAL));
    i += 8;
  }
#endif
  if (LANES > 4 && n - i >= 4) {
    __builtin_memcpy(to + i, from + i, 4 * sizeof(REAL));
    i += 4;
  }
  for (; i < n; i++) to[i] = from[i];
}

INLINE void NAME(zero_run)(REAL *to, int64_t n) {
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) NAME(store)(to + i, SPLAT(0));
  for (; i < n; i++) to[i] = 0;
}

// Rows row0 ..< row0 + rows (before padding is taken off) of one image's channels, with zeros for
// what lies outside, `pitch` elements from row to row.
static void NAME(pad_image)(const conv_job *s, const REAL *x, int64_t channels, int64_t plane0,
                            int64_t planes, int64_t row0, int64_t rows, REAL *out,
                            int64_t channel_step) {
  const torus_conv *c = s->shape;
  const int64_t width = c->in_width, height = c->in_height, depth = c->in_depth;
  const int64_t left = torus_max(0, c->pad_width), skip = torus_max(0, -c->pad_width);
  const int64_t inside = torus_max(0, torus_min(width - skip, s->pitch - left));
  for (int64_t q = 0; q < channels; q++, x += depth * height * width, out += channel_step) {
    REAL *to = out;
    for (int64_t z = 0; z < planes; z++)
      for (int64_t r = 0; r < rows; r++, to += s->pitch) {
        const int64_t iz = plane0 + z - c->pad_depth, iy = row0 + r - c->pad_height;
        if (iz < 0 || iz >= depth || iy < 0 || iy >= height) {
          NAME(zero_run)(to, s->pitch);
          continue;
        }
        NAME(zero_run)(to, left);
        NAME(copy_run)(x + (iz * height + iy) * width + skip, to + left, inside);
        NAME(zero_run)(to + left + inside, s->pitch - left - inside);
      }
    // The last row may be read a little past its end.
    NAME(zero_run)(to, out + channel_step - to);
  }
}

// The columns of one panel: for each of k steps, runs of positions from the padded images.
static void NAME(pack_positions)(const REAL *padded, const int64_t *offsets, int64_t k,
                                 const conv_run *runs, int64_t count, int64_t stride, int64_t cols,
                                 REAL *panel) {
  if (stride == 1 && count == 1 && runs[0].length == cols) {
    const REAL *from = padded + runs[0].from;
    for (int64_t p = 0; p < k; p++, panel += cols)
      for (int64_t j = 0; j < cols; j += LANES)
        NAME(store)(panel + j, NAME(load)(from + offsets[p] + j));
    return;
  }
  for (int64_t p = 0; p < k; p++, panel += cols)
    for (int64_t r = 0; r < count; r++) {
      const REAL *from = padded + offsets[p] + runs[r].from;
      REAL *to = panel + runs[r].to;
      if (stride == 1) NAME(copy_run)(from, to, runs[r].length);
      else
        for (int64_t j = 0; j < runs[r].length; j++) to[j] = from[j * stride];
    }
}

// Rows of sums with a junk column at their ends → rows of y.
static void NAME(crop_rows)(const REAL *sums, int64_t pitch, REAL *y, int64_t width, int64_t rows) {
  for (int64_t r = 0; r < rows; r++, sums += pitch, y += width)
    NAME(copy_run)(sums, y, width);
}

// [out, in, taps] → [in, out, taps] with the taps reversed: the weights of the input's gradient.
static void NAME(flip_weights)(const REAL *w, REAL *out, int64_t outs, int64_t ins, int64_t taps) {
  for (int64_t o = 0; o < outs; o++)
    for (int64_t i = 0; i < ins; i++)
      for (int64_t t = 0; t < taps; t++)
        out[(i * outs + o) * taps + taps - 1 - t] = w[(o * ins + i) * taps + t];
}

static void NAME(add_columns)(const torus_conv *c, const REAL *columns, REAL *x) {
  const int64_t outs = c->out_depth * c->out_height * c->out_width;
  const int64_t plane = c->in_height * c->in_width;
  for (int64_t q = 0; q < c->in_channels; q++, x += c->in_depth * plane)
    for (int64_t kz = 0; kz < c->kernel_depth; kz++)
      for (int64_t ky = 0; ky < c->kernel_height; ky++)
        for (int64_t kx = 0; kx < c->kernel_width; kx++, columns += outs) {
          const REAL *from = columns;
          for (int64_t oz = 0; oz < c->out_depth; oz++)
            for (int64_t oy = 0; oy < c->out_height; oy++, from += c->out_width) {
              const int64_t iz = oz * c->stride_depth - c->pad_depth + kz * c->dilation_depth;
              const int64_t iy = oy * c->stride_height - c->pad_height + ky * c->dilation_height;
              if (iz < 0 || iz >= c->in_depth || iy < 0 || iy >= c->in_height) continue;
              REAL *to = x + iz * plane + iy * c->in_width;
              const int64_t shift = kx * c->dilation_width - c->pad_width;
              for (int64_t ox = 0; ox < c->out_width; ox++) {
                const int64_t ix = ox * c->stride_width + shift;
                if (ix >= 0 && ix < c->in_width) to[ix] += from[ox];
              }
            }
        }
}

static void NAME(take_columns)(const torus_conv *c, const REAL *x, REAL *columns) {
  const int64_t outs = c->out_depth * c->out_height * c->out_width;
  const int64_t plane = c->in_height * c->in_width;
  for (int64_t q = 0; q < c->in_channels; q++, x += c->in_depth * plane)
    for (int64_t kz = 0; kz < c->kernel_depth; kz++)
      for (int64_t ky = 0; ky < c->kernel_height; ky++)
        for (int64_t kx = 0; kx < c->kernel_width; kx++, columns += outs) {
          REAL *to = columns;
          for (int64_t oz = 0; oz < c->out_depth; oz++)
            for (int64_t oy = 0; oy < c->out_height; oy++, to += c->out_width) {
              const int64_t iz = oz * c->stride_depth - c->pad_depth + kz * c->dilation_depth;
              const int64_t iy = oy * c->stride_height - c->pad_height + ky * c->dilation_height;
              const bool inside = iz >= 0 && iz < c->in_depth && iy >= 0 && iy < c->in_height;
              const REAL *from = inside ? x + iz * plane + iy * c->in_width : 0;
              const int64_t shift = kx * c->dilation_width - c->pad_width;
              for (int64_t ox = 0; ox < c->out_width; ox++) {
                const int64_t ix = ox * c->stride_width + shift;
                to[ox] = from && ix >= 0 && ix < c->in_width ? from[ix] : 0;
              }
            }
        }
}

static void NAME(add_bias)(const REAL *x, const REAL *bias, REAL *y, int64_t n, int64_t channels,
                           int64_t spatial) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t c = 0; c < channels; c++, x += spatial, y += spatial) {
      const REAL b = bias[c];
      for (int64_t j = 0; j < spatial; j++) y[j] = x[j] + b;
    }
}

static void NAME(channel_sums)(const REAL *dy, REAL *sums, int64_t first, int64_t last, int64_t n,
                               int64_t channels, int64_t spatial) {
  if (spatial == 1) {
    for (int64_t c = first; c < last; c += LANES) {
      const int64_t part = torus_min(LANES, last - c);
      vec sum = SPLAT(0);
      for (int64_t i = 0; i < n; i++)
        sum += part == LANES ? NAME(load)(dy + i * channels + c)
                             : NAME(load_part)(dy + i * channels + c, part, 0);
      NAME(store_part)(sums + c, part, sum);
    }
    return;
  }
  for (int64_t c = first; c < last; c++) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
      const REAL *from = dy + (i * channels + c) * spatial;
      vec part = SPLAT(0), other = part;
      int64_t j = 0;
      for (; j + 2 * LANES <= spatial; j += 2 * LANES) {
        part += NAME(load)(from + j);
        other += NAME(load)(from + j + LANES);
      }
      part += other;
      REAL rest = 0;
      for (; j < spatial; j++) rest += from[j];
      sum += (double)(NAME(total)(part) + rest);
    }
    sums[c] = (REAL)sum;
  }
}
