import CCollectives

/// Messages of the library's own use tags above the users'.
enum ReservedTag {
  static let last = 32_767
  static let arrival = 32_767
  static let verdict = 32_766
  static let notice = 32_765
  /// The highest tag of users.
  static let users = Int(TORUS_USER_TAGS)
}

extension ProcessGroup {
  /// A barrier that says who is missing: every rank reports to rank 0, which waits at most `timeout`.
  ///
  /// A rank's calls are numbered, and a call meets the others' of the same number only: a rank that
  /// comes late learns that the barrier was over, rather than meeting the next one. The group stays
  /// usable by the ranks that came.
  /// - Parameters:
  ///   - timeout: How long rank 0 waits; the group's `timeout` where nil.
  ///   - waitAllRanks: Whether the error names all missing ranks or only the first.
  ///   - label: What messages call it.
  /// - Throws: `CollectiveError.timeout` on rank 0, on all ranks that came, and on those that come
  ///   late; where rank 0 itself is missing, the others' error names it after twice the time, and
  ///   rank 0's names those that have left by then.
  /// - Complexity: Two messages per rank, p of each at rank 0. Blocks.
  public func monitoredBarrier(
    timeout: Duration? = nil, waitAllRanks: Bool = false, label: String = ""
  ) throws(CollectiveError) {
    if isClosed {
      throw .invalid(rank: rank, reason: "monitored barrier: \(name) is closed")
    }
    let limit = timeout ?? options.timeout
    let number = engine.locked { rollCall.begin(size: size) }
    if size == 1 { return }
    var operation = CollectiveOperation(
      rank: rank, sequence: 0, kind: .barrier, type: .uint8, count: 0, root: 0,
      label: label.isEmpty ? "monitored barrier" : label, step: flight.step)
    let missing: [Int]
    if rank == 0 {
      missing = try callRoll(number, limit: limit)
    } else if let told = try answerRoll(number, limit: limit + limit) {
      missing = told
    } else {
      let seconds = (limit + limit).seconds
      throw .timeout(group: name, operation: operation, seconds: seconds, missing: [0])
    }
    guard let first = missing.first else { return }
    if missing.contains(rank) { operation.label += ", to which this rank came too late," }
    throw .timeout(
      group: name, operation: operation, seconds: limit.seconds,
      missing: waitAllRanks ? missing : [first])
  }

  /// Rank 0's part: notes who comes, and tells everybody who did not.
  private func callRoll(_ number: UInt64, limit: Duration) throws(CollectiveError) -> [Int] {
    var isConfirmed = false
    engine.drive(for: limit) {
      rollCall.collect(from: handle)
      if failure != nil { return true }
      guard (1..<size).allSatisfy({ rollCall.isDecided($0, number) }) else { return false }
      // Who gave up long ago may have said so right behind its arrival: one more look.
      defer { isConfirmed = true }
      return isConfirmed
    }
    let (broken, missing) = engine.locked {
      (failure, (1..<size).filter { !rollCall.isPresent($0, number) })
    }
    if let broken { throw broken }
    let verdict = Parcel(number, flags: (0..<size).map { missing.contains($0) ? 1 : 0 })
    for peer in 1..<size { post(verdict, to: peer, tag: ReservedTag.verdict) }
    return missing
  }

  /// The other ranks' part; nil where rank 0 did not answer in time.
  private func answerRoll(_ number: UInt64, limit: Duration) throws(CollectiveError) -> [Int]? {
    let clock = ContinuousClock()
    let end = clock.now + limit
    post(Parcel(number, flags: [0]), to: 0, tag: ReservedTag.arrival)
    while true {
      let verdict = Parcel(0, flags: [UInt8](repeating: 0, count: size))
      do throws(CollectiveError) {
        try reserved(
          .receive, verdict.pointer, verdict.count, peer: 0, tag: ReservedTag.verdict,
          lending: verdict
        ).wait(timeout: max(.zero, clock.now.duration(to: end)))
      } catch {
        guard case .timeout = error else { throw error }
        post(Parcel(number, flags: [1]), to: 0, tag: ReservedTag.arrival)
        return nil
      }
      // One that came after this rank had given up waiting for it belongs to an earlier call.
      if verdict.number == number { return (0..<size).filter { verdict.flag($0) != 0 } }
    }
  }

  /// Sends what the message itself keeps alive; nobody waits for it.
  private func post(_ parcel: Parcel, to peer: Int, tag: Int) {
    _ = reserved(.send, parcel.pointer, parcel.count, peer: peer, tag: tag, lending: parcel)
  }
}

/// A group's monitored barriers: how many this rank has called and, at rank 0, who has come to which.
/// Under the engine's progress lock.
struct RollCall {
  private var number: UInt64 = 0
  /// By rank, the newest barrier that it came to, and the newest that it gave up waiting in.
  private var arrived: [UInt64] = [], left: [UInt64] = []
  private var arriving: [(message: OpaquePointer, parcel: Parcel)] = []

  /// The number of the barrier that begins.
  mutating func begin(size: Int) -> UInt64 {
    if arrived.isEmpty {
      arrived = [UInt64](repeating: 0, count: size)
      left = arrived
    }
    number += 1
    return number
  }

  func isPresent(_ rank: Int, _ number: UInt64) -> Bool {
    arrived[rank] >= number && left[rank] < number
  }

  /// Whether `rank` is there or will not come any more.
  func isDecided(_ rank: Int, _ number: UInt64) -> Bool {
    arrived[rank] >= number || left[rank] >= number
  }

  /// Takes the arrivals that have come.
  mutating func collect(from group: OpaquePointer) {
    let tag = Int32(ReservedTag.arrival)
    var source: Int32 = -1
    var bytes: UInt64 = 0
    while torus_message_probe(group, tag, &source, &bytes) == Status.done {
      let parcel = Parcel(0, flags: [0])
      guard
        let message = torus_message_receive(group, parcel.pointer, parcel.count, source, tag)
      else { break }
      arriving.append((message, parcel))
    }
    arriving.removeAll { entry in
      let status = torus_message_poll(entry.message, &source, &bytes)
      if status == Status.pending { return false }
      torus_message_free(entry.message)
      guard status == Status.done else { return true }
      let rank = Int(source), number = entry.parcel.number
      if entry.parcel.flag(0) == 0 {
        arrived[rank] = max(arrived[rank], number)
      } else {
        left[rank] = max(left[rank], number)
      }
      return true
    }
  }
}

/// A barrier's number, and flags behind it.
private final class Parcel {
  let pointer: UnsafeMutableRawPointer
  let count: Int

  init(_ number: UInt64, flags: [UInt8]) {
    count = 8 + flags.count
    pointer = .allocate(byteCount: count, alignment: 16)
    pointer.storeBytes(of: number, as: UInt64.self)
    for (i, flag) in flags.enumerated() {
      pointer.storeBytes(of: flag, toByteOffset: 8 + i, as: UInt8.self)
    }
  }

  deinit { pointer.deallocate() }

  var number: UInt64 { pointer.load(as: UInt64.self) }
  func flag(_ i: Int) -> UInt8 { pointer.load(fromByteOffset: 8 + i, as: UInt8.self) }
}

extension Duration {
  var seconds: Double { Double(nanoseconds) / 1e9 }
}
