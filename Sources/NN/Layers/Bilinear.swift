import Tensors

/// yₖ = x₁ᵀ Wₖ x₂ + bₖ (`torch.nn.Bilinear`). `[…, inputs₁]`, `[…, inputs₂]` `→ […, outputs]`.
public final class Bilinear: Module, PairLayer {
  /// `[outputs, inputs₁, inputs₂]`.
  public let weight: Parameter
  /// `[outputs]`, or nil.
  public let bias: Parameter?

  /// A layer with PyTorch's initial values: uniform on ±1/√inputs₁.
  public init(
    _ inputs1: Int, _ inputs2: Int, _ outputs: Int, bias: Bool = true, dtype: DType = .float32
  ) {
    weight = Parameter(.empty([outputs, inputs1, inputs2], dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    let bound = inputs1 > 0 ? 1 / Double(inputs1).squareRoot() : 0
    Init.uniform(weight, from: -bound, to: bound)
    if let bias = self.bias { Init.uniform(bias, from: -bound, to: bound) }
  }

  /// The bilinear map.
  public func forward(_ a: Tensor, _ b: Tensor) -> Tensor {
    F.bilinear(a, b, weight.value, bias: bias?.value)
  }

  /// The sizes.
  public override var extraDescription: String {
    "in1_features=\(weight.shape[1]), in2_features=\(weight.shape[2]), out_features=\(weight.shape[0]), bias=\(shown(bias != nil))"
  }
}
