import CCollectives
import Foundation

/// Where a rank stands, as it tells the others when something fails.
struct RankStatus: Codable, Sendable {
  /// The world's rank.
  var rank: Int
  var step: Int
  var phase: String
  /// The newest operation that it has begun in the group in question.
  var reached: UInt64
  /// Its last operations, oldest first.
  var operations: [RecordedOperation]
  /// The first that it has issued and not begun, and how many there are.
  var scheduled: [RecordedOperation]
  var scheduledCount: Int

  /// - Parameter group: The group's name.
  init(rank: Int, _ flight: FlightRecorder, group: String) {
    self.rank = rank
    step = flight.step
    phase = flight.phase.name
    let all = flight.operations()
    // Records keep the first bytes of long names.
    let kept = Array(group.utf8.prefix(Int(TORUS_FLIGHT_GROUP_BYTES) - 1))
    reached =
      all.last { $0.operation.sequence > 0 && Array($0.group.utf8) == kept }?.operation.sequence
      ?? 0
    operations = all.suffix(3)
    // What another group queued, or left behind when it failed, explains nothing here.
    let waiting = flight.scheduled().filter { Array($0.group.utf8) == kept }
    scheduled = Array(waiting.prefix(3))
    scheduledCount = waiting.count
  }
}

/// What ranks tell each other when something fails, beside the operations themselves: short messages
/// of the world's group, looked for only by who has waited for a while.
///
/// Everything here happens under the engine's progress lock.
final class FailureWatch {
  struct Notice: Codable {
    enum Kind: String, Codable {
      /// The ranks called different things; `mine` and `theirs` are what the sender saw.
      case mismatch
      /// The sender gave up waiting after `seconds`.
      case timeout
      /// An answer to that from a rank that waits for something else.
      case status
      /// The sender has said what is wrong, and is about to end.
      case farewell
    }
    var kind: Kind
    /// The group's identity, and its name in messages.
    var group: String, name: String
    var seconds = 0.0
    var mine: CollectiveOperation?
    var theirs: CollectiveOperation?
    var status: RankStatus
  }

  let rank: Int
  let size: Int
  let world: OpaquePointer
  private let flight: FlightRecorder
  private var messages: [(handle: OpaquePointer, memory: UnsafeMutableRawPointer, bytes: Int)] = []
  private var arriving: [(handle: OpaquePointer, memory: UnsafeMutableRawPointer, bytes: Int)] = []
  /// What each rank said last, by the world's rank, and for the group of which identity.
  private(set) var statuses: [Int: (group: String, status: RankStatus)] = [:]
  /// By the group's identity.
  private(set) var mismatches: [String: Notice] = [:]
  private(set) var farewells: Set<Int> = []
  private var answered: Set<String> = []

  init(world: OpaquePointer, rank: Int, size: Int, flight: FlightRecorder) {
    self.world = world
    self.rank = rank
    self.size = size
    self.flight = flight
  }

  /// Sends to other ranks of the world; nothing is waited for.
  func tell(
    _ kind: Notice.Kind, of group: ProcessGroup, to ranks: some Sequence<Int>,
    seconds: Double = 0, mine: CollectiveOperation? = nil, theirs: CollectiveOperation? = nil
  ) {
    tell(
      kind, group: group.identity, name: group.name, to: ranks, seconds: seconds, mine: mine,
      theirs: theirs)
  }

  private func tell(
    _ kind: Notice.Kind, group: String, name: String, to ranks: some Sequence<Int>,
    seconds: Double = 0, mine: CollectiveOperation? = nil, theirs: CollectiveOperation? = nil
  ) {
    let notice = Notice(
      kind: kind, group: group, name: name, seconds: seconds, mine: mine, theirs: theirs,
      status: RankStatus(rank: rank, flight, group: name))
    guard let data = try? JSONEncoder().encode(notice) else { return }
    for peer in ranks where peer != rank {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: data.count, alignment: 16)
      data.withUnsafeBytes { bytes in
        if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: data.count) }
      }
      guard
        let message = torus_message_send(
          world, memory, data.count, Int32(peer), Int32(ReservedTag.notice))
      else {
        memory.deallocate()
        continue
      }
      messages.append((message, memory, data.count))
    }
    flush()
  }

  /// Answers once that this rank waits for something else.
  func answer(_ notice: Notice, ranks: [Int]) {
    guard answered.insert(notice.group).inserted else { return }
    tell(.status, group: notice.group, name: notice.name, to: ranks)
  }

  /// The notices that have come since the last call.
  func heed() -> [Notice] {
    flush()
    var source: Int32 = -1
    var bytes: UInt64 = 0
    while torus_message_probe(world, Int32(ReservedTag.notice), &source, &bytes) == Status.done {
      let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, Int(bytes)), alignment: 16)
      guard
        let message = torus_message_receive(
          world, memory, Int(bytes), source, Int32(ReservedTag.notice))
      else {
        memory.deallocate()
        break
      }
      arriving.append((message, memory, Int(bytes)))
    }
    var notices: [Notice] = []
    arriving.removeAll { entry in
      var status = Status.pending
      guard isOver(entry.handle, &status) else { return false }
      defer { entry.memory.deallocate() }
      guard status == Status.done,
        let notice = try? JSONDecoder().decode(
          Notice.self, from: Data(bytes: entry.memory, count: entry.bytes))
      else { return true }
      statuses[notice.status.rank] = (notice.group, notice.status)
      if notice.kind == .farewell { farewells.insert(notice.status.rank) }
      if notice.kind == .mismatch { mismatches[notice.group] = notice }
      notices.append(notice)
      return true
    }
    return notices
  }

  /// Drops messages that have gone.
  private func flush() {
    messages.removeAll { entry in
      var status = Status.pending
      guard isOver(entry.handle, &status) else { return false }
      entry.memory.deallocate()
      return true
    }
  }

  private func isOver(_ message: OpaquePointer, _ status: inout Int32) -> Bool {
    var source: Int32 = -1
    var bytes: UInt64 = 0
    status = torus_message_poll(message, &source, &bytes)
    if status == Status.pending { return false }
    torus_message_free(message)
    return true
  }

  /// Withdraws what nobody took, before the world's group goes. After a failure what was told stays to
  /// be read by who comes late, and its memory with it.
  func close(afterFailure: Bool) {
    for entry in (afterFailure ? [] : messages) + arriving {
      torus_message_free(entry.handle)
      entry.memory.deallocate()
    }
    messages = []
    arriving = []
  }
}
