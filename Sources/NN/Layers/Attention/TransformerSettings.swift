import Tensors

/// What the layers of a transformer have in common.
public struct TransformerSettings {
  /// The width of the embedding.
  public var width: Int
  /// The number of attention heads, which divides the width.
  public var heads: Int
  /// The width between the two linear maps.
  public var feedForward: Int
  /// The probability with which an activation is dropped while training.
  public var dropout: Double
  /// The function between the linear maps.
  public var activation: (Tensor) -> Tensor
  /// What the norms add to the variance.
  public var eps: Double
  /// Whether inputs and outputs are `[B, T, width]`.
  public var batchFirst: Bool
  /// Whether norms stand before attention and linear maps rather than behind the sums.
  public var normFirst: Bool
  /// Whether linear maps and norms have biases.
  public var bias: Bool
  /// The parameters' type.
  public var dtype: DType

  /// Settings with PyTorch's defaults.
  public init(
    dModel width: Int, nhead heads: Int, dimFeedforward feedForward: Int = 2048,
    dropout: Double = 0.1,
    activation: @escaping (Tensor) -> Tensor = { $0.relu() }, eps: Double = 1e-5,
    batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true, dtype: DType = .float32
  ) {
    (self.width, self.heads, self.feedForward) = (width, heads, feedForward)
    (self.dropout, self.activation, self.eps) = (dropout, activation, eps)
    (self.batchFirst, self.normFirst) = (batchFirst, normFirst)
    (self.bias, self.dtype) = (bias, dtype)
  }

  func attention() -> MultiheadAttention {
    MultiheadAttention(
      width, heads, dropout: dropout, bias: bias, batchFirst: batchFirst, dtype: dtype)
  }

  func norm() -> LayerNorm { LayerNorm(width, eps: eps, bias: bias, dtype: dtype) }

  func linear(_ inputs: Int, _ outputs: Int) -> Linear {
    Linear(inputs, outputs, bias: bias, dtype: dtype)
  }

  /// The same values in `count` modules made by `make`, as `copy.deepcopy` gives them: nothing is
  /// drawn from the default generator.
  static func copies<M: Module>(of module: M, _ count: Int, _ make: () -> M) -> [M] {
    let state = module.stateDict()
    return (0..<count).map { _ in
      let copy = Generator().asDefault(make)
      do { _ = try copy.load(state) } catch { fail("Transformer", "\(error)") }
      return copy
    }
  }
}
