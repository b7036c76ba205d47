// What belongs to a thread rather than to the process: ranks may be threads of one process.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  /// Whether operations record themselves for the backward pass.
  bool grad_enabled;
  /// Whether results that gradients read are kept although they are cheaply computed again.
  bool keeps_results;
  /// Non-zero where something watches operations (anomaly mode, profiler, autocast, capture): the
  /// slow path of Tensor.record looks further only then.
  uint32_t watchers;
  /// The order in which operations were recorded on this thread.
  uint64_t sequence;
  /// Numbers the backward walks of this thread, and how many of them are under way: a gradient may
  /// walk a graph itself.
  uint64_t walk;
  uint32_t walk_depth;
  /// Whether the walk under way hands gradients to leaves, rather than to whoever asked for some.
  bool walk_accumulates;
  /// The thread's own random generator (an unretained object), or null for the process's.
  void *_Nullable generator;
  /// Observers of backward walks (an object), or null.
  void *_Nullable observers;
  /// The innermost region of mixed precision (an unretained object), or null.
  void *_Nullable autocast;
  /// The module that computes, and the outermost one around it (unretained objects), or null.
  void *_Nullable module, *_Nullable outermost_module;
} torus_thread_state;

/// This thread's state; created on first use with gradients enabled.
torus_thread_state *_Nonnull torus_thread(void);
