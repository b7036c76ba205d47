import Tensors

/// Tensors with equally many rows, read row by row (`torch.utils.data.TensorDataset`).
///
/// ```swift
/// for (x, y) in DataLoader(TensorDataset(images, labels), batchSize: 32, shuffle: true) { … }
/// ```
///
/// A record is the row of the tensor, a pair or a triple of the tensors' rows, or an array of them where
/// the tensors come in an array. For what is in memory already: it stays on its thread, as tensors do,
/// and a loader reads it on demand.
public struct TensorDataset<Record>: Dataset {
  /// The tensors; the first dimension of each counts the records.
  public let tensors: [Tensor]
  private let record: (Int) -> Record

  private init(checking tensors: [Tensor], record: @escaping (Int) -> Record) {
    require(
      !tensors.isEmpty && tensors.allSatisfy { $0.rank > 0 && $0.size(0) == tensors[0].size(0) },
      "TensorDataset", "first dimensions differ in \(tensors.map(\.shape))")
    (self.tensors, self.record) = (tensors, record)
  }

  /// The number of rows.
  public var count: Int { tensors[0].size(0) }

  /// One row of each tensor.
  public subscript(index: Int) -> Record { record(index) }
}

extension TensorDataset where Record == Tensor {
  /// The rows of a tensor.
  public init(_ x: Tensor) { self.init(checking: [x]) { x[$0] } }
}

extension TensorDataset where Record == (Tensor, Tensor) {
  /// Pairs of the rows of two tensors.
  /// - Precondition: Both have the same first dimension.
  public init(_ x: Tensor, _ y: Tensor) { self.init(checking: [x, y]) { (x[$0], y[$0]) } }
}

extension TensorDataset where Record == (Tensor, Tensor, Tensor) {
  /// Triples of the rows of three tensors.
  /// - Precondition: All have the same first dimension.
  public init(_ x: Tensor, _ y: Tensor, _ z: Tensor) {
    self.init(checking: [x, y, z]) { (x[$0], y[$0], z[$0]) }
  }
}

extension TensorDataset where Record == [Tensor] {
  /// The rows of any number of tensors.
  /// - Precondition: All have the same first dimension.
  public init(_ tensors: [Tensor]) {
    self.init(checking: tensors) { index in tensors.map { $0[index] } }
  }

  /// A batch of rows: each tensor's rows stacked, `[batch, …]`.
  public static func collate(_ rows: [[Tensor]]) -> [Tensor] {
    guard let first = rows.first else { return [] }
    return first.indices.map { column in Tensor.stack(rows.map { $0[column] }) }
  }
}
