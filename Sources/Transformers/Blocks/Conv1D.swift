import NN
import Tensors

/// y = x W + b with the weight stored as `[inputs, outputs]`, as GPT-2's files have it
/// (`transformers.pytorch_utils.Conv1D`). `[…, inputs] → […, outputs]`.
public final class Conv1D: Module, Layer, AdaptableLayer {
  /// `[inputs, outputs]`.
  public let weight: Parameter
  /// `[outputs]`.
  public let bias: Parameter
  /// What stands beside the layer.
  public var adapter: LayerAdapter?
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

  /// An adapter's names stand beside the layer's own.
  public override class var stateNames: [String: String] { ["adapter": ""] }

  /// The bias.
  public var ownBias: Parameter? { bias }
  /// The weight is stored as `[inputs, outputs]`.
  public var isTransposed: Bool { true }

  /// The linear map.
  public func forward(_ x: Tensor) -> Tensor { adapter?(x, beside: self) ?? plain(x) }

  /// The linear map without an adapter.
  public func plain(_ x: Tensor) -> Tensor {
    weight.blocks.map { x.linear($0, bias.value, isTransposed: true) }
      ?? x.matmul(weight.value) + bias.value
  }

  /// The weight may be kept in blocks.
  public var keepsBlocks: Bool { true }

  /// The sizes.
  public override var extraDescription: String { "nf=\(weight.shape[1]), nx=\(weight.shape[0])" }
}
