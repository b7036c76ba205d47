import CCollectives
import Foundation
import Synchronization

/// What a training rank is doing.
public enum RunPhase: Int32, Sendable, CaseIterable {
  /// Starting: nothing is said of it.
  case none = 0
  /// Building the model and joining the others.
  case start
  /// Waiting for a batch.
  case data
  /// The forward pass.
  case forward
  /// The backward pass.
  case backward
  /// A collective outside of the backward pass.
  case collective
  /// The optimizer's step.
  case optimizer
  /// Judging held-out records.
  case evaluation
  /// Writing or reading a checkpoint.
  case checkpoint

  /// The name in messages.
  public var name: String { self == .none ? "" : "\(self)" }
}

/// A recorded operation: what it was, and how it stands.
public struct RecordedOperation: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Its number in the recorder, from 1.
  public var number: UInt64
  /// The name of its group.
  public var group: String
  /// What it was.
  public var operation: CollectiveOperation
  /// `scheduled` until it begins, then `pending`, at last `done`, `mismatch` or `failed`.
  public var state: String
  /// Nanoseconds of the monotonic clock at its issue, begin and end, 0 for what has not happened. A
  /// scheduled one that has an end will never begin, since its group failed.
  public var issued: UInt64, begun: UInt64, ended: UInt64
  /// Seconds since what happened last, when it was read.
  public var seconds: Double

  /// Such as `all-reduce of fc1.weight f32[512] (operation 7 of world), pending for 5.0 s`.
  public var description: String {
    var text = "\(operation)"
    if operation.sequence > 0 { text += " (operation \(operation.sequence) of \(group))" }
    let isOpen = isPending || isScheduled
    return text + ", \(state) " + (isOpen ? "for \(brief(seconds))" : "\(brief(seconds)) ago")
  }

  /// Whether it is still under way.
  public var isPending: Bool { state == "pending" }
  /// Whether it was issued and has not begun.
  public var isScheduled: Bool { state == "scheduled" }

  init(_ record: torus_flight_record, now: UInt64) {
    number = record.number
    group = text(of: record.group)
    operation = CollectiveOperation(record)
    state = String(cString: torus_status_name(record.status))
    (issued, begun, ended) = (record.issued, record.begun, record.ended)
    let since = begun == 0 ? issued : ended > 0 ? ended : begun
    seconds = now > since ? Double(now - since) / 1e9 : 0
  }
}

/// A rank's last operations, and the step and phase that it is in; see `World.Options.records`.
///
/// A recorder of a rank on the same node can be read whatever has become of that rank.
public struct FlightRecorder: @unchecked Sendable {
  // The memory lives as long as the world; writing is the owner's, under its progress lock.
  let handle: OpaquePointer

  /// The training step, 0 where there is none.
  public var step: Int { Int(torus_flight_step(handle)) }
  /// What the rank is doing.
  public var phase: RunPhase { RunPhase(rawValue: torus_flight_phase(handle)) ?? .none }
  /// How many operations were recorded so far.
  public var count: UInt64 { torus_flight_newest(handle) }
  /// How many are kept.
  public var capacity: Int { Int(torus_flight_records(handle)) }

  /// The last operations that have begun, oldest first.
  /// - Parameters:
  ///   - limit: At most so many.
  ///   - number: Only those after this one.
  public func operations(last limit: Int = .max, after number: UInt64 = 0) -> [RecordedOperation] {
    let newest = count
    let kept = UInt64(min(limit, capacity))
    let first = max(newest > kept ? newest - kept + 1 : 1, number + 1)
    guard first <= newest else { return [] }
    let now = torus_clock()
    return (first...newest).compactMap { number in
      var record = torus_flight_record()
      guard torus_flight_read(handle, number, &record) != 0 else { return nil }
      return RecordedOperation(record, now: now)
    }
  }

  /// What was issued and has not begun, in order of issue: as many as are kept, or `limit`.
  public func scheduled(first limit: Int = .max) -> [RecordedOperation] {
    let now = torus_clock()
    var found: [RecordedOperation] = []
    var record = torus_flight_record()
    var number: UInt64 = 0
    while found.count < limit {
      number = torus_flight_next(handle, number, &record)
      if number == 0 { break }
      found.append(RecordedOperation(record, now: now))
    }
    return found
  }

