// A lock for sections of a few nanoseconds, and the CPU's hint for waiting loops.
#pragma once
#include <sched.h>
#include <stdatomic.h>

static inline void torus_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

typedef struct torus_spin_lock {
  _Atomic int held;
} torus_spin_lock;

static inline void torus_spin_acquire(torus_spin_lock *lock) {
  for (int turns = 0; atomic_exchange_explicit(&lock->held, 1, memory_order_acquire);) {
    while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
      // The holder may have lost its core: let it run.
      if (++turns > 200) {
        sched_yield();
      } else {
        torus_pause();
      }
    }
  }
}

static inline void torus_spin_release(torus_spin_lock *lock) {
  atomic_store_explicit(&lock->held, 0, memory_order_release);
}
