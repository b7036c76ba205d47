import Foundation
import Tensors

/// Global figures of a step, an epoch or an evaluation: exact means over all records of all ranks.
public struct Figures: Sendable, Equatable {
  /// The number of records.
  public var records: Int
  /// The number of targets over which the figures are means, where it is not that of the records.
  public var targets: Int?
  /// The mean loss in nats, then the other figures, by name.
  public var values: [(name: String, value: Double)]

  /// Figures that were computed elsewhere.
  public init(records: Int, targets: Int? = nil, values: [(name: String, value: Double)]) {
    self.records = records
    self.targets = targets
    self.values = values
  }

  /// The mean loss; a programmer's error where the figures have none.
  public var loss: Double {
    guard let loss = self["loss"] else {
      fail("Figures", "there is no loss among \(values.map(\.name))")
    }
    return loss
  }

  /// What each figure is a mean over.
  package var count: Int { targets ?? records }

  /// The figure of a name.
  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

  /// Equal names and values.
  public static func == (left: Figures, right: Figures) -> Bool {
    left.records == right.records && left.targets == right.targets
      && left.values.map(\.name) == right.values.map(\.name)
      && left.values.map(\.value) == right.values.map(\.value)
  }
}

extension Figures: CustomStringConvertible {
  /// `loss 0.5888  accuracy 0.7640  of 500 records`.
  public var description: String {
    let figures = values.map {
      "\($0.name) \(String(format: $0.value.magnitude < 1e4 ? "%.4f" : "%g", $0.value))"
    }
    return (figures + ["of \(records) records"]).joined(separator: "  ")
  }
}
