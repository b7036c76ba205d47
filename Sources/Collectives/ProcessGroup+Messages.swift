import CCollectives

/// Point-to-point messages. Tags are 0 to 32,000; messages between two ranks with one tag arrive in
/// the order in which they were sent.
extension ProcessGroup {
  /// Starts sending; the buffer must stay alive until the work is done.
  public func isend(
    buffer: UnsafeRawPointer, count: Int, dtype: DType, to peer: Int, tag: Int = 0,
    label: String = ""
  ) -> Work {
    message(
      .send, UnsafeMutableRawPointer(mutating: buffer), count, dtype, peer, tag, label)
  }

  /// Starts receiving exactly `count` elements from `peer`, or from any rank where nil (then at most
  /// 1 GiB); `Work.source` says from whom.
  public func irecv(
    buffer: UnsafeMutableRawPointer, count: Int, dtype: DType, from peer: Int?, tag: Int = 0,
    label: String = ""
  ) -> Work {
    message(.receive, buffer, count, dtype, peer, tag, label)
  }

  /// Sends values and blocks until they are on their way; long messages wait for the receiver.
  public func send<Element: CollectiveElement>(
    _ values: [Element], to peer: Int, tag: Int = 0, label: String = "",
    timeout: Duration? = nil
  ) throws(CollectiveError) {
    var values = values
    let count = values.count
    try withBytes(of: &values) { (bytes: UnsafeMutableRawPointer) throws(CollectiveError) in
      try isend(
        buffer: bytes, count: count, dtype: Element.dtype, to: peer, tag: tag, label: label
      ).wait(timeout: timeout)
    }
  }

  /// Receives `count` values from `peer`, or from any rank where nil, and blocks until they are
  /// there.
  public func receive<Element: CollectiveElement>(
    _ type: Element.Type = Element.self, count: Int, from peer: Int?, tag: Int = 0,
    label: String = "", timeout: Duration? = nil
  ) throws(CollectiveError) -> (values: [Element], source: Int) {
    // A negative count is the message's error.
    var values = [Element](repeating: .blank, count: max(count, 0))
    var source = -1
    try withBytes(of: &values) { (bytes: UnsafeMutableRawPointer) throws(CollectiveError) in
      let work = irecv(
        buffer: bytes, count: count, dtype: Element.dtype, from: peer, tag: tag,
        label: label)
      try work.wait(timeout: timeout)
      source = work.source ?? -1
    }
    return (values, source)
  }

  private func message(
    _ kind: CollectiveOperation.Kind, _ buffer: UnsafeMutableRawPointer, _ count: Int,
    _ dtype: DType, _ named: Int?, _ tag: Int, _ label: String
  ) -> Work {
    // The shim's number for any rank.
    let peer = named ?? -1
    let operation = CollectiveOperation(
      rank: rank, sequence: 0, kind: kind, type: dtype, count: count, root: peer, label: label)
    let (bytes, isTooLong) = count.multipliedReportingOverflow(by: dtype.size)
    let work = Work(
      group: self,
      task: .message(buffer: buffer, bytes: bytes, peer: peer, tag: tag),
      operation: operation)
    if let named, !(0..<size).contains(named) {
      work.finish(
        .invalid(rank: rank, reason: "\(operation): there is no rank \(named) among \(size)"))
    } else if !(0...ReservedTag.users).contains(tag) || count < 0 || isTooLong {
      work.finish(
        .invalid(rank: rank, reason: "\(operation): tag \(tag) or count \(count) out of range"))
    } else {
      engine.submit(work, small: work.isBrief)
    }
    return work
  }

  /// A message of the library's own, whose memory lives as long as it is under way.
  func reserved(
    _ kind: CollectiveOperation.Kind, _ buffer: UnsafeMutableRawPointer, _ bytes: Int, peer: Int,
    tag: Int, lending memory: AnyObject? = nil, label: String = "monitored barrier"
  ) -> Work {
    let work = Work(
      group: self, task: .message(buffer: buffer, bytes: bytes, peer: peer, tag: tag),
      operation: CollectiveOperation(
        rank: rank, sequence: 0, kind: kind, type: .uint8, count: bytes, root: peer,
        label: label), keepAlive: memory)
    engine.submit(work, small: true)
    return work
  }
}

/// One message of a batch.
public enum BatchedMessage {
  /// See `ProcessGroup.isend`.
  case send(UnsafeRawPointer, count: Int, dtype: DType, to: Int, tag: Int = 0)
  /// See `ProcessGroup.irecv`.
  case receive(UnsafeMutableRawPointer, count: Int, dtype: DType, from: Int?, tag: Int = 0)
}

extension ProcessGroup {
  /// Starts many messages: all receives before all sends, so that rings and exchanges cannot
  /// deadlock. The works are in the order of `messages`.
  public func batch(_ messages: [BatchedMessage], label: String = "") -> [Work] {
    var works = [Work?](repeating: nil, count: messages.count)
    for (i, message) in messages.enumerated() {
      if case .receive(let buffer, let count, let dtype, let source, let tag) = message {
        works[i] = irecv(
          buffer: buffer, count: count, dtype: dtype, from: source, tag: tag, label: label)
      }
    }
    for (i, message) in messages.enumerated() {
      if case .send(let buffer, let count, let dtype, let target, let tag) = message {
        works[i] = isend(
          buffer: buffer, count: count, dtype: dtype, to: target, tag: tag, label: label)
      }
    }
    return works.compactMap { $0 }
  }
}
