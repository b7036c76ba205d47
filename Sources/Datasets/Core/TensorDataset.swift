import Tensors

/// Tensors with equally many rows, read row by row (`torch.utils.data.TensorDataset`).
///
/// For arrays that are in memory already. It stays on its thread, as tensors do; a loader reads it
/// on demand.
public struct TensorDataset: Dataset {
  /// The tensors; the first dimension of each counts the records.
  public let tensors: [Tensor]

  /// A dataset of the rows of the given tensors.
  /// - Precondition: All have the same first dimension.
  public init(_ tensors: Tensor...) {
    require(
      !tensors.isEmpty && tensors.allSatisfy { $0.rank > 0 && $0.size(0) == tensors[0].size(0) },
      "TensorDataset", "first dimensions differ in \(tensors.map(\.shape))")
    self.tensors = tensors
  }

  /// The number of rows.
  public var count: Int { tensors[0].size(0) }

  /// One row of each tensor.
  public subscript(index: Int) -> [Tensor] { tensors.map { $0[index] } }

  /// A batch of rows: each tensor's rows stacked, `[batch, …]`.
  public static func collate(_ rows: [[Tensor]]) -> [Tensor] {
    guard let first = rows.first else { return [] }
    return first.indices.map { column in Tensor.stack(rows.map { $0[column] }) }
  }
}
