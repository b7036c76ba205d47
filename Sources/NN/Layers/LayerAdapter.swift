import Tensors

/// What stands beside a layer and changes what it computes, such as a low-rank update of its weight
/// (LoRA). Its parameters' names stand beside the layer's own: `query.weight`, `query.lora_A.weight`.
open class LayerAdapter: Module {
  /// An adapter; subclasses need not call it by name.
  public override init() {}

  /// The output of the layer with its adapter.
  /// - Parameters:
  ///   - x: What the layer is called with.
  ///   - layer: The layer, which computes by itself with ``AdaptableLayer/plain(_:)``.
  open func callAsFunction(_ x: Tensor, beside layer: any AdaptableLayer) -> Tensor {
    layer.plain(x)
  }
}

/// A layer with a weight that an adapter may stand beside.
public protocol AdaptableLayer: Module {
  /// The weight.
  var weight: Parameter { get }
  /// The bias, where there is one.
  var ownBias: Parameter? { get }
  /// Whether the weight is stored as `[inputs, outputs]`.
  var isTransposed: Bool { get }
  /// Whether the weight may be kept in blocks.
  var keepsBlocks: Bool { get }
  /// What stands beside the layer.
  var adapter: LayerAdapter? { get set }
  /// The layer's own output.
  func plain(_ x: Tensor) -> Tensor
}

extension AdaptableLayer {
  /// Weights are `[outputs, inputs]`.
  public var isTransposed: Bool { false }
  /// Weights stay numbers unless a layer says otherwise.
  public var keepsBlocks: Bool { false }
}
