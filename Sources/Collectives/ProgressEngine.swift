import CCollectives
import Foundation
import Synchronization

/// Drives every operation of a rank: by a thread of its own, and by whoever waits.
///
/// All calls into the transport happen under one lock. The communication thread sleeps while there
/// is nothing to do or while a waiting thread drives; it polls for a short while and then sleeps
/// between polls, so that it never takes a core from computation for long.
final class ProgressEngine: @unchecked Sendable {
  /// Held around everything that touches groups and messages.
  let progress = PosixLock()
  /// Held briefly to hand works over and to wake the thread.
  private let inbox = PosixLock()
  private var submitted: [Work] = []
  private var thread: Thread?
  private var asleep = false
  private var stopping = false

  /// What ranks tell each other about failures; nil where there is one rank.
  var watch: FailureWatch?

  // Under `progress`.
  private(set) var active: [ProcessGroup] = []
  var messages: [Work] = []
  /// What sends were lent that were given up.
  private var orphans: [Any] = []
  var observer: (any CollectiveObserver)? {
    didSet { isObserved.store(observer != nil, ordering: .releasing) }
  }

  private let isObserved = Atomic<Bool>(false)
  /// When the collective that `runAlone` runs was issued, where somebody observes; else 0.
  private var issuedAlone: UInt64 = 0
  let waiting = Atomic<Int>(0)
  let submissions = Atomic<Int>(0)
  let busy = Atomic<Bool>(false)

  /// Nanoseconds that the thread sleeps at most.
  let napLimit = Atomic<UInt64>(1_000_000_000)

  private let usesThread: Bool
  /// Whether the thread has a core to itself. Where it shares one with computation, that computation
  /// begins what it submits and polls along the way, and the thread looks in ever more rarely.
  let sparesCore: Bool

  init(usesThread: Bool, sparesCore: Bool) {
    self.usesThread = usesThread
    self.sparesCore = sparesCore
  }

