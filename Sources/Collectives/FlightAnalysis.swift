/// What the dumps of all ranks tell together: who is behind, and at which operation.
public struct FlightAnalysis: Sendable {
  /// What was found, line by line.
  public let lines: [String]
  /// The world's ranks that are behind others or left no dump.
  public let behind: [Int]

  /// Compares dumps of one failure; those written a minute before the newest are of an earlier one.
  public init(_ all: [FlightDump]) {
    var lines: [String] = []
    var behind: Set<Int> = []
    let newest = all.map(\.timeNs).max() ?? 0
    let dumps = all.filter { newest - $0.timeNs < 60_000_000_000 }
    for old in all where newest - old.timeNs >= 60_000_000_000 {
      lines.append("rank \(old.rank)'s dump is of an earlier failure and is left out")
    }
    for dump in dumps { lines += [Self.state(dump)] + Self.queue(dump) }
    let size = dumps.map(\.worldSize).max() ?? 0
    for rank in 0..<size where !dumps.contains(where: { $0.rank == rank }) {
      lines.append("rank \(rank): no dump; it was killed, or its node could not be reached")
      behind.insert(rank)
    }
    let groups = Set(dumps.flatMap { $0.operations.map(\.group) }).sorted()
    for group in groups { Self.compare(group, dumps, &lines, &behind) }
    self.lines = lines
    self.behind = behind.sorted()
  }

  private static func state(_ dump: FlightDump) -> String {
    var place = dump.step > 0 ? "step \(dump.step)" : ""
    if !dump.phase.isEmpty { place += (place.isEmpty ? "" : ", ") + dump.phase }
    var text = "rank \(dump.rank) on \(dump.host)" + (place.isEmpty ? "" : ", \(place)")
    if let last = dump.begun.last {
      let since = last.endedNs > 0 ? last.endedNs : last.begunNs
      let time = brief(Double(dump.clockNs - min(since, dump.clockNs)) / 1e9)
      text +=
        ": \(last.words), "
        + (last.endedNs > 0 ? "\(last.state) \(time) before" : "pending for \(time)")
    } else {
      text += ": no operation"
    }
    return text + (dump.writtenBy == dump.rank ? "" : " (written by rank \(dump.writtenBy))")
  }

  /// What the rank had issued besides.
  private static func queue(_ dump: FlightDump) -> [String] {
    let all = dump.scheduled
    let shown = all.prefix(3).map(\.words)
    let more = all.count - shown.count + dump.unlisted
    guard !shown.isEmpty else { return [] }
    let rest = more > 0 ? "; and \(more) more" : ""
    return ["  queued behind it: \(shown.joined(separator: "; "))\(rest)"]
  }

  private static func compare(
    _ group: String, _ dumps: [FlightDump], _ lines: inout [String], _ behind: inout Set<Int>
  ) {
    typealias Place = (rank: Int, operation: FlightDump.Operation)
    let places: [Place] = dumps.compactMap { dump in
      dump.begun.last { $0.group == group && $0.sequence > 0 }.map { (dump.rank, $0) }
    }
    guard let front = places.map(\.operation.sequence).max() else { return }
    let first = places.filter { $0.operation.sequence == front }
    for late in places where late.operation.sequence < front {
      behind.insert(late.rank)
      lines.append(
        "\(group): rank \(late.rank) is behind, at operation \(late.operation.sequence): \(late.operation.words), \(late.operation.state)"
      )
    }
    let waiting = first.filter { $0.operation.state == "pending" }
    if let one = waiting.first {
      let ranks = waiting.map { "\($0.rank)" }.joined(separator: ", ")
      lines.append(
        "\(group): rank\(waiting.count == 1 ? "" : "s") \(ranks) wait\(waiting.count == 1 ? "s" : "") in operation \(front): \(one.operation.words)"
      )
    }
    let calls = Set(first.map(\.operation.words))
    if calls.count > 1 {
      lines.append("\(group): operation \(front) differs:")
      lines += first.map { "  rank \($0.rank): \($0.operation.words)" }
    } else if behind.isEmpty {
      lines.append("\(group): all ranks are at operation \(front)")
    }
  }
}
