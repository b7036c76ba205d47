/// Something that happened on a rank, in nanoseconds of its own clock.
package struct TimelineEvent: Sendable {
  /// How it is drawn.
  enum Shape: Sendable {
    /// A stretch of its track; stretches of one track nest or follow each other.
    case span
    /// A moment.
    case instant
    /// A stretch that may overlap others.
    case overlapping(id: String)
  }

  /// The row that it is drawn in.
  var track: Track
  var name: String
  var shape = Shape.span
  var begin: UInt64
  var end: UInt64
  /// Further facts, in the order in which they are written.
  var facts: MetricValues = [:]
}

/// A row of a rank's process.
package struct Track: Hashable, Sendable {
  let name: String
  /// Its place among the rows.
  let order: Int

  static let compute = Track(name: "compute", order: 0)
  /// Beside the former, where steps are profiled.
  static let operations = Track(name: "operations", order: 0)
  static let buckets = Track(name: "buckets", order: 1)
  static let waiting = Track(name: "waiting", order: 2)

  /// The collectives of a group.
  static func communication(_ group: String) -> Track {
    Track(name: group == "world" ? "communication" : "communication of \(group)", order: 3)
  }

  /// The segments of a group's collectives.
  static func lane(_ lane: Int, _ group: String) -> Track {
    Track(name: "\(communication(group).name), lane \(lane)", order: 4 + lane)
  }
}
