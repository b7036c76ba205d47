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
  /// A rounded copy of a shared weight, which scores a few rows; see ``NN/Module/quantizeHeads(_:)``.
  private var copy: BlockTensor?
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
  public func plain(_ x: Tensor) -> Tensor {
    if let blocks = weight.blocks { return x.linear(blocks, bias?.value) }
    // Whoever trains the weight, or scores many rows, which read it no more often, gets it as it is.
    if let copy, x.count <= Self.fewRows * weight.shape[1],
      !(isGradEnabled && weight.requiresGrad)
    {
      return x.linear(copy, bias?.value)
    }
    return x.linear(weight.value, bias?.value)
  }

  /// The most rows that blocks are multiplied by as they lie.
  private static let fewRows = 8

  /// Keeps the weight in blocks, or a copy of one that is shared; false where it stays as it is.
  fileprivate func quantize(_ format: BlockTensor.Format) -> Bool {
    guard !weight.isDerived, copy == nil, weight.shape[1] % format.blockSize == 0 else {
      return false
    }
    if isTied { copy = BlockTensor(weight.value, format) } else { weight.quantize(format) }
    return true
  }

  fileprivate func unquantize() {
    copy = nil
    weight.unquantize()
  }

  /// The sizes.
  public override var extraDescription: String {
    "in_features=\(weight.shape[1]), out_features=\(weight.shape[0])"
  }
}

extension Module {
  /// Keeps the weights of output heads that score tokens in blocks: one token after the other is written faster,
  /// since each reads all of them.
  ///
  /// A weight of the head's own is frozen and kept in blocks alone. One that is shared with an embedding stays as it
  /// is beside a copy in blocks, which inputs of up to eight rows are multiplied by where nobody asks for the
  /// weight's gradient: `rows · width` numbers more, in a quarter of float32's memory with `.q8_0`.
  /// - Parameter format: How a block of weights is kept; what rounding to less than 8 bits costs is seen at once
  ///   in what a model writes.
  /// - Returns: How many numbers are put in blocks. A head whose width is no whole number of blocks stays.
  @discardableResult
  public func quantizeHeads(_ format: BlockTensor.Format) -> Int {
    modules().compactMap { $0 as? TiedLinear }.filter { $0.quantize(format) }
      .reduce(0) { $0 + $1.weight.shape.reduce(1, *) }
  }

  /// Keeps the weights of output heads as numbers again.
  public func unquantizeHeads() {
    for case let head as TiedLinear in modules() { head.unquantize() }
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
