/// How one rank's clock relates to rank 0's at one moment.
package struct ClockSample: Sendable, Equatable {
  /// The rank's time of the measurement, in nanoseconds.
  package var time: UInt64
  /// What to add to the rank's time to get rank 0's, in nanoseconds.
  package var offset: Double
  /// The shortest round trip: the offset is wrong by at most half of it.
  package var roundTrip: Double

  /// Creates a sample.
  package init(time: UInt64, offset: Double, roundTrip: Double) {
    self.time = time
    self.offset = offset
    self.roundTrip = roundTrip
  }
}

/// A rank's clock as a line through two samples: clocks of different machines run at slightly
/// different speeds.
package struct ClockLine: Sendable {
  private let first: ClockSample
  private let slope: Double

  /// The line through a sample at the beginning and one at the end.
  package init(_ first: ClockSample, _ last: ClockSample) {
    let span = Double(last.time) - Double(first.time)
    // Over a short run the samples' errors are larger than any drift.
    let drift = last.offset - first.offset
    let isMeasurable = span > 0 && abs(drift) > (first.roundTrip + last.roundTrip) / 2
    let better = last.roundTrip < first.roundTrip ? last : first
    self.first = isMeasurable ? first : better
    slope = isMeasurable ? drift / span : 0
  }

  /// A rank's time as rank 0's.
  package func aligned(_ time: UInt64) -> Double {
    Double(time) + first.offset + slope * (Double(time) - Double(first.time))
  }
}

extension ReservedTag {
  static let clock = 32_764
}

extension ProcessGroup {
  /// Compares this rank's clock with rank 0's, by the shortest of `rounds` round trips to each rank
  /// in turn (Cristian 1989). Every rank must call it; blocks until its own turn is over.
  ///
  /// Ranks on rank 0's node read the same clock, so a difference within the round trip is none.
  /// - Parameters:
  ///   - rounds: The number of round trips to each rank.
  ///   - clock: The clock to compare.
  package func clockSample(
    rounds: Int = 16, clock: () -> UInt64 = { ProcessGroup.now }
  ) throws(CollectiveError) -> ClockSample {
    // Two numbers: rank 0's for this rank at the end, one of them before.
    let words = UnsafeMutablePointer<Int64>.allocate(capacity: 2)
    words.initialize(repeating: 0, count: 2)
    defer { words.deallocate() }
    func exchange(_ kind: CollectiveOperation.Kind, _ count: Int, _ peer: Int)
      throws(CollectiveError)
    {
      try reserved(kind, words, 8 * count, peer: peer, tag: ReservedTag.clock, label: "clock")
        .wait()
    }
    guard rank == 0 else {
      for _ in 0..<max(rounds, 1) {
        try exchange(.receive, 1, 0)
        words[0] = Int64(clock())
        try exchange(.send, 1, 0)
      }
      try exchange(.receive, 2, 0)
      var mine = ClockSample(
        time: clock(), offset: Double(words[0]), roundTrip: Double(words[1]))
      if node(of: rank) == node(of: 0), abs(mine.offset) <= mine.roundTrip { mine.offset = 0 }
      return mine
    }
    for peer in ranks.indices.dropFirst() {
      var best = (offset: Int64(0), trip: Int64.max)
      for _ in 0..<max(rounds, 1) {
        let sent = Int64(clock())
        try exchange(.send, 1, peer)
        try exchange(.receive, 1, peer)
        let trip = Int64(clock()) - sent
        if trip < best.trip { best = (sent + trip / 2 - words[0], trip) }
      }
      (words[0], words[1]) = best
      try exchange(.send, 2, peer)
    }
    return ClockSample(time: clock(), offset: 0, roundTrip: 0)
  }
}
