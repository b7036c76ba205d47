/// Something that is known of the records seen so far, and that can be put together with the same of
/// other records: counts, or the values themselves.
///
/// Each worker adds its own records; the states are gathered and merged, and the figures are then
/// exactly those of all records, whatever the number of workers. A mean of the workers' figures would
/// not be: an F1 or a correlation of halves says nothing certain of the whole.
///
/// ```swift
/// var confusion = ConfusionMatrix()
/// confusion.add(labels: labels, predictions: predictions)
/// let all = try group.allGather(object: confusion, label: "confusion").merged()
/// print(all.accuracy, all.f1(.macro))
/// ```
public protocol MergeableMetric: Codable, Sendable {
  /// Takes over what is known of other records.
  mutating func merge(_ other: Self)
}

extension Collection where Element: MergeableMetric {
  /// All states as one; nil for none.
  public func merged() -> Element? {
    guard var result = first else { return nil }
    for other in dropFirst() { result.merge(other) }
    return result
  }
}

/// How the figures of several classes become one (`average` of scikit-learn).
public enum Average: Equatable, Sendable {
  /// The figure of one class: by convention class 1 of 0 and 1.
  case binary(positive: Int = 1)
  /// The mean of the classes' figures.
  case macro
  /// The figure of all classes' counts together.
  case micro
  /// The mean of the classes' figures, each weighed by its records.
  case weighted
}

/// Right and wrong answers about one class.
public struct BinaryCounts: Codable, Equatable, Sendable {
  /// Records of the class that were taken for it.
  public var truePositives: Int
  /// Records of other classes that were taken for it.
  public var falsePositives: Int
  /// Records of the class that were not taken for it.
  public var falseNegatives: Int

  /// Counts, by default of nothing.
  public init(truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
  }

  /// The records of the class.
  public var support: Int { truePositives + falseNegatives }

  /// TP/(TP + FP); 0 where nothing was taken for the class.
  public var precision: Double { ratio(truePositives, truePositives + falsePositives) }
  /// TP/(TP + FN); 0 where there is nothing of the class.
  public var recall: Double { ratio(truePositives, support) }
  /// 2·TP/(2·TP + FP + FN); 0 where there is nothing at all.
  public var f1: Double {
    ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives)
  }

  /// Adds other counts.
  public mutating func merge(_ other: BinaryCounts) {
    truePositives += other.truePositives
    falsePositives += other.falsePositives
    falseNegatives += other.falseNegatives
  }
}

extension Collection<BinaryCounts> {
  /// A figure of several classes as one.
  /// - Parameter average: One of macro, micro and weighted; `binary` counts as the class's place.
  func averaged(_ average: Average, _ figure: (BinaryCounts) -> Double) -> Double {
    switch average {
    case .binary(let positive):
      let place = dropFirst(positive).first
      return place.map(figure) ?? 0
    case .macro: return isEmpty ? 0 : reduce(0) { $0 + figure($1) } / Double(count)
    case .micro:
      var all = BinaryCounts()
      for counts in self { all.merge(counts) }
      return figure(all)
    case .weighted:
      let support = reduce(0) { $0 + $1.support }
      guard support > 0 else { return 0 }
      return reduce(0) { $0 + figure($1) * Double($1.support) } / Double(support)
    }
  }
}

/// A part of a whole; 0 of nothing.
func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
