import Tensors

/// y = x Wᵀ + b (`torch.nn.Linear`). `[..., inputs] → [..., outputs]`.
public final class Linear: Module, Layer {
  /// `[outputs, inputs]`.
  public let weight: Parameter
  /// `[outputs]`, or nil.
  public let bias: Parameter?

  /// A layer with PyTorch's initial values: uniform on ±1/√inputs.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, dtype: DType = .float32) {
    weight = Parameter(.empty([outputs, inputs], dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    Init.linearDefault(weight, self.bias)
  }

  /// The linear map.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight.value, bias?.value) }

  /// The sizes.
  public override var extraDescription: String {
    "in_features=\(weight.shape[1]), out_features=\(weight.shape[0]), bias=\(bias == nil ? "False" : "True")"
  }
}
