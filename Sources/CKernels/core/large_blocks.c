// Large blocks lie in one stretch of reserved addresses, as ranges of whole grains. What is free is kept in order
// of its address, and neighbours become one range; a block is cut from the range that fits best. So memory serves
// blocks of any size in turn, which lists by size do not let it: ResNet-18's step, at whose peak 394 MB are in use,
// took 547 MB with eight sizes per doubling.
//
// A free range is held, which means that a block was there and its memory is still the process's, or it is fresh:
// the system backs it with zeros when it is first written. Held memory is taken before fresh memory.
#include "large_blocks.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spin.h"

/// A multiple of every system's page.
static const size_t grain = (size_t)64 << 10;
static const size_t huge_page = (size_t)2 << 20;
/// What is reserved at once where addresses are scarce (RLIMIT_AS).
static const size_t small_reservation = (size_t)64 << 20;

typedef struct range {
  char *start;
  size_t size;
  bool held;
} range;

static torus_spin_lock lock;
static range *ranges;
static size_t count, capacity;
static size_t held_bytes, limit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) & ~(unit - 1); }

size_t torus_large_size(size_t bytes) { return round_up(bytes, grain); }

static size_t physical_memory(void) {
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : (size_t)16 << 30;
}

static void before_fork(void) { torus_spin_acquire(&lock); }
static void after_fork(void) { torus_spin_release(&lock); }

static void start(void) {
  pthread_atfork(before_fork, after_fork, after_fork);
  torus_spin_acquire(&lock);
  if (limit == 0) limit = physical_memory() / 4;
  torus_spin_release(&lock);
}

// MARK: Free ranges

/// The first range that does not lie before an address.
static size_t place_of(const char *address) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (ranges[middle].start < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

static void remove_ranges(size_t first, size_t number) {
  memmove(ranges + first, ranges + first + number, (count - first - number) * sizeof *ranges);
  count -= number;
}

/// Adds a free range and joins it with neighbours of its kind. Where there is no memory to note it down, it is lost.
static void add(char *start, size_t size, bool held) {
  size_t at = place_of(start);
  if (held) held_bytes += size;
  bool joins_last = at > 0 && ranges[at - 1].held == held &&
                    ranges[at - 1].start + ranges[at - 1].size == start;
  bool joins_next = at < count && ranges[at].held == held && start + size == ranges[at].start;
  if (joins_last) {
    ranges[at - 1].size += size;
    if (joins_next) {
      ranges[at - 1].size += ranges[at].size;
      remove_ranges(at, 1);
    }
  } else if (joins_next) {
    ranges[at].start = start;
    ranges[at].size += size;
  } else {
    if (count == capacity) {
      size_t more = capacity ? 2 * capacity : 256;
      range *grown = realloc(ranges, more * sizeof *ranges);
      if (!grown) return;
      ranges = grown;
      capacity = more;
    }
    memmove(ranges + at + 1, ranges + at, (count - at) * sizeof *ranges);
    ranges[at] = (range){start, size, held};
    count++;
  }
}

/// Where a block of `size` bytes is best cut from: the first of neighbouring ranges that hold it together, with
/// the least fresh memory and then the least room. Returns `count` for nowhere.
static size_t best_place(size_t size, size_t *fresh) {
  size_t best = count, best_fresh = SIZE_MAX, best_room = SIZE_MAX;
  for (size_t i = 0, next; i < count; i = next) {
    size_t room = 0, new_bytes = 0;
    for (next = i; next < count && (next == i || ranges[next].start == ranges[i].start + room);
         next++) {
      size_t missing = size > room ? size - room : 0;
      size_t taken = missing < ranges[next].size ? missing : ranges[next].size;
      if (!ranges[next].held) new_bytes += taken;
      room += ranges[next].size;
    }
    if (room < size) continue;
    if (new_bytes < best_fresh || (new_bytes == best_fresh && room < best_room)) {
      best = i;
      best_fresh = new_bytes;
      best_room = room;
    }
  }
  *fresh = best_fresh;
  return best;
}

// MARK: The system

/// Maps addresses without memory: at `fixed`, or anywhere.
static char *map_nothing(char *fixed, size_t size) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (fixed ? MAP_FIXED : 0);
  return mmap(fixed, size, PROT_NONE, flags, -1, 0);
}

