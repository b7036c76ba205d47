/// The memory of tensors that exist now, in bytes, rounded up to the allocator's sizes
/// (`torch.cuda.memory_allocated`). Memory that was handed in, such as a mapped file's, does not count.
public func memoryAllocated() -> Int { Kernel.memory.inUse }

/// The most memory that tensors took at once since the start, or since ``resetPeakMemoryStats()``, in
/// bytes (`torch.cuda.max_memory_allocated`). Threads keep small blocks of their own, up to 64 KiB each,
/// which come into it late.
public func maxMemoryAllocated() -> Int { Kernel.memory.peak }

/// The memory that the allocator holds, in bytes: that of tensors, and blocks that it keeps for the next
/// ones (`torch.cuda.memory_reserved`).
public func memoryReserved() -> Int {
  let memory = Kernel.memory
  return memory.inUse + memory.cached
}

/// Begins ``maxMemoryAllocated()`` anew from what is in use (`torch.cuda.reset_peak_memory_stats`).
public func resetPeakMemoryStats() { Kernel.resetPeakMemory() }

/// Gives the blocks that are kept for the next tensors back to the system
/// (`torch.cuda.empty_cache`); those that other threads keep for themselves stay.
public func emptyCache() { Kernel.trimMemory() }
