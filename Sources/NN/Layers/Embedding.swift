import Tensors

/// A table of vectors looked up by index (`torch.nn.Embedding`). `[…] → […, width]`.
public final class Embedding: Module {
  /// `[rows, width]`.
  public let weight: Parameter
  private let paddingIndex: Int?

  /// A table with normal entries; the padding row is zero and stays so.
  public init(_ rows: Int, _ width: Int, paddingIndex: Int? = nil, dtype: DType = .float32) {
    weight = Parameter(.empty([rows, width], dtype: dtype))
    self.paddingIndex = paddingIndex
    Init.normal(weight)
    if let paddingIndex {
      var values = weight.value.detach()
      values[paddingIndex] = Tensor.zeros([width], dtype: dtype)
      weight.assign(values)
    }
  }

  /// The rows at the indices, which are integers.
  public func callAsFunction(_ indices: Tensor) -> Tensor {
    F.embedding(indices, weight.value, paddingIndex: paddingIndex)
  }

  /// The sizes.
  public override var extraDescription: String { "\(weight.shape[0]), \(weight.shape[1])" }
}
