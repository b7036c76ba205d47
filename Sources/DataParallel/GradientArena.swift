import Collectives
import NN
import Tensors

/// The one block of memory in which all buckets of a model lie, whatever their plan.
///
/// It comes from the group, so that ranks of one node reduce buckets where they lie. It holds every
/// gradient once, and less than 128 bytes a parameter for alignment and for the numbers that tell which
/// were used. Rebuilt buckets take the same memory again. Once no rank holds it or a gradient in
/// it, the group's next arena gives it back.
struct GradientArena {
  private let buffer: SharedBuffer
  private var end = 0

  /// Blocks until all ranks have made theirs.
  init(_ parameters: [Parameter], _ group: ProcessGroup) throws {
    buffer = try group.lendBuffer(max(64, Self.byteCount(parameters)))
  }

  /// What any plan needs at most.
  static func byteCount(_ parameters: [Parameter]) -> Int {
    parameters.reduce(0) { $0 + aligned($1.count * $1.dtype.size) + 64 }
  }

  /// The size of the block.
  var byteCount: Int { buffer.count }

  /// Whether the node's other ranks read it where it lies.
  var isShared: Bool { buffer.isShared }

  /// The next cache lines.
  mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    defer { end += Self.aligned(bytes) }
    return buffer.pointer + end
  }

  /// Begins anew.
  mutating func reset() { end = 0 }

  /// What keeps the memory alive.
  var owner: AnyObject { buffer }

  /// A length rounded up to cache lines.
  static func aligned(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }
}
