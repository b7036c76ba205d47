/// A block of memory that tensors and their views share.
///
/// Ownership rule, which makes `@unchecked Sendable` true: tensors, which are not `Sendable`, keep a
/// storage on the thread that uses them; a thread that is lent one (the communication thread)
/// touches its bytes only between the hand-over and the completion it reports, while the lender
/// leaves them alone.
public final class Storage: @unchecked Sendable {
  /// The first byte, aligned to 64 bytes unless the memory was handed in.
  package let pointer: UnsafeMutableRawPointer

  /// The length in bytes.
  public let byteCount: Int

  /// Where the bytes lie.
  public let device = Device.cpu

  /// How often the bytes were overwritten in place. A value saved for the backward pass remembers
  /// it, and reading the value after a change stops with a message instead of a wrong gradient.
  public package(set) var version: UInt32 = 0

  /// What error messages call this memory: a parameter's name where it has one.
  public var label: String?

  private let owner: AnyObject?

  /// Uninitialised memory from the caching allocator.
  public init(byteCount: Int) {
    guard let memory = Kernel.allocate(byteCount) else {
      fail("Storage", "out of memory: \(byteCount) bytes could not be allocated")
    }
    pointer = memory
    self.byteCount = byteCount
    owner = nil
  }

  /// Memory of someone else, such as a gradient bucket's, kept alive by `owner`.
  public init(pointer: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.owner = owner
  }

  deinit {
    if owner == nil { Kernel.free(pointer, byteCount) }
  }
}
