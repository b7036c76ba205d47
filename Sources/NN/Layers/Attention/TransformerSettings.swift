import Tensors

/// What the layers of a transformer have in common.
package struct TransformerSettings {
  /// The width of the embedding.
  package var width: Int
  /// The number of attention heads, which divides the width.
  package var heads: Int
  /// The width between the two linear maps.
  package var feedForward: Int
  /// The probability with which an activation is dropped while training.
  package var dropout: Double
  /// The function between the linear maps.
  package var activation: (Tensor) -> Tensor
  /// What the norms add to the variance.
  package var eps: Double
  /// Whether inputs and outputs are `[B, T, width]`.
  package var batchFirst: Bool
  /// Whether norms stand before attention and linear maps rather than behind the sums.
  package var normFirst: Bool
  /// Whether linear maps and norms have biases.
  package var bias: Bool
  /// The parameters' type.
  package var dtype: DType

  /// Settings with PyTorch's defaults.
  package init(
    dModel width: Int, nhead heads: Int, dimFeedforward feedForward: Int = 2048,
    dropout: Double = 0.1,
    activation: @escaping (Tensor) -> Tensor = { $0.relu() }, layerNormEps eps: Double = 1e-5,
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
