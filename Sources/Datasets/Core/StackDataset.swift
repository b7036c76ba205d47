import Tensors

/// Datasets side by side, whose records become tuples (`torch.utils.data.StackDataset`).
///
/// ```swift
/// let pairs = StackDataset(images, labels)  // pairs[3] is (images[3], labels[3])
/// ```
public struct StackDataset<each Part: Dataset>: Dataset {
  /// The datasets.
  public let parts: (repeat each Part)
  /// The number of records, of each part as of the whole.
  public let count: Int

  /// The records of all parts at the same index.
  /// - Precondition: All have equally many records.
  public init(_ parts: repeat each Part) {
    var counts: [Int] = []
    for part in repeat each parts { counts.append(part.count) }
    require(
      !counts.isEmpty && counts.allSatisfy { $0 == counts[0] }, "StackDataset",
      "the datasets have \(counts) records")
    self.parts = (repeat each parts)
    count = counts[0]
  }

  /// The record of each part at `index`.
  public subscript(index: Int) -> (repeat (each Part).Element) {
    get throws { (repeat try (each parts)[index]) }
  }
}

extension StackDataset: Sendable where repeat each Part: Sendable {}
