import Collectives
import Foundation

/// Measures what ranks of this machine cost each other, with some of them at work.
struct Calibration {
  /// Those at work; everybody in it does the same at the same time.
  let group: ProcessGroup

  private static let sizes = [4, 1 << 10, 16 << 10, 128 << 10, 1 << 20, 4 << 20]

  /// Every rank of the group must call it; the same result on all.
  /// - Parameter compute: How much longer computation takes under this load.
  func measure(compute: Double) throws -> MachineCost {
    MachineCost(
      messages: group.size > 1 ? try messages() : LinkCost(latency: 0, perByte: 0),
      adding: try adding(),
      shared: group.size > 1 ? try shared() : LinkCost(latency: 0, perByte: 0),
      compute: compute)
  }

  /// Half a round trip between neighbours, all pairs at once.
  private func messages() throws -> LinkCost {
    let peer = group.rank ^ 1
    let buffers = (0..<2).map { _ in
      UnsafeMutableRawPointer.allocate(byteCount: 4 << 20, alignment: 4096)
    }
    defer { buffers.forEach { $0.deallocate() } }
    for buffer in buffers { memset(buffer, 0, 4 << 20) }
    return LinkCost(
      fitting: try Self.sizes.map { bytes in
        let seconds = try median(bytes) {
          guard peer < group.size else { return }
          func send() throws {
            try group.isend(buffer: buffers[0], count: bytes, dtype: .uint8, to: peer).wait()
          }
          func receive() throws {
            try group.irecv(buffer: buffers[1], count: bytes, dtype: .uint8, from: peer).wait()
          }
          if group.rank < peer {
            try send()
            try receive()
          } else {
            try receive()
            try send()
          }
        }
        return (bytes, seconds / 2)
      })
  }

  /// Whole all-reduces in the shared window.
  private func shared() throws -> LinkCost {
    guard group.supports(.sharedMemory, .float32, .sum) else {
      return LinkCost(latency: 0, perByte: 0)
    }
    let buffer = try group.allocateBuffer(4 << 20)
    let link = LinkCost(
      fitting: try Self.sizes.map { bytes in
        (
          bytes,
          try median(bytes) {
            try group.allReduceAndWait(
              buffer: buffer.pointer, count: bytes / 4, dtype: .float32, algorithm: .sharedMemory)
          }
        )
      })
    try buffer.free()
    return link
  }

  /// γ: adding a segment of a ring to another, all ranks at once.
  private func adding() throws -> Double {
    let bytes = 512 << 10
    let buffers = (0..<2).map { _ in
      UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 4096)
    }
    defer { buffers.forEach { $0.deallocate() } }
    for buffer in buffers { memset(buffer, 0, bytes) }
    let seconds = try median(bytes) {
      ReduceOp.sum.combine(buffers[0], with: buffers[1], count: bytes / 4, dtype: .float32)
    }
    return seconds / Double(bytes)
  }

  /// The median time of `body` over some rounds, of the slowest rank.
  private func median(_ bytes: Int, _ body: () throws -> Void) throws -> Double {
    let inner = bytes <= 16 << 10 ? 50 : bytes <= 256 << 10 ? 10 : 2
    for _ in 0..<3 { try body() }
    let times = try (0..<15).map { _ in
      try group.barrier()
      let begin = ProcessGroup.now
      for _ in 0..<inner { try body() }
      return Double(ProcessGroup.now - begin) / 1e9 / Double(inner)
    }
    return try group.allReduce(times, op: .maximum).sorted()[times.count / 2]
  }
}
