import Foundation
import Synchronization

/// Who waits drives, and what nobody waits for has its time as well.
extension ProgressEngine {
  /// Nanoseconds of waiting before, and between, looks at what other ranks tell of failures.
  static let quiet: UInt64 = 10_000_000

  /// Polls once, from computation that shares its core with the thread.
  func helpAlong() {
    if !sparesCore && busy.load(ordering: .acquiring) { help() }
  }

  /// Polls once where nobody else does.
  func help() {
    guard progress.tryLock() else { return }
    advance()
    progress.unlock()
  }

  /// Drives everything until `work` is done; one that is not when the time has passed has failed.
  func wait(for work: Work, timeout: Duration) {
    let begin = monotonicNanoseconds()
    drive(for: timeout, spin: 40, until: { work.isDone }) { isLate in
      if isLate { expire(work, seconds: Double(timeout.nanoseconds) / 1e9) }
      observer?.threadWaited(
        for: work.group.described(work), from: begin, to: monotonicNanoseconds())
    }
  }

  /// Drives everything until `isOver` or the time has passed.
  ///
  /// - Parameters:
  ///   - spin: Microseconds to poll at a time where one group alone has something under way.
  ///   - isOver: Asked under the progress lock.
  ///   - conclude: Called under it at the end, with whether the time has passed.
  func drive(
    for timeout: Duration, spin: UInt64 = 0, until isOver: () -> Bool,
    conclude: (_ isLate: Bool) -> Void = { _ in }
  ) {
    waiting.add(1, ordering: .acquiringAndReleasing)
    let limit = timeout.nanoseconds
    let begin = monotonicNanoseconds()
    var backoff = Backoff(patience: 200_000)
    var looked = begin &+ Self.quiet
    var isLate = false
    progress.lock()
    while !isOver() {
      let moved = advance(spin: spin)
      if isOver() { break }
      let now = monotonicNanoseconds()
      isLate = now &- begin > limit
      if isLate { break }
      if now > looked {
        looked = now &+ Self.quiet
        heedNotices()
        expireDropped(now: now)
      }
      progress.unlock()
      backoff.pause(moved: moved, now: now)
      progress.lock()
    }
    conclude(isLate)
    progress.unlock()
    let left = waiting.subtract(1, ordering: .acquiringAndReleasing).newValue
    if left == 0 { wakeIfNeeded() }
  }

  /// Ends works that nobody holds any more and that have not ended within their group's time: nobody
  /// will wait for them, and what comes after them in the group would wait for ever.
  func expireDropped(now: UInt64) {
    for group in active {
      let limit = group.options.timeout
      if let work = group.queue.expired(now: now, limit: limit.nanoseconds) {
        give(up: work, in: group, seconds: limit.seconds)
      }
    }
    let expired = messages.indices.filter { i in
      // A send that nobody has received yet does no harm, and cannot be taken back.
      guard messages[i].operation.kind != .send else { return false }
      let isHeld = !isKnownUniquelyReferenced(&messages[i])
      let limit = messages[i].group.options.timeout.nanoseconds
      return messages[i].isExpired(isHeld: isHeld, now: now, limit: limit)
    }
    for work in expired.map({ messages[$0] }) {
      expire(work, seconds: work.group.options.timeout.seconds)
    }
  }

  /// Lets the thread sleep no longer than a part of the shortest time that works are given.
  func heedTimeout(_ timeout: Duration) {
    let part = min(max(timeout.nanoseconds / 4, 20_000_000), 1_000_000_000)
    if part < napLimit.load(ordering: .relaxed) { napLimit.store(part, ordering: .relaxed) }
  }

  private func expire(_ work: Work, seconds: Double) {
    let group = work.group
    guard case .collective = work.task else {
      let peer = work.operation.root
      withdraw(
        work,
        .timeout(
          group: group.name, operation: work.operation, seconds: seconds,
          missing: peer >= 0 ? [peer] : []))
      messages.removeAll { $0 === work }
      return
    }
    // What runs is what holds everything behind it up.
    give(up: group.running ? group.queue.first ?? work : work, in: group, seconds: seconds)
  }
}
