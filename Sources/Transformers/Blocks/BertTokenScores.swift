import NN
import Tensors

/// Scores of every token of the vocabulary under BERT's names: a transform, then the embedding's
/// table. `[N, T, hidden] → [N, T, vocabulary]`.
final class BertTokenScores: Module, Layer {
  let bias: Parameter
  let transform: Transform
  let decoder: TiedLinear

  /// - Parameter table: The embedding of the tokens, whose width the transform makes.
  init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ table: Parameter) {
    bias = Parameter(.zeros([table.shape[0]], dtype: configuration.dtype))
    transform = Transform(configuration, settings, table.shape[1])
    decoder = TiedLinear(table, bias: bias, isTied: configuration.tiesEmbeddings)
  }

  func forward(_ x: Tensor) -> Tensor { decoder(transform(x)) }

  final class Transform: Module, Layer {
    let dense: Linear
    let layerNorm: LayerNorm
    private let activation: NamedActivation

    init(_ configuration: ModelConfiguration, _ settings: BertSettings, _ width: Int) {
      dense = configuration.linear(settings.hidden, width)
      layerNorm = configuration.layerNorm(width, eps: settings.eps)
      activation = settings.activation
    }

    override class var stateNames: [String: String] { ["layerNorm": "LayerNorm"] }

    func forward(_ x: Tensor) -> Tensor { layerNorm(activation(dense(x))) }
  }
}
