import Foundation

/// What each rank has written of a trace so far: `trace.json.parts/rank-2.json`.
///
/// A part is an array of events whose end is missing, as the trace event format allows, so that it can
/// be read at any time, whatever becomes of its rank; only its last event may be cut.
package struct TraceParts {
  package let folder: String

  /// What a trace was made of.
  package struct Merged: Sendable {
    /// The ranks whose events are in it.
    package var ranks: [Int] = []
    /// How many lines of which ranks' parts are no events, and were left out.
    package var damaged: [(rank: Int, lines: Int)] = []
  }

  /// Bytes up to which a failing run puts its parts together; beyond, that is left to
  /// `ddp-train trace`.
  package static let automaticBytes = 64 << 20
  /// Seconds for which a rank waits while another one puts them together.
  private static let patience = 1.0

  /// The parts of a trace.
  package init(of trace: String) { folder = trace + ".parts" }

  /// The parts that lie in a run's directory, in a folder of parts, or beside a trace that was to be.
  package init(at path: String) {
    let files = FileManager.default
    let candidates = [path, "\(path).parts", "\(path)/trace.json.parts"]
    folder =
      candidates.first { $0.hasSuffix(".parts") && files.fileExists(atPath: $0) }
      ?? candidates[2]
  }

  /// The trace of a run that failed: `trace.failed.json`.
  package var failedTrace: String {
    let trace = folder.hasSuffix(".parts") ? String(folder.dropLast(6)) : folder
    return (trace.hasSuffix(".json") ? String(trace.dropLast(5)) : trace) + ".failed.json"
  }

  func path(ofRank rank: Int) -> String { "\(folder)/rank-\(rank).json" }

  /// The ranks that have left parts.
  private var ranks: [Int] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).compactMap { name in
      guard name.hasPrefix("rank-"), name.hasSuffix(".json") else { return nil }
      return Int(name.dropFirst(5).dropLast(5))
    }.sorted()
  }

  /// Bytes of all parts.
  package var bytes: Int {
    ranks.reduce(0) { sum, rank in
      let attributes = try? FileManager.default.attributesOfItem(atPath: path(ofRank: rank))
      return sum + (attributes?[.size] as? Int ?? 0)
    }
  }

  /// Puts the parts together as ``failedTrace``, whole or not at all. Ranks that do so at the same time
  /// take turns, so that the last one sees what all others have written.
  ///
  /// - Parameter reason: Why the run ended, unless another rank has given its reason before.
  /// - Returns: What is in it; nil where another rank was too long about it.
  /// - Throws: `RunLogError` where there are no parts, none holds an event, or the file cannot be
  ///   written.
  @discardableResult
  package func merge(because reason: String) throws(RunLogError) -> Merged? {
    guard !ranks.isEmpty else { throw .noParts(folder) }
    let turn = open("\(folder)/turn", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    defer { close(turn) }
    let end = Date(timeIntervalSinceNow: Self.patience)
    while flock(turn, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      if Date() > end { return nil }
      usleep(10_000)
    }
    let unfinished = "\(failedTrace).\(getpid()).part"
    let found: Merged
    do {
      found = try write(to: unfinished, because: firstReason(reason))
      guard rename(unfinished, failedTrace) == 0 else {
        throw RunLogError.cannotWrite(failedTrace, errno: errno)
      }
    } catch {
      unlink(unfinished)
      throw error as? RunLogError ?? .cannotWrite(failedTrace, errno: EIO)
    }
    return found
  }

  /// The reason that was given first is the cause of the others.
  private func firstReason(_ reason: String) -> String {
    let path = "\(folder)/reason"
    if let first = try? String(contentsOfFile: path, encoding: .utf8) { return first }
    try? reason.write(toFile: path, atomically: true, encoding: .utf8)
    return reason
  }

  private func write(to path: String, because reason: String) throws -> Merged {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw RunLogError.cannotOpen(path, errno: errno) }
    try file.write(contentsOf: Data(#"{"displayTimeUnit":"ms","traceEvents":[\#n"#.utf8))
    var merged = Merged()
    var size = 0
    for rank in ranks {
      let part = TracePartReader.read(self.path(ofRank: rank))
      if part.damaged > 0 { merged.damaged.append((rank, part.damaged)) }
      guard !part.events.isEmpty else { continue }
      if !merged.ranks.isEmpty { try file.write(contentsOf: Data(",\n".utf8)) }
      try file.write(contentsOf: part.events)
      merged.ranks.append(rank)
      size = max(size, part.worldSize)
    }
    if merged.ranks.isEmpty, !merged.damaged.isEmpty { throw RunLogError.noEvents(folder) }
    let found = merged.ranks
    var facts: MetricValues = ["ended": .text(reason)]
    facts["world_size"] = .integer(max(size, found.count))
    facts["ranks"] = .text(found.map(String.init).joined(separator: " "))
    try file.write(contentsOf: Data("\n],\n\"otherData\":\(facts.json)}\n".utf8))
    try file.close()
    return merged
  }

  /// The first line of a part, before its events.
  static func title(worldSize: Int) -> String {
    #"{"ph":"M","pid":0,"name":"world_size","args":{"value":\#(worldSize)}}"#
  }

  /// Whether the trace of a failure was made since then.
  func isMade(since time: Date) -> Bool { Self.time(of: failedTrace).map { $0 >= time } ?? false }

  /// Whether parts were written that no trace of a failure holds.
  var areUnmade: Bool {
    let newest = ranks.compactMap { Self.time(of: path(ofRank: $0)) }.max()
    return newest.map { !isMade(since: $0) } ?? false
  }

  private static func time(of path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