  /// Runs `body` while nothing else touches the transport.
  func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
    try progress.locked(body)
  }

  // MARK: Handing over

  /// Takes on a work. Small ones, and all where the thread has no core to itself, are begun by the
  /// caller where it can be done without waiting, so that the others have this rank's part at once;
  /// the thread is woken for what is left to do.
  func submit(_ work: Work, small: Bool) {
    if work.group.isClosed {
      let reason = "\(work.operation): \(work.group.name) is closed"
      return work.finish(.invalid(rank: work.group.rank, reason: reason))
    }
    if isObserved.load(ordering: .acquiring) { work.issued = monotonicNanoseconds() }
    inbox.locked {
      schedule(work)
      submitted.append(work)
      submissions.add(1, ordering: .releasing)
      if usesThread && thread == nil && !stopping { start() }
    }
    var behind = true
    if small || !sparesCore, progress.tryLock() {
      advance()
      behind = !small || messages.count > 0 || active.contains { !$0.isLeftToOthers }
      progress.unlock()
      if work.isDone { return }
    }
    if behind { wake() }
  }

  /// Lists the work in the flight recorder until it begins. Under `inbox`.
  private func schedule(_ work: Work) {
    let handle = work.group.handle
    switch work.task {
    case .collective(var call):
      // A rank alone keeps no record of what it copies.
      if work.group.size > 1 { work.scheduled = torus_group_schedule(handle, &call) }
    case .message(_, let bytes, let peer, let tag) where tag <= ReservedTag.users:
      work.scheduled = torus_message_schedule(
        handle, bytes, Int32(peer), work.operation.kind == .receive ? 1 : 0)
    case .message: break
    }
  }

  /// Runs a collective to its end on the calling thread where nothing is ahead of it, without
  /// creating a `Work`. False where it was not begun.
  func runAlone(_ call: inout torus_collective, in group: ProcessGroup) -> Int32? {
    guard submissions.load(ordering: .acquiring) == 0, progress.tryLock() else { return nil }
    guard group.queue.isEmpty, group.failure == nil, submissions.load(ordering: .acquiring) == 0
    else {
      progress.unlock()
      return nil
    }
    issuedAlone = observer == nil ? 0 : monotonicNanoseconds()
    torus_group_record(group.handle, issuedAlone > 0 ? 1 : 0)
    var status = torus_group_start(group.handle, &call)
    if status == Status.pending && active.isEmpty && messages.isEmpty {
      status = torus_group_spin(group.handle, 50)
    }
    if status == Status.done {
      if let observer {
        let operation = group.operation(of: call)
        observer.operationEnded(
          group.record(of: operation, issued: issuedAlone, started: issuedAlone, error: nil))
        observer.threadWaited(for: operation, from: issuedAlone, to: monotonicNanoseconds())
      }
      progress.unlock()
      return status
    }
    // The lock stays taken: `adopt` makes a work of what has begun.
    return status
  }

  /// Continues what `runAlone` has begun, as the head of the group's queue, and releases the lock.
  func adopt(_ work: Work, status: Int32) {
    work.sequence = torus_group_sequence(work.group.handle)
    work.issued = issuedAlone
    work.started = issuedAlone
    work.group.queue.append(work)
    work.group.running = true
    if !active.contains(where: { $0 === work.group }) { active.append(work.group) }
    if status != Status.pending { settle(work.group, status: status) }
    note()
    progress.unlock()
  }

  /// Leaves what is under way, or was submitted meanwhile, to the thread.
  func wakeIfNeeded() {
    let isLeft =
      busy.load(ordering: .acquiring) || submissions.load(ordering: .acquiring) > 0
    if isLeft { wake() }
  }

  private func wake() {
    guard usesThread else { return }
    inbox.locked {
      if thread == nil && !stopping { start() }
      if asleep { inbox.signal() }
    }
  }

  // MARK: Progress, under `progress`

  private func drain() {
    guard submissions.load(ordering: .acquiring) > 0 else { return }
    let new = inbox.locked {
      let taken = submitted
      submitted.removeAll(keepingCapacity: true)
      submissions.store(0, ordering: .releasing)
      return taken
    }
    for work in new {
      if let failure = work.group.failure {
        abandon(work, failure)
      } else if case .message(let buffer, let bytes, let peer, let tag) = work.task {
        begin(work, buffer, bytes, peer, tag)
      } else {
        work.group.queue.append(work)
        if !active.contains(where: { $0 === work.group }) { active.append(work.group) }
      }
    }
  }

  private func begin(
    _ work: Work, _ buffer: UnsafeMutableRawPointer, _ bytes: Int, _ peer: Int, _ tag: Int
  ) {
    let handle = work.group.handle
    defer { _ = torus_flight_unschedule(work.group.flight.handle, work.scheduled) }
    work.message =
      work.operation.kind == .send
      ? torus_message_send(handle, buffer, bytes, Int32(peer), Int32(tag))
      : torus_message_receive(handle, buffer, bytes, Int32(peer), Int32(tag))
    if work.message == nil {
      work.finish(
        .invalid(
          rank: work.group.rank,
          reason: "\(work.operation): no memory, or more than one piece from any rank"))
    } else {
      messages.append(work)
    }
  }

  /// Polls everything once. True where something moved.
  @discardableResult
  func advance(spin: UInt64 = 0) -> Bool {
    drain()
    var moved = false
    if !messages.isEmpty { moved = advanceMessages() }
    let alone = active.count == 1 && messages.isEmpty
    for group in active {
      let before = torus_group_activity(group.handle)
      advance(group, spin: alone ? spin : 0)
      if torus_group_activity(group.handle) != before || group.queue.isEmpty { moved = true }
    }
    active.removeAll { $0.queue.isEmpty }
    note()
    return moved
  }

  private func note() {
    busy.store(!active.isEmpty || !messages.isEmpty, ordering: .releasing)
  }

  private func advance(_ group: ProcessGroup, spin: UInt64) {
    while let work = group.queue.first {
      var status: Int32
      if group.running {
        status = torus_group_poll(group.handle)
      } else if case .collective(var call) = work.task {
        group.running = true
        call.scheduled = work.scheduled
        torus_group_record(group.handle, work.issued > 0 ? 1 : 0)
        if work.issued > 0 { work.started = monotonicNanoseconds() }
        status = torus_group_start(group.handle, &call)
        work.sequence = torus_group_sequence(group.handle)
      } else {
        return
      }
      if status == Status.pending && spin > 0 { status = torus_group_spin(group.handle, spin) }
      if status == Status.pending { return }
      settle(group, status: status)
    }
  }

  /// Tells whoever observes that `work` is over.
  func report(_ work: Work, _ error: CollectiveError?) {
    let group = work.group
    observer?.operationEnded(
      group.record(
        of: group.described(work), issued: work.issued, started: work.started, error: error))
  }

  private func settle(_ group: ProcessGroup, status: Int32) {
    group.running = false
    guard let work = group.queue.popFirst() else { return }
    if status == Status.done {
      work.finish(nil)
    } else {
      let error =
        (status == Status.wrongSize ? toldMismatch(for: work, in: group) : nil)
        ?? group.error(for: work, status: status)
      fail(group, error, first: work)
      announce(error, in: group)
    }
  }

  /// Ends the group: what is queued, and what comes later, fails with the first error.
  func fail(_ group: ProcessGroup, _ error: CollectiveError, first: Work) {
    group.failure = error
    group.running = false
    torus_group_give_up(group.handle)
    first.finish(error)
    while let work = group.queue.popFirst() {
      if work !== first { abandon(work, error) }
    }
    withdrawMessages(of: group, error)
  }

  /// Gives up the messages of a group, or of all where nil.
  func withdrawMessages(of group: ProcessGroup?, _ error: CollectiveError) {
    for work in messages where group == nil || work.group === group { withdraw(work, error) }
    messages.removeAll { $0.isDone }
    note()
  }

  /// Ends a work that has not begun and never will: the recorder goes on listing it, since who reads
  /// that after a failure wants to see what was queued.
  private func abandon(_ work: Work, _ error: CollectiveError) {
    torus_flight_abandon(work.group.flight.handle, work.scheduled)
    work.finish(error)
  }

  func withdraw(_ work: Work, _ error: CollectiveError) {
    if let message = work.message {
      // MPI cannot take a send back: the receiver may still read what was lent.
      if work.operation.kind == .send { orphans.append(work.lent) }
      torus_message_free(message)
    }
    work.message = nil
    work.finish(error)
  }

  private func advanceMessages() -> Bool {
    var moved = false
    for work in messages {
      guard let message = work.message else { continue }
      var source: Int32 = -1
      var received: UInt64 = 0
      let status = torus_message_poll(message, &source, &received)
      if status == Status.pending { continue }
      moved = true
      work.message = nil
      torus_message_free(message)
      work.finish(
        status == Status.done ? nil : work.group.error(for: work, status: status),
        source: Int(source), bytes: Int(received))
    }
    if moved { messages.removeAll { $0.isDone } }
    return moved
  }

  // MARK: The thread

  private func start() {
    let thread = Thread { [self] in run() }
    thread.name = "torus.communication"
    thread.stackSize = 1 << 20
    self.thread = thread
    thread.start()
  }

  private func run() {
    torus_thread_sleep_finely()
    let fresh = sparesCore ? Backoff(patience: 50_000) : Backoff(patience: 0, share: 4)
    var backoff = fresh
    var looked: UInt64 = 0
    while true {
      inbox.lock()
      while !stopping
        && (waiting.load(ordering: .acquiring) > 0
          || (submitted.isEmpty && !busy.load(ordering: .acquiring)))
      {
        asleep = true
        // Now and then it looks for what was left to itself without a need to wake it.
        inbox.sleep(atMost: napLimit.load(ordering: .relaxed))
        asleep = false
        backoff = fresh
      }
      let stop = stopping
      if stop {
        thread = nil
        inbox.signal()
      }
      inbox.unlock()
      if stop { return }
      progress.lock()
      let moved = advance()
      let now = monotonicNanoseconds()
      if now > looked {
        looked = now &+ Self.quiet
        expireDropped(now: now)
      }
      progress.unlock()
      backoff.pause(moved: moved, now: now)
    }
  }

  /// Ends the thread. Nothing may be submitted afterwards.
  func stop() {
    inbox.locked {
      stopping = true
      while thread != nil {
        inbox.signal()
        inbox.sleep()
      }
    }
  }
}
