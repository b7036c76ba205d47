import Foundation

/// How many values fall into each of several buckets, as TensorBoard keeps it (`HistogramProto`).
struct Histogram: Equatable {
  var min: Double
  var max: Double
  var num: Double
  var sum: Double
  var sumSquares: Double
  /// Each bucket's upper limit; a bucket begins where the one before it ends.
  var bucketLimits: [Double]
  /// How many values each bucket holds.
  var bucketCounts: [Double]

  /// TensorFlow's limits: 0, and ±1e-12 · 1.1ⁿ below 1e20.
  private static let standardLimits: [Double] = {
    var positive: [Double] = []
    var limit = 1e-12
    while limit < 1e20 {
      positive.append(limit)
      limit *= 1.1
    }
    return positive.reversed().map { -$0 } + [0] + positive
  }()

  /// Counts values. Buckets hold their lower limit and not their upper one, but for the last, which
  /// holds both; empty ones at both ends are left out but for one below the first value.
  ///
  /// Values that are not finite are left out.
  /// - Parameter limits: The buckets' limits in ascending order; nil for TensorFlow's.
  init(_ values: [Double], limits: [Double]?) {
    let finite = values.filter(\.isFinite)
    let edges = limits ?? Self.standardLimits
    min = finite.min() ?? 0
    max = finite.max() ?? 0
    num = Double(finite.count)
    sum = finite.reduce(0, +)
    sumSquares = finite.reduce(0) { $0 + $1 * $1 }
    var counts = [Double](repeating: 0, count: Swift.max(0, edges.count - 1))
    for value in finite {
      guard let bucket = Self.bucket(of: value, edges) else { continue }
      counts[bucket] += 1
    }
    bucketLimits = []
    bucketCounts = []
    guard let first = counts.firstIndex(where: { $0 > 0 }),
      let last = counts.lastIndex(where: { $0 > 0 })
    else { return }
    bucketCounts = [0] + counts[first...last]
    bucketLimits = Array(edges[first...last + 1])
  }

  /// The bucket that holds `value`; nil where it lies outside of all.
  private static func bucket(of value: Double, _ edges: [Double]) -> Int? {
    guard let first = edges.first, let last = edges.last, edges.count > 1, value >= first,
      value <= last
    else { return nil }
    // The last edge that is not above the value.
    var (low, high) = (0, edges.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if edges[middle] <= value { low = middle } else { high = middle }
    }
    return Swift.min(low, edges.count - 2)
  }
}
