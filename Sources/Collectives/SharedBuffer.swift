import CCollectives

/// Memory for collectives, from `ProcessGroup.allocateBuffer`.
///
/// In a group that shares memory it is this rank's segment of a window that all ranks of the node
/// can reach, so that an all-reduce of it copies nothing. Between collectives it belongs to this
/// rank alone. It lives until `free` or the end of the process.
public final class SharedBuffer: @unchecked Sendable {
  /// 64-byte aligned, zero at first.
  public let pointer: UnsafeMutableRawPointer
  /// Bytes.
  public let count: Int
  /// Whether the node's other ranks can reach it.
  public let isShared: Bool
  private let group: ProcessGroup
  // Under the engine's progress lock.
  private var freed = false

  init(pointer: UnsafeMutableRawPointer, count: Int, isShared: Bool, group: ProcessGroup) {
    self.pointer = pointer
    self.count = count
    self.isShared = isShared
    self.group = group
  }

  /// Gives the memory back. Every rank of the group must call it; blocks until all have.
  public func free() throws(CollectiveError) {
    try group.barrier(label: "free a buffer of \(count) bytes")
    group.engine.locked {
      if !freed { torus_buffer_destroy(group.handle, pointer) }
      freed = true
    }
  }
}

/// A buffer that goes by itself once no rank holds it.
struct LentBuffer {
  let pointer: UnsafeMutableRawPointer
  weak var buffer: SharedBuffer?
}

extension ProcessGroup {
  /// Allocates memory as `allocateBuffer` does, which goes without `free`: the first call of this
  /// method after all ranks have let go of their `SharedBuffer` gives it back. Every rank must call
  /// it with the same size; blocks until all have.
  package func lendBuffer(_ bytes: Int) throws(CollectiveError) -> SharedBuffer {
    // All ranks have borrowed alike, so that places in the list match.
    var held = engine.locked { lent.map { $0.buffer == nil ? 0 : 1 } }
    if !held.isEmpty { held = try allReduce(held, op: .maximum, label: "buffers in use") }
    engine.locked {
      for place in held.indices.reversed() where held[place] == 0 {
        torus_buffer_destroy(handle, lent.remove(at: place).pointer)
      }
    }
    let buffer = try allocateBuffer(bytes)
    engine.locked { lent.append(LentBuffer(pointer: buffer.pointer, buffer: buffer)) }
    return buffer
  }

  /// Buffers of `lendBuffer` that have not been given back.
  package var lentBuffers: Int { engine.locked { lent.count } }

  /// Allocates memory for collectives: in a window that the node's ranks share where the group can,
  /// else plain memory. Every rank must call it with the same size; blocks until all have.
  public func allocateBuffer(_ bytes: Int) throws(CollectiveError) -> SharedBuffer {
    guard bytes >= 0 else {
      throw .invalid(rank: rank, reason: "a buffer of \(bytes) bytes was asked for")
    }
    try barrier(label: "allocate \(bytes) bytes")
    let pointer = engine.locked { torus_buffer_create(handle, bytes) }
    guard let pointer else {
      throw .invalid(
        rank: rank,
        reason: "no memory for a buffer of \(bytes) bytes"
          + (topology.sharesMemory ? "; shared memory lies in /dev/shm: make it larger" : ""))
    }
    let shared = engine.locked { torus_buffer_is_shared(handle, pointer) != 0 }
    return SharedBuffer(pointer: pointer, count: bytes, isShared: shared, group: self)
  }
}
