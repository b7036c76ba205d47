import Tensors

/// How often each class was taken for each: what accuracy, precision, recall, F1 and Matthews'
/// correlation are made of (`sklearn.metrics`).
public struct ConfusionMatrix: MergeableMetric, Equatable {
  /// Records by label and prediction.
  public private(set) var cells: [Int: [Int: Int]] = [:]

  /// Of no records.
  public init() {}

  /// Counts records.
  /// - Parameters:
  ///   - labels: The classes that are right.
  ///   - predictions: The classes that were predicted, as many.
  ///   - ignoring: A label that does not count, such as −100.
  public mutating func add(labels: [Int], predictions: [Int], ignoring: Int? = nil) {
    require(
      labels.count == predictions.count,
      "ConfusionMatrix", "\(labels.count) labels for \(predictions.count) predictions")
    for (label, prediction) in zip(labels, predictions) where label != ignoring {
      cells[label, default: [:]][prediction, default: 0] += 1
    }
  }

  /// Adds the counts of other records.
  public mutating func merge(_ other: ConfusionMatrix) {
    for (label, row) in other.cells {
      cells[label, default: [:]].merge(row) { $0 + $1 }
    }
  }

  /// The classes that occur as a label or a prediction, in ascending order.
  public var classes: [Int] {
    Set(cells.keys).union(cells.values.flatMap(\.keys)).sorted()
  }

  /// Records by label (rows) and prediction (columns), over ``classes``.
  public var counts: [[Int]] {
    let classes = classes
    return classes.map { label in classes.map { cells[label]?[$0] ?? 0 } }
  }

  /// The number of records.
  public var records: Int { cells.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

  private var correct: Int { cells.reduce(0) { $0 + ($1.value[$1.key] ?? 0) } }

  /// The share of records that were predicted right; 0 of none.
  public var accuracy: Double { ratio(correct, records) }

  /// Right and wrong answers about one class.
  public subscript(class number: Int) -> BinaryCounts {
    let right = cells[number]?[number] ?? 0
    let predicted = cells.values.reduce(0) { $0 + ($1[number] ?? 0) }
    let labelled = cells[number]?.values.reduce(0, +) ?? 0
    return BinaryCounts(
      truePositives: right, falsePositives: predicted - right, falseNegatives: labelled - right)
  }

  private func figure(_ average: Average, _ of: (BinaryCounts) -> Double) -> Double {
    if case .binary(let positive) = average { return of(self[class: positive]) }
    return classes.map { self[class: $0] }.averaged(average, of)
  }

  /// Precision, over the classes that occur.
  public func precision(_ average: Average = .binary()) -> Double { figure(average, \.precision) }
  /// Recall, over the classes that occur.
  public func recall(_ average: Average = .binary()) -> Double { figure(average, \.recall) }
  /// F1, over the classes that occur.
  public func f1(_ average: Average = .binary()) -> Double { figure(average, \.f1) }

  /// Matthews' correlation coefficient of labels and predictions, for any number of classes; 0 where
  /// one side is constant.
  public var matthews: Double {
    let classes = classes
    let total = Double(records)
    let labelled = classes.map { Double(cells[$0]?.values.reduce(0, +) ?? 0) }
    let predicted = classes.map { number in
      Double(cells.values.reduce(0) { $0 + ($1[number] ?? 0) })
    }
    let together = zip(labelled, predicted).reduce(0) { $0 + $1.0 * $1.1 }
    let spread = { (sums: [Double]) in total * total - sums.reduce(0) { $0 + $1 * $1 } }
    let scale = spread(labelled) * spread(predicted)
    guard scale > 0 else { return 0 }
    return (Double(correct) * total - together) / scale.squareRoot()
  }
}

/// Right and wrong answers where a record can have several classes.
public struct MultiLabelCounts: MergeableMetric, Equatable {
  /// The counts of each class.
  public private(set) var classes: [BinaryCounts] = []
  /// The number of records.
  public private(set) var records = 0
  /// Records of which every class was predicted right.
  public private(set) var allCorrect = 0

  /// Of no records.
  public init() {}

  /// Counts a record by the truth values of its classes.
  public mutating func add(labels: [Bool], predictions: [Bool]) {
    require(
      labels.count == predictions.count && (records == 0 || labels.count == classes.count),
      "MultiLabelCounts", "\(labels.count) labels, \(predictions.count) predictions")
    if records == 0 { classes = labels.map { _ in BinaryCounts() } }
    records += 1
    if labels == predictions { allCorrect += 1 }
    for (index, (label, prediction)) in zip(labels, predictions).enumerated() {
      switch (label, prediction) {
      case (true, true): classes[index].truePositives += 1
      case (false, true): classes[index].falsePositives += 1
      case (true, false): classes[index].falseNegatives += 1
      case (false, false): break
      }
    }
  }

  /// Adds the counts of other records.
  public mutating func merge(_ other: MultiLabelCounts) {
    if records == 0 { classes = other.classes.map { _ in BinaryCounts() } }
    records += other.records
    allCorrect += other.allCorrect
    for (index, counts) in other.classes.enumerated() { classes[index].merge(counts) }
  }

  /// The share of records of which every class was predicted right (subset accuracy).
  public var accuracy: Double { ratio(allCorrect, records) }
  /// Precision over the classes.
  public func precision(_ average: Average) -> Double { classes.averaged(average, \.precision) }
  /// Recall over the classes.
  public func recall(_ average: Average) -> Double { classes.averaged(average, \.recall) }
  /// F1 over the classes.
  public func f1(_ average: Average) -> Double { classes.averaged(average, \.f1) }
}

extension ConfusionMatrix: CustomStringConvertible {
  /// A table: a row for each label, a column for each prediction.
  public var description: String {
    let (names, counts) = (classes.map(String.init), counts)
    guard !names.isEmpty else { return "ConfusionMatrix of no records" }
    let columns = names.indices.map { column in
      ([names[column]] + counts.map { "\($0[column])" }).map(\.count).max() ?? 0
    }
    func line(_ name: String, _ cells: [String]) -> String {
      let words = zip(cells, columns).map { cell, width in
        String(repeating: " ", count: width - cell.count) + cell
      }
      let first = max(5, names.map(\.count).max() ?? 0)
      return String(repeating: " ", count: first - name.count) + name + "  "
        + words.joined(separator: "  ")
    }
    let rows = zip(names, counts).map { line($0, $1.map(String.init)) }
    return (["label  predicted", line("", names)] + rows).joined(separator: "\n")
  }
}
