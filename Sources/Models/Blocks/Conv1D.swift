import NN
import Tensors

/// y = x W + b with the weight stored as `[inputs, outputs]`, as GPT-2's files have it
/// (`transformers.pytorch_utils.Conv1D`). `[…, inputs] → […, outputs]`.
public final class Conv1D: Module, Layer {
  /// `[inputs, outputs]`.
  public let weight: Parameter
  /// `[outputs]`.
  public let bias: Parameter
  /// Whether the layer's output is added to the stream of states, which new weights take into
  /// account.
  let isResidual: Bool

  /// A layer with normal weights.
  public init(_ inputs: Int, _ outputs: Int, isResidual: Bool = false, dtype: DType = .float32) {
    weight = Parameter(.empty([inputs, outputs], dtype: dtype))
    bias = Parameter(.zeros([outputs], dtype: dtype))
    self.isResidual = isResidual
    Init.normal(weight, std: 0.02)
  }

  /// The linear map.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.matmul(weight.value) + bias.value }

  /// The sizes.
  public override var extraDescription: String { "nf=\(weight.shape[1]), nx=\(weight.shape[0])" }
}
