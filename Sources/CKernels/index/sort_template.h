// Sorting and selection for one kind of key: K the type, F(name) its functions, LESS the order,
// DIGITS the number that radix sorting goes by. Included by keys.c.

static void F(insertion)(K *keys, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    K x = keys[i];
    int64_t j = i;
    for (; j > 0 && LESS(x, keys[j - 1]); j--) keys[j] = keys[j - 1];
    keys[j] = x;
  }
}

/// Runs of 16 by insertion, then merged pairwise, back and forth between both buffers.
static void F(merge_sort)(K *keys, K *scratch, int64_t n) {
  enum { RUN = 16 };
  for (int64_t i = 0; i < n; i += RUN) F(insertion)(keys + i, n - i < RUN ? n - i : RUN);
  K *from = keys, *to = scratch;
  for (int64_t width = RUN; width < n; width *= 2) {
    for (int64_t i = 0; i < n; i += 2 * width) {
      int64_t middle = i + width < n ? i + width : n;
      int64_t end = i + 2 * width < n ? i + 2 * width : n;
      int64_t a = i, b = middle, k = i;
      while (a < middle && b < end) {
        bool second = LESS(from[b], from[a]);
        to[k++] = second ? from[b] : from[a];
        b += second;
        a += !second;
      }
      memcpy(to + k, from + a, (size_t)(middle - a) * sizeof(K));
      memcpy(to + k + (middle - a), from + b, (size_t)(end - b) * sizeof(K));
    }
    K *t = from;
    from = to;
    to = t;
  }
  if (from != keys) memcpy(keys, from, (size_t)n * sizeof(K));
}

/// From the lowest byte up; bytes that are the same everywhere are skipped.
static void F(radix_sort)(K *keys, K *scratch, int64_t n, int32_t bits) {
  int32_t bytes = bits / 8;
  uint32_t counts[8][256];
  memset(counts, 0, (size_t)bytes * sizeof counts[0]);
  for (int64_t i = 0; i < n; i++) {
    uint64_t x = DIGITS(keys[i]);
    for (int32_t b = 0; b < bytes; b++) counts[b][(x >> (8 * b)) & 255]++;
  }
  K *from = keys, *to = scratch;
  for (int32_t b = 0; b < bytes; b++) {
    uint32_t *count = counts[b], sum = 0;
    if (count[(DIGITS(from[0]) >> (8 * b)) & 255] == (uint32_t)n) continue;
    for (int32_t v = 0; v < 256; v++) {
      uint32_t c = count[v];
      count[v] = sum;
      sum += c;
    }
    for (int64_t i = 0; i < n; i++) to[count[(DIGITS(from[i]) >> (8 * b)) & 255]++] = from[i];
    K *t = from;
    from = to;
    to = t;
  }
  if (from != keys) memcpy(keys, from, (size_t)n * sizeof(K));
}

void F(sort)(K *keys, K *scratch, int64_t n, int32_t bits, bool in_place_order) {
  if (n <= 32) {
    F(insertion)(keys, n);
  } else if (n < RADIX_FROM || n > UINT32_MAX || !in_place_order) {
    F(merge_sort)(keys, scratch, n);
  } else {
    F(radix_sort)(keys, scratch, n, bits);
  }
}

/// Hoare's selection with the median of three; keys are distinct, as places are.
void F(select)(K *keys, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1, target = k - 1;
  while (high - low > 24) {
    int64_t middle = low + (high - low) / 2;
    K a = keys[low], b = keys[middle], c = keys[high];
    K pivot = LESS(a, b) ? (LESS(b, c) ? b : LESS(a, c) ? c : a)
                         : (LESS(a, c) ? a : LESS(b, c) ? c : b);
    int64_t i = low, j = high;
    while (i <= j) {
      while (LESS(keys[i], pivot)) i++;
      while (LESS(pivot, keys[j])) j--;
      if (i <= j) {
        K t = keys[i];
        keys[i++] = keys[j];
        keys[j--] = t;
      }
    }
    if (target <= j) {
      high = j;
    } else if (target >= i) {
      low = i;
    } else {
      return;
    }
  }
  F(insertion)(keys + low, high - low + 1);
}
