import NN
import Tensors

/// A linear layer whose weight is a table's: scores of every row (`lm_head` tied to the embedding).
///
/// Where a file holds a weight of its own for it, or the configuration does not tie, the layer has
/// its own. `[…, width] → […, rows]`.
public final class TiedLinear: Module, Layer, AdaptableLayer {
  /// `[rows, width]`.
  public private(set) var weight: Parameter
  /// `[rows]`, or nil.
  public private(set) var bias: Parameter?
  /// Whether the weight is another module's.
  public private(set) var isTied: Bool
  /// What stands beside the layer.
  public var adapter: LayerAdapter?

  /// - Parameters:
  ///   - table: The weight to share.
  ///   - bias: The bias, which is shared as well.
  ///   - isTied: False gives the layer a weight and a bias of its own, of the same shapes.
  public init(_ table: Parameter, bias: Parameter? = nil, isTied: Bool = true) {
    func own(_ shared: Parameter) -> Parameter {
      Parameter(.zeros(shared.shape, dtype: shared.dtype))
    }
    weight = isTied ? table : own(table)
    self.bias = isTied ? bias : bias.map(own)
    self.isTied = isTied
  }

  /// Gives the layer a weight or a bias of its own, which starts as the shared one.
  func untie(weight ownsWeight: Bool = true, bias ownsBias: Bool = true) {
    func copy(_ shared: Parameter) -> Parameter { Parameter(shared.value.detach().clone()) }
    if ownsWeight {
      weight = copy(weight)
      isTied = false
    }
    if ownsBias { bias = bias.map(copy) }
  }

  /// An adapter's names stand beside the layer's own.
  public override class var stateNames: [String: String] { ["adapter": ""] }

  /// The bias, where there is one.
  public var ownBias: Parameter? { bias }

  /// The linear map.
  public func forward(_ x: Tensor) -> Tensor { adapter?(x, beside: self) ?? plain(x) }

  /// The linear map without an adapter.
  public func plain(_ x: Tensor) -> Tensor { x.linear(weight.value, bias?.value) }

  /// The sizes.
  public override var extraDescription: String {
    "in_features=\(weight.shape[1]), out_features=\(weight.shape[0])"
  }
}

extension Embedding {
  /// Another table of the same weight, as an encoder and a decoder have of the one that they share.
  func tied() -> Embedding {
    let table = Init.$isSkipped.withValue(true) {
      Embedding(weight.shape[0], weight.shape[1], paddingIdx: paddingIndex, dtype: weight.dtype)
    }
    table.weight = weight
    return table
  }

  /// Gives the table a weight of its own, which starts as the shared one.
  func untie() { weight = Parameter(weight.value.detach().clone()) }
}
