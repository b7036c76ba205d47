import NN
import Tensors

/// Scores of every token of the vocabulary: a dense layer, an activation, a norm, then the
/// embedding's table. `[N, T, hidden] → [N, T, vocabulary]`.
class TokenScores: Module, Layer {
  let bias: Parameter
  let dense: Linear
  let layerNorm: LayerNorm
  let decoder: TiedLinear
  private let activation: NamedActivation

  /// - Parameters:
  ///   - width: Of the states.
  ///   - table: The embedding of the tokens, whose width the dense layer makes.
  init(
    _ configuration: ModelConfiguration, width: Int, eps: Double, activation: NamedActivation,
    table: Parameter
  ) {
    bias = Parameter(.zeros([table.shape[0]], dtype: configuration.dtype))
    dense = configuration.linear(width, table.shape[1])
    layerNorm = configuration.layerNorm(table.shape[1], eps: eps)
    decoder = TiedLinear(table, bias: bias, isTied: configuration.tiesEmbeddings)
    self.activation = activation
  }

  func forward(_ x: Tensor) -> Tensor { decoder(layerNorm(activation(dense(x)))) }
}

/// Scores of tokens under the name `lm_head`.
final class LanguageHead: EncoderHead {
  let lmHead: TokenScores

  init(_ scores: TokenScores) { lmHead = scores }

  override func callAsFunction(_ output: EncoderOutput) -> Tensor {
    lmHead(output.lastHiddenState)
  }
}
