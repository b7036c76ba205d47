// Sorting for one kind of key: K the type, F(name) its functions, LESS the order (by key alone: places
// never break ties), DIGITS the number that radix sorting goes by. Included by keys.c.

static void F(insertion)(K *keys, int64_t n) {
  for (int64_t i = 1; i < n; i++) {
    K x = keys[i];
    int64_t j = i;
    for (; j > 0 && LESS(x, keys[j - 1]); j--) keys[j] = keys[j - 1];
    keys[j] = x;
  }
}

static inline void F(swap)(K *keys, int64_t i, int64_t j) {
  K x = keys[i];
  keys[i] = keys[j];
  keys[j] = x;
}

// MARK: Stable

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

void F(stable_sort)(K *keys, K *scratch, int64_t n, int32_t bits) {
  if (n <= 32) {
    F(insertion)(keys, n);
  } else if (n < RADIX_FROM || n > UINT32_MAX) {
    F(merge_sort)(keys, scratch, n);
  } else {
    F(radix_sort)(keys, scratch, n, bits);
  }
}

// MARK: As GNU's C++ library leaves equal elements (std::sort, std::nth_element, std::partial_sort)

/// Lets the hole at `place` of the heap keys[0 ..< n] sink to a leaf along the larger children, then
/// lifts `x` from there.
static void F(heap_sink)(K *keys, int64_t place, int64_t n, K x) {
  int64_t top = place, child = 2 * place + 2;
  for (; child < n; child = 2 * place + 2) {
    if (LESS(keys[child], keys[child - 1])) child--;
    keys[place] = keys[child];
    place = child;
  }
  if (child == n) {
    keys[place] = keys[n - 1];
    place = n - 1;
  }
  for (int64_t up = (place - 1) / 2; place > top && LESS(keys[up], x); up = (place - 1) / 2) {
    keys[place] = keys[up];
    place = up;
  }
  keys[place] = x;
}

/// Brings the k smallest to the front, as a heap with the largest of them at 0.
static void F(heap_select)(K *keys, int64_t n, int64_t k) {
  for (int64_t i = k / 2 - 1; i >= 0; i--) F(heap_sink)(keys, i, k, keys[i]);
  for (int64_t i = k; i < n; i++) {
    K x = keys[i];
    if (!LESS(x, keys[0])) continue;
    keys[i] = keys[0];
    F(heap_sink)(keys, 0, k, x);
  }
}

/// Brings the k smallest to the front, in order.
static void F(heap_sort)(K *keys, int64_t n, int64_t k) {
  F(heap_select)(keys, n, k);
  for (int64_t last = k - 1; last > 0; last--) {
    K x = keys[last];
    keys[last] = keys[0];
    F(heap_sink)(keys, 0, last, x);
  }
}

/// Parts keys[low ..< high] at the median of its second, middle and last element, which goes to the
/// front; returns where the larger part begins.
static int64_t F(partition)(K *keys, int64_t low, int64_t high) {
  int64_t a = low + 1, b = low + (high - low) / 2, c = high - 1, median;
  if (LESS(keys[a], keys[b])) {
    median = LESS(keys[b], keys[c]) ? b : LESS(keys[a], keys[c]) ? c : a;
  } else {
    median = LESS(keys[a], keys[c]) ? a : LESS(keys[b], keys[c]) ? c : b;
  }
  F(swap)(keys, low, median);
  K pivot = keys[low];
  for (int64_t i = low + 1, j = high;; i++) {
    while (LESS(keys[i], pivot)) i++;
    do j--; while (LESS(pivot, keys[j]));
    if (i >= j) return i;
    F(swap)(keys, i, j);
  }
}

/// Quicksort down to runs of 16; ranges that part badly `depth` times become heaps.
static void F(intro_runs)(K *keys, int64_t low, int64_t high, int32_t depth) {
  for (; high - low > 16; depth--) {
    if (depth == 0) {
      F(heap_sort)(keys + low, high - low, high - low);
      return;
    }
    int64_t cut = F(partition)(keys, low, high);
    F(intro_runs)(keys, cut, high, depth - 1);
    high = cut;
  }
}

void F(unstable_sort)(K *keys, int64_t n) {
  if (n > 1) F(intro_runs)(keys, 0, n, 2 * log2_floor(n));
  F(insertion)(keys, n);
}

/// Brings the k smallest to the front, the largest of them to k - 1.
static void F(intro_select)(K *keys, int64_t n, int64_t k) {
  int64_t low = 0, high = n;
  for (int32_t depth = 2 * log2_floor(n); high - low > 3; depth--) {
    if (depth == 0) {
      F(heap_select)(keys + low, high - low, k - low);
      F(swap)(keys, low, k - 1);
      return;
    }
    int64_t cut = F(partition)(keys, low, high);
    if (cut < k) low = cut;
    else high = cut;
  }
  F(insertion)(keys + low, high - low);
}

void F(top)(K *keys, int64_t n, int64_t k, bool sorted) {
  if (k * 64 <= n) {
    F(heap_sort)(keys, n, k);
  } else {
    F(intro_select)(keys, n, k);
    if (sorted) F(unstable_sort)(keys, k - 1);
  }
}

// MARK: As PyTorch's own selection leaves them

void F(kth)(K *keys, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1, target = k - 1;
  while (high > low + 1) {
    // The median of three to `low`, between a smaller one at low + 1 and a larger one at high.
    F(swap)(keys, low + (high - low) / 2, low + 1);
    if (LESS(keys[high], keys[low + 1])) F(swap)(keys, low + 1, high);
    if (LESS(keys[high], keys[low])) F(swap)(keys, low, high);
    if (LESS(keys[low], keys[low + 1])) F(swap)(keys, low + 1, low);
    int64_t i = low + 1, j = high;
    K pivot = keys[low];
    while (true) {
      do i++; while (LESS(keys[i], pivot));
      do j--; while (LESS(pivot, keys[j]));
      if (j < i) break;
      F(swap)(keys, i, j);
    }
    F(swap)(keys, low, j);
    if (j <= target) low = i;
    if (j >= target) high = j - 1;
  }
  if (high == low + 1 && LESS(keys[high], keys[low])) F(swap)(keys, low, high);
}
