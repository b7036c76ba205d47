import Synchronization

/// A block of memory that tensors and their views share.
///
/// Ownership rule, which makes `@unchecked Sendable` true: tensors, which are not `Sendable`, keep a
/// storage on the thread that uses them; a thread that is lent one (the communication thread)
/// touches its bytes only between the hand-over and the completion it reports, while the lender
/// leaves them alone.
public final class Storage: @unchecked Sendable {
  /// The first byte, aligned to 64 bytes unless the memory was handed in. It may be another one after
  /// the memory was away: see ``StorageSource``.
  package var pointer: UnsafeMutableRawPointer {
    @inline(__always) get { source == nil ? address : fetched() }
  }

  private var address: UnsafeMutableRawPointer

  /// The length in bytes.
  public let byteCount: Int

  /// Where the bytes lie.
  public let device = Device.cpu

  /// How often the bytes were overwritten in place. A value saved for the backward pass remembers
  /// it, and reading the value after a change stops with a message instead of a wrong gradient.
  public package(set) var version: UInt32 = 0

  /// What error messages call this memory: a parameter's name where it has one.
  public var label: String?

  private var owner: AnyObject?

  /// Who has the memory; nil where it is this storage's own.
  package private(set) var source: (any StorageSource)?

  /// Uninitialised memory from the caching allocator.
  public init(byteCount: Int) {
    guard let memory = Kernel.allocate(byteCount) else { Self.outOfMemory(byteCount) }
    address = memory
    self.byteCount = byteCount
    owner = nil
  }

  /// Memory of someone else, such as a gradient bucket's, kept alive by `owner`.
  public init(pointer: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
    address = pointer
    self.byteCount = byteCount
    self.owner = owner
  }

  /// Without memory until it is asked for: then it is that of a tensor that is made at that moment, of as many
  /// bytes and without anything else in it.
  package init(byteCount: Int, postponed make: @escaping () -> Tensor) {
    address = Self.nowhere
    self.byteCount = byteCount
    owner = nil
    source = PostponedValues(make)
  }

  /// What stands for the address of memory that is still to be made; nobody reads it.
  nonisolated(unsafe) private static let nowhere = UnsafeMutableRawPointer.allocate(
    byteCount: 64, alignment: 64)

  /// Stops with the name of what asked for memory, which is looked for only now.
  @inline(never)
  private static func outOfMemory(_ byteCount: Int) -> Never {
    let caller = Failure.places ? Origin().called : nil
    let (inUse, cached, _) = Kernel.memory
    fail(
      caller ?? "Storage",
      "out of memory: \(byteCount) bytes could not be allocated; tensors have \(inUse), and \(cached) are kept "
        + "for the next ones")
  }

  deinit {
    if owner == nil && source == nil { Kernel.free(address, byteCount) }
  }
}

/// Who keeps the memory of storages that have none of their own, such as those of parameters whose
/// numbers are spread over ranks.
package protocol StorageSource: AnyObject {
  /// Where a storage's bytes lie now, brought back where they were away, or a stop that says why they
  /// cannot be. No memory goes away meanwhile: an operation may hold addresses of other operands.
  func memory(of storage: Storage) -> UnsafeMutableRawPointer
  /// A storage is about to be read, at a moment at which nobody holds an address.
  func willRead()
}

/// Whether some storage of the process has a source: what walks ask before they look at each.
package let storagesHaveSources = Atomic<Bool>(false)

extension Storage {
  /// Gives this storage's own memory up: from now on its bytes are where a source says.
  package func hand(over source: any StorageSource) {
    storagesHaveSources.store(true, ordering: .relaxed)
    become(source)
  }

  private func become(_ source: any StorageSource) {
    require(self.source == nil, "Storage", "\(label ?? "it") has given its memory up already")
    if owner == nil { Kernel.free(address, byteCount) }
    owner = nil
    self.source = source
  }

  /// Gives this storage's own memory up until it is asked for: then it is that of a tensor that is made at that
  /// moment, of as many bytes and without anything else in it.
  package func postpone(_ make: @escaping () -> Tensor) {
    let values = PostponedValues(make)
    // Walks need not tell it that it is about to be read.
    if isPostponed { source = values } else { become(values) }
  }

  /// Whether its values have yet to be made.
  package var isPostponed: Bool { source is PostponedValues }

  /// Has the values made now, where they were postponed.
  package func settle() {
    guard let postponed = source as? PostponedValues else { return }
    take(postponed.make().storage)
  }

  /// Gets memory again without values in it, where they were postponed.
  package func forgetPostponed() {
    if source is PostponedValues { take(Storage(byteCount: byteCount)) }
  }

  private func take(_ other: Storage) {
    require(other.byteCount == byteCount, "Storage", "\(other.byteCount) bytes for \(byteCount)")
    address = other.pointer
    owner = other
    source = nil
  }

  @inline(never)
  private func fetched() -> UnsafeMutableRawPointer {
    guard let source else { return address }
    return source.memory(of: self)
  }
}

/// Values that are made where they are first read, or never, where they are written before.
final class PostponedValues: StorageSource {
  let make: () -> Tensor

  init(_ make: @escaping () -> Tensor) { self.make = make }

  func memory(of storage: Storage) -> UnsafeMutableRawPointer {
    storage.settle()
    return storage.pointer
  }

  func willRead() {}
}
