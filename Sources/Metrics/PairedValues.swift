import Tensors

/// Labels and predictions, or labels and scores, of all records: what correlations, errors and areas
/// under curves are made of, which no counts would give exactly.
///
/// Figures are computed of the pairs in ascending order, so that they are the same to the last digit
/// whichever worker saw which record.
public struct PairedValues: MergeableMetric, Equatable {
  /// A record's label with what was predicted for it.
  private struct Pair: Codable, Equatable, Sendable {
    let label: Double
    let prediction: Double
  }

  private var pairs: [Pair] = []

  /// Of no records.
  public init() {}

  /// Adds records; as many predictions as labels.
  public mutating func add(labels: [Double], predictions: [Double]) {
    require(
      labels.count == predictions.count,
      "PairedValues", "\(labels.count) labels for \(predictions.count) predictions")
    pairs += zip(labels, predictions).map { Pair(label: $0, prediction: $1) }
  }

  /// Takes over the values of other records.
  public mutating func merge(_ other: PairedValues) { pairs += other.pairs }

  /// The number of records.
  public var records: Int { pairs.count }

  /// Pairs by label, and by prediction where labels are the same.
  private var ordered: [Pair] {
    pairs.sorted { ($0.label, $0.prediction) < ($1.label, $1.prediction) }
  }

  private func mean(_ value: (Pair) -> Double) -> Double {
    pairs.isEmpty ? .nan : ordered.reduce(0) { $0 + value($1) } / Double(pairs.count)
  }

  /// The mean squared error; NaN of no records, as all that follow.
  public var meanSquaredError: Double {
    mean { ($0.label - $0.prediction) * ($0.label - $0.prediction) }
  }

  /// The mean absolute error.
  public var meanAbsoluteError: Double { mean { abs($0.label - $0.prediction) } }

  /// R²: 1 − Σ(label − prediction)²/Σ(label − mean)². Where all labels are the same it is 1 for right
  /// predictions and 0 for others.
  public var r2: Double {
    guard pairs.count >= 2 else { return .nan }
    let center = mean(\.label)
    let spread = mean { ($0.label - center) * ($0.label - center) }
    let error = meanSquaredError
    if spread == 0 { return error == 0 ? 1 : 0 }
    return 1 - error / spread
  }

  /// Pearson's correlation; NaN where one side is constant.
  public var pearson: Double {
    let ordered = ordered
    return Self.pearson(ordered.map(\.label), ordered.map(\.prediction))
  }

  /// Spearman's correlation: Pearson's of the ranks, where equal values share their mean rank.
  public var spearman: Double {
    let ordered = ordered
    return Self.pearson(Self.ranks(ordered.map(\.label)), Self.ranks(ordered.map(\.prediction)))
  }

  private static func pearson(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count >= 2 else { return .nan }
    let count = Double(a.count)
    let (meanA, meanB) = (a.reduce(0, +) / count, b.reduce(0, +) / count)
    var (both, squaresA, squaresB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      both += (x - meanA) * (y - meanB)
      squaresA += (x - meanA) * (x - meanA)
      squaresB += (y - meanB) * (y - meanB)
    }
    guard squaresA > 0, squaresB > 0 else { return .nan }
    return min(1, max(-1, both / (squaresA.squareRoot() * squaresB.squareRoot())))
  }

  /// Ranks from 1 on; equal values share the mean of theirs.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in order[start..<end] { ranks[place] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }
}

/// Figures of rankings, where labels are 0 and 1 (any label above 0 counts as 1) and predictions are
/// scores.
extension PairedValues {
  /// The area under the ROC curve: how often a record of class 1 has the higher score of two, equal
  /// scores counting half. NaN where there is one class only.
  public var rocAUC: Double {
    let ordered = ordered
    let ranks = Self.ranks(ordered.map(\.prediction))
    let positives = ordered.count { $0.label > 0 }
    let negatives = ordered.count - positives
    guard positives > 0, negatives > 0 else { return .nan }
    // Twice the ranks are whole numbers, whose sum is exact.
    let sum = zip(ordered, ranks).reduce(0.0) { $0 + ($1.0.label > 0 ? 2 * $1.1 : 0) }
    let least = Double(positives) * Double(positives + 1)
    return (sum - least) / (2 * Double(positives) * Double(negatives))
  }

  /// Average precision: Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds; 0 where nothing is of class 1.
  public var averagePrecision: Double {
    let falling = ordered.sorted { $0.prediction > $1.prediction }
    let positives = falling.count { $0.label > 0 }
    guard positives > 0 else { return 0 }
    var (found, result, start) = (0, 0.0, 0)
    while start < falling.count {
      var end = start
      let before = found
      while end < falling.count, falling[end].prediction == falling[start].prediction {
        found += falling[end].label > 0 ? 1 : 0
        end += 1
      }
      result += Double(found - before) / Double(positives) * Double(found) / Double(end)
      start = end
    }
    return result
  }
}
