import Tensors

/// y = x Wᵀ + b (`torch.nn.Linear`). `[..., inputs] → [..., outputs]`.
public final class Linear: Module, Layer, AdaptableLayer {
  /// `[outputs, inputs]`. Another module's parameter ties the two: `head.weight = embedding.weight`.
  public var weight: Parameter
  /// `[outputs]`, or nil.
  public var bias: Parameter?
  /// What stands beside the layer.
  public var adapter: LayerAdapter?

  /// A layer with PyTorch's initial values: uniform on ±1/√inputs.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, dtype: DType = .float32) {
    weight = Parameter(.empty([outputs, inputs], dtype: dtype))
    self.bias = bias ? Parameter(.empty([outputs], dtype: dtype)) : nil
    Init.linearDefault(weight, self.bias)
  }

  /// An adapter's names stand beside the layer's own.
  public override class var stateNames: [String: String] { ["adapter": ""] }

  /// The bias, where there is one.
  public var ownBias: Parameter? { bias }

  /// The linear map.
  public func forward(_ x: Tensor) -> Tensor { adapter?(x, beside: self) ?? plain(x) }

  /// The linear map without an adapter.
  public func plain(_ x: Tensor) -> Tensor {
    weight.blocks.map { x.linear($0, bias?.value) } ?? x.linear(weight.value, bias?.value)
  }

  /// The weight may be kept in blocks.
  public var keepsBlocks: Bool { true }

  /// The sizes.
  public override var extraDescription: String {
    "in_features=\(weight.shape[1]), out_features=\(weight.shape[0]), bias=\(bias == nil ? "False" : "True")"
  }
}
