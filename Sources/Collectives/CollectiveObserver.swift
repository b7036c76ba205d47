import CCollectives

/// One operation of this rank from its issue to its end. Times are nanoseconds of this machine's
/// monotonic clock (`ProcessGroup.now`).
public struct CollectiveRecord: Sendable {
  /// A piece of the operation: a segment of a pipelined algorithm, or a phase of a staged one.
  public struct Part: Sendable, Equatable {
    /// `segment 3`, `copy in`, `reduce` or `copy out`.
    public let name: String
    /// Parts of one lane follow each other; lanes run side by side.
    public let lane: Int
    /// When it ran, by ``ProcessGroup/now``.
    public let begin: UInt64, end: UInt64
  }

  /// The group that called it.
  public let group: String
  /// What was called.
  public let operation: CollectiveOperation
  /// When it was issued, when it came to the head of its group's queue and began, and when it
  /// ended, by ``ProcessGroup/now``; messages begin when they are issued.
  public let issued: UInt64, started: UInt64, ended: UInt64
  /// When every rank was known to have called it, so that what came before was waiting; nil where
  /// that cannot be told.
  public let agreed: UInt64?
  /// Its pieces, the first 512 at most.
  public let parts: [Part]
  /// Why it failed.
  public let error: CollectiveError?
}

/// Is told of a rank's operations as they end, on the thread that notices it, while the engine holds
/// its lock: it must be short and call nothing of the group.
public protocol CollectiveObserver: AnyObject, Sendable {
  /// An operation is over, well or badly.
  func operationEnded(_ record: CollectiveRecord)
  /// A thread of this rank was blocked by an operation.
  func threadWaited(for operation: CollectiveOperation, from begin: UInt64, to end: UInt64)
}

extension ProcessGroup {
  /// Nanoseconds of this machine's monotonic clock.
  public static var now: UInt64 { monotonicNanoseconds() }

  /// Is told of the operations of this rank, in this group and all others of its world, that are
  /// issued from now on; nil, as at first, for nobody, which costs nothing.
  public func observe(_ observer: (any CollectiveObserver)?) {
    engine.locked { engine.observer = observer }
  }

  /// What is known of the operation that ends now. Under the engine's lock.
  func record(
    of operation: CollectiveOperation, issued: UInt64, started: UInt64, error: CollectiveError?
  ) -> CollectiveRecord {
    let ended = monotonicNanoseconds()
    var agreed: UInt64 = 0
    var parts: [CollectiveRecord.Part] = []
    if operation.kind != .send && operation.kind != .receive && started > 0 {
      var count = 0
      let noted = UnsafeBufferPointer(
        start: torus_group_parts(handle, &count, &agreed), count: count)
      parts = noted.map {
        .init(name: $0.name, lane: Int($0.lane), begin: $0.begin, end: $0.end)
      }
    }
    return CollectiveRecord(
      group: name, operation: operation, issued: issued, started: started == 0 ? issued : started,
      ended: ended, agreed: agreed == 0 ? nil : agreed, parts: parts, error: error)
  }
}

extension torus_part {
  fileprivate var name: String {
    switch Int(kind) {
    case Int(TORUS_PART_COPY_IN): "copy in"
    case Int(TORUS_PART_REDUCE): "reduce"
    case Int(TORUS_PART_COPY_OUT): "copy out"
    default: "segment \(segment)"
    }
  }
}