  /// How many operations were issued and have not begun, those for which there was no room included.
  public var scheduledCount: Int { scheduled().count + Int(torus_flight_unlisted(handle)) }

  /// Writes it as JSON, which ``FlightDump`` reads.
  /// - Parameters:
  ///   - path: The file to write.
  ///   - rank: Whose it is.
  ///   - worldSize: The number of ranks.
  ///   - reason: Why it is written.
  public func write(to path: String, rank: Int, worldSize: Int, reason: String)
    throws(CollectiveError)
  {
    let code = reason.withCString { reason in
      var source = torus_flight_source(
        rank: Int32(rank), size: Int32(worldSize), writer: Int32(rank), reason: reason)
      return torus_flight_write(handle, &source, path)
    }
    if code != 0 {
      throw .invalid(
        rank: rank, reason: "\(path) cannot be written: \(String(cString: strerror(code)))")
    }
  }

  func mark(step: Int, phase: RunPhase) {
    torus_flight_mark(handle, Int32(truncatingIfNeeded: step), phase.rawValue)
  }
}

extension ProcessGroup {
  /// This rank's recorder, the same for all its groups.
  public var recorder: FlightRecorder { flight }

  /// Says what this rank is doing, for messages about failures: the step counted from 1, and the
  /// phase. Costs two stores.
  public func mark(step: Int, _ phase: RunPhase) { flight.mark(step: step, phase: phase) }
}

extension World {
  /// The recorder of this rank, or of another one on the same node where ranks share memory.
  public func flight(of rank: Int? = nil) -> FlightRecorder? {
    torus_group_flight(group.handle, Int32(rank ?? self.rank)).map { FlightRecorder(handle: $0) }
  }

  /// From now on failures, fatal signals and `request` write this rank's recorder to
  /// `folder/rank-R.json`; those who outlive others write theirs where they can be reached.
  ///
  /// The folder is made at the first failure, within one that must exist by then.
  public func recordFailures(in folder: String, request signal: Int32? = nil) {
    torus_fatal_folder(folder)
    FlightFolder.path.withLock { $0 = folder }
    if let signal { torus_fatal_write_on(signal) }
  }
}

/// Where this process's failures are recorded.
enum FlightFolder {
  static let path = Mutex<String?>(nil)

  /// Whether another rank has written this one's recorder a moment ago, since it did not answer: what
  /// that shows is worth more than what this one has done since it woke up.
  static func isTaken(rank: Int) -> Bool {
    guard let folder = path.withLock({ $0 }),
      let dump = try? FlightDump.read(folder).first(where: { $0.rank == rank })
    else { return false }
    return dump.writtenBy != rank
      && Date().timeIntervalSince1970 - Double(dump.timeNs) / 1e9 < 60
  }
}

extension CollectiveOperation {
  init(_ record: torus_flight_record) {
    self.init(
      rank: Int(record.rank), sequence: record.sequence,
      kind: Kind(rawValue: record.kind) ?? .barrier,
      type: DType(code: record.dtype),
      reduction: ReduceOp(rawValue: record.reduction) ?? .sum, count: Int(record.count),
      root: Int(record.root), label: text(of: record.label), step: Int(record.step))
    algorithm = kind == .allReduce ? AllReduceAlgorithm(code: record.algorithm) : nil
  }
}

/// A C array of characters up to its end; what a cut left of a character shows as U+FFFD.
func text<Characters>(of characters: Characters) -> String {
  withUnsafeBytes(of: characters) { bytes in
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

/// `0.25 s`, `41 s`.
func brief(_ seconds: Double) -> String {
  let digits = seconds < 1 ? 100.0 : seconds < 10 ? 10 : 1
  let rounded = (seconds * digits).rounded() / digits
  return rounded == rounded.rounded() ? "\(Int(rounded)) s" : "\(rounded) s"
}
