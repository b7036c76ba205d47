import Collectives
import Foundation

/// One algorithm's times for one size.
struct AllReduceTiming {
  let algorithm: String
  let ranks: Int
  let bytes: Int
  /// Segment of a pipelined algorithm; 0 is its own choice.
  let segment: Int
  /// Microseconds of the slowest rank, ascending.
  let times: [Double]

  var median: Double { times[times.count / 2] }
  var minimum: Double { times[0] }
  /// Distance of the quartiles, in percent of the median.
  var spread: Double {
    100 * (times[times.count * 3 / 4] - times[times.count / 4]) / median
  }

  static let heading =
    "algorithm             ranks        bytes   median us      min us  spread %    GB/s"

  var row: String {
    let name = segment == 0 ? algorithm : "\(algorithm)/\(segment >> 10)K"
    return name.padding(toLength: 20, withPad: " ", startingAt: 0)
      + String(
        format: "%7d %12d %11.2f %11.2f %9.1f %7.2f", ranks, bytes, median, minimum, spread,
        Double(bytes) / median / 1e3)
  }

  var json: String {
    String(
      format: "{\"algorithm\": \"%@\", \"ranks\": %d, \"bytes\": %d, \"median_us\": %.3f, "
        + "\"min_us\": %.3f, \"spread_percent\": %.1f}",
      algorithm, ranks, bytes, median, minimum, spread)
  }

  /// The fastest of our algorithms for each size, as a table.
  static func best(of timings: [AllReduceTiming], on topology: Topology) -> AlgorithmTable {
    var rows: [AlgorithmTable.Row] = []
    let sizes = Set(timings.map(\.bytes)).sorted()
    for (i, size) in sizes.enumerated() {
      let ours = timings.filter { timing in
        timing.bytes == size && timing.algorithm != AllReduceAlgorithm.mpi.rawValue
          && AllReduceAlgorithm(rawValue: timing.algorithm) != nil
      }
      guard let winner = ours.min(by: { $0.median < $1.median }),
        let algorithm = AllReduceAlgorithm(rawValue: winner.algorithm)
      else { continue }
      // A size's choice holds half way, on a logarithmic scale, to the next one.
      let reach =
        i + 1 < sizes.count ? Int((Double(size) * Double(sizes[i + 1])).squareRoot()) : Int.max
      if let last = rows.last, last.algorithm == algorithm, last.segmentBytes == winner.segment {
        rows[rows.count - 1].maxBytes = reach
      } else {
        rows.append(
          AlgorithmTable.Row(
            topology: topology, maxBytes: reach, algorithm: algorithm,
            segmentBytes: winner.segment))
      }
    }
    return AlgorithmTable(rows: rows)
  }
}

/// Times algorithms in turns.
struct AllReduceBenchmark {
  let group: ProcessGroup
  let names: [String]
  let sizes: [Int]
  let repeats: Int
  private let ours: UnsafeMutableRawPointer
  private let plain: UnsafeMutableRawPointer

  init(group: ProcessGroup, names: [String], sizes: [Int], window: Bool, repeats: Int) throws {
    self.group = group
    let known = AllReduceAlgorithm.allCases.map(\.rawValue) + ["auto"]
    self.names = known.filter { name in
      guard names.isEmpty || names.contains(name) else { return false }
      return AllReduceAlgorithm(rawValue: name).map { group.supports($0, .float32, .sum) } ?? true
    }
    self.sizes = sizes
    self.repeats = repeats
    let most = sizes.max() ?? 4
    plain = .allocate(byteCount: most, alignment: 4096)
    plain.initializeMemory(as: UInt8.self, repeating: 0, count: most)
    ours = window ? try group.allocateBuffer(most).pointer : plain
  }

  /// One case: an algorithm with a segment.
  private struct Case {
    let name: String
    let algorithm: AllReduceAlgorithm?
    let segment: Int
  }

  private func cases(_ bytes: Int, tuning: Bool) -> [Case] {
    names.flatMap { name -> [Case] in
      let algorithm = AllReduceAlgorithm(rawValue: name)
      var segments = [0]
      if tuning && algorithm == .ring {
        segments += [128 << 10, 256 << 10, 1 << 20].filter { $0 < bytes }
      }
      return segments.map { Case(name: name, algorithm: algorithm, segment: $0) }
    }
  }

  private func reduce(_ one: Case, _ bytes: Int) throws {
    if one.algorithm == .mpi {
      try group.reduceByMPI(buffer: plain, count: bytes / 4, dtype: .float32)
    } else {
      try group.allReduceAndWait(
        buffer: ours, count: bytes / 4, dtype: .float32, algorithm: one.algorithm,
        segmentBytes: one.segment)
    }
  }

  /// Times all algorithms on one size; the same result on every rank.
  func measure(_ bytes: Int, tuning: Bool) throws -> [AllReduceTiming] {
    let inner = bytes <= 8 << 10 ? 200 : bytes <= 64 << 10 ? 40 : bytes <= 4 << 20 ? 4 : 1
    let rounds = bytes <= 4 << 20 ? repeats : max(3, repeats / (bytes > 50 << 20 ? 4 : 2))
    let cases = cases(bytes, tuning: tuning)
    var times = [[Double]](repeating: [], count: cases.count)
    for one in cases { for _ in 0..<3 { try reduce(one, bytes) } }
    let clock = ContinuousClock()
    for _ in 0..<rounds {
      for (i, one) in cases.enumerated() {
        try group.barrier()
        let begin = clock.now
        for _ in 0..<inner { try reduce(one, bytes) }
        let (seconds, attoseconds) = (clock.now - begin).components
        times[i].append((Double(seconds) * 1e6 + Double(attoseconds) * 1e-12) / Double(inner))
      }
    }
    return try zip(cases, times).map { one, mine in
      AllReduceTiming(
        algorithm: one.name, ranks: group.size, bytes: bytes, segment: one.segment,
        times: try group.allReduce(mine, op: .maximum).sorted())
    }
  }
}
