import Collectives
import Foundation

/// The trace of a run: what all ranks recorded, on one clock, in one file that rank 0 writes.
///
/// Clocks are compared at the beginning and at the end of the run. At the end all ranks hand their
/// events over in pieces, so that no rank ever holds more than a piece of each other rank's.
///
/// Meanwhile each rank writes its part beside it, on the clock of the beginning. A run that fails has
/// no such end: who fails, and who is told to end, puts the parts together, without the others; see
/// `TraceParts`.
public struct TraceFile {
  /// Bytes that a rank hands over at a time.
  static let pieceBytes = 64 << 10

  private let path: String
  private let part: TracePart?
  private let timeline: Timeline
  private let group: ProcessGroup
  private let began: ClockSample
  private let origin: Double

  /// Begins this rank's part and compares the clocks. Blocks until all ranks have called it.
  ///
  /// - Throws: `RunLogError` on rank 0 where the file cannot be written.
  public init(_ path: String, _ timeline: Timeline, group: ProcessGroup) throws {
    self.path = path
    self.timeline = timeline
    self.group = group
    let parts = TraceParts(of: path)
    if group.rank == 0 { try Self.prepare(parts) }
    began = try group.clockSample()
    // Rank 0's time goes to everybody as a whole number.
    origin = Double(try group.broadcast([Int(clamping: began.time)], label: "trace origin")[0])
    timeline.observe(group)
    let encoder = TraceEncoder(
      [], dropped: 0, rank: group.rank, name: Self.name(group), clock: ClockLine(began, began),
      origin: origin)
    if group.rank != 0 {
      // On another host the folder may be missing. Without a part only a failed run lacks this rank.
      try? FileManager.default.createDirectory(
        atPath: parts.folder, withIntermediateDirectories: true)
    }
    do {
      part = try TracePart(
        parts, timeline, rank: group.rank, worldSize: group.size, encoder)
    } catch {
      if group.rank == 0 { throw error }
      part = nil
    }
  }

  private static func name(_ group: ProcessGroup) -> String {
    "rank \(group.rank) on \(ProcessInfo.processInfo.hostName)"
  }

  private static func unfinished(_ path: String) -> String { path + ".part" }

  /// Makes room for parts; those that a run left which was killed become a trace before they go.
  private static func prepare(_ parts: TraceParts) throws(RunLogError) {
    let files = FileManager.default
    if parts.areUnmade, parts.bytes <= TraceParts.automaticBytes {
      _ = try? parts.merge(because: "killed")
    }
    try? files.removeItem(atPath: parts.folder)
    do {
      try files.createDirectory(atPath: parts.folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotOpen(parts.folder, errno: errno == 0 ? EACCES : errno)
    }
  }

  private static func open(_ path: String) throws(RunLogError) -> FileHandle {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw .cannotOpen(path, errno: errno == 0 ? EACCES : errno) }
    return file
  }

  /// Ends the recording and writes the file. Every rank must call it; blocks until all have.
  ///
  /// - Parameter facts: What rank 0 says about the run.
  /// - Throws: `RunLogError` on rank 0, or a collective's error.
  public func finish(_ facts: MetricValues = [:]) throws {
    timeline.end()
    part?.endInOrder()
    let ended = try group.clockSample()
    let (events, dropped) = timeline.recorded
    var encoder = TraceEncoder(
      events, dropped: dropped, rank: group.rank,
      name: Self.name(group), clock: ClockLine(began, ended), origin: origin)
    let file = group.rank == 0 ? try Self.open(Self.unfinished(path)) : nil
    let clocks = try group.allGather(
      [began.offset, ended.offset, max(began.roundTrip, ended.roundTrip) / 2], label: "clocks")
    try write(#"{"displayTimeUnit":"ms","traceEvents":[\#n"#, to: file)
    var isFirst = true
    while true {
      let pieces = try group.gather(encoder.next(Self.pieceBytes), label: "trace")
      for piece in pieces ?? [] where !piece.isEmpty {
        if !isFirst { try write(",\n", to: file) }
        isFirst = false
        try write(Data(piece), to: file)
      }
      if try group.allReduce(encoder.isDone ? 0 : 1, op: .maximum, label: "trace") == 0 { break }
    }
    var facts = facts
    facts["world_size"] = .integer(group.size)
    facts["clock_offsets_us"] = .text(
      clocks.map { String(format: "%.1f…%.1f", $0[0] / 1e3, $0[1] / 1e3) }.joined(separator: " "))
    facts["clock_error_us"] = .number((clocks.map { $0[2] }.max() ?? 0) / 1e3)
    try write("\n],\n\"otherData\":\(facts.json)}\n", to: file)
    if let file {
      try? file.close()
      guard rename(Self.unfinished(path), path) == 0 else {
        throw RunLogError.cannotWrite(path, errno: errno)
      }
    }
    part?.end()
  }

  private func write(_ text: String, to file: FileHandle?) throws(RunLogError) {
    try write(Data(text.utf8), to: file)
  }

  private func write(_ data: Data, to file: FileHandle?) throws(RunLogError) {
    guard let file else { return }
    do {
      try file.write(contentsOf: data)
    } catch {
      throw .cannotWrite(path, errno: errno == 0 ? EIO : errno)
    }
  }
}