/// Reserves addresses for a block at least, which cost no memory.
static bool reserve(size_t size) {
  size_t wanted = round_up(size > physical_memory() ? size : physical_memory(), huge_page);
  char *base = MAP_FAILED;
  for (int tries = 0; tries < 2 && base == MAP_FAILED; tries++) {
    if (tries == 1) wanted = round_up(size, small_reservation);
    base = map_nothing(NULL, wanted + huge_page);
  }
  if (base == MAP_FAILED) return false;
  char *aligned = (char *)round_up((size_t)base, huge_page);
  add(aligned, wanted, false);
  return true;
}

/// Lets fresh memory be written. Whole huge pages are, so that the system can give such.
static bool open_range(char *start, size_t size) {
  char *from = (char *)((size_t)start & ~(huge_page - 1));
  size_t span = round_up((size_t)(start + size - from), huge_page);
  if (mprotect(from, span, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef MADV_HUGEPAGE
  madvise(from, span, MADV_HUGEPAGE);
#endif
  return true;
}

/// Gives the memory of a free range back; its addresses stay reserved.
static bool close_range(char *start, size_t size) {
  return map_nothing(start, size) != MAP_FAILED;
}

// MARK: The interface

void *torus_large_take(size_t bytes, size_t *added) {
  pthread_once(&once, start);
  if (bytes > SIZE_MAX / 4) return NULL;
  size_t size = torus_large_size(bytes), fresh;
  torus_spin_acquire(&lock);
  size_t at = best_place(size, &fresh);
  if (at == count && reserve(size)) at = best_place(size, &fresh);
  char *block = at < count ? ranges[at].start : NULL;
  for (size_t i = at, done = 0; block && fresh > 0 && done < size; i++) {
    size_t part = size - done < ranges[i].size ? size - done : ranges[i].size;
    if (!ranges[i].held && !open_range(ranges[i].start, part)) block = NULL;
    done += part;
  }
  if (block) {
    size_t left = size, whole = 0;
    for (; left > 0 && ranges[at + whole].size <= left; whole++) {
      left -= ranges[at + whole].size;
      if (ranges[at + whole].held) held_bytes -= ranges[at + whole].size;
    }
    if (left > 0) {
      ranges[at + whole].start += left;
      ranges[at + whole].size -= left;
      if (ranges[at + whole].held) held_bytes -= left;
    }
    remove_ranges(at, whole);
    *added = fresh;
  }
  torus_spin_release(&lock);
  return block;
}

size_t torus_large_give(void *block, size_t bytes) {
  size_t size = torus_large_size(bytes);
  torus_spin_acquire(&lock);
  bool held = held_bytes + size <= limit || !close_range(block, size);
  add(block, size, held);
  torus_spin_release(&lock);
  return held ? 0 : size;
}

size_t torus_large_trim(void) {
  size_t given = 0;
  torus_spin_acquire(&lock);
  // From the end on, since what becomes fresh may join what lies behind it.
  for (size_t i = count; i-- > 0;) {
    range old = ranges[i];
    if (!old.held || !close_range(old.start, old.size)) continue;
    remove_ranges(i, 1);
    held_bytes -= old.size;
    given += old.size;
    add(old.start, old.size, false);
  }
  torus_spin_release(&lock);
  return given;
}

void torus_large_set_limit(size_t bytes) {
  pthread_once(&once, start);
  torus_spin_acquire(&lock);
  limit = bytes;
  torus_spin_release(&lock);
}
