import NN
import Tensors

/// An encoder without a head, for which every head is made (`BertModel`).
public protocol EncoderModel: PretrainedModel {
  /// What the names of the family's classes begin with: `Bert`.
  static var familyName: String { get }
  /// - Parameters:
  ///   - configuration: The model's configuration.
  ///   - pooling: Whether the head, or the user, reads a pooled state.
  init(_ configuration: ModelConfiguration, pooling: Bool) throws
  /// The states of texts.
  func callAsFunction(_ inputs: ModelInputs) -> EncoderOutput
  /// The table of the tokens, which language-model heads share.
  var inputEmbeddings: Embedding { get }
  /// Makes the layers between the states and a task's logits.
  /// - Throws: ``ModelError`` where the family has no such head.
  func makeHead(_ task: ModelTask) throws -> EncoderHead
  /// Whether a task's head reads the pooled state.
  static func pools(for task: ModelTask) -> Bool
  /// The loss of whole texts' labels, where the family has one of its own.
  func sequenceLoss(_ logits: Tensor, _ labels: Tensor) -> Tensor
  /// Whole texts' logits `[N, labels]` in the shape that they have beside a loss.
  func labelledLogits(_ logits: Tensor) -> Tensor
}

extension EncoderModel {
  /// The error of ``makeHead(_:)`` for a task that the family has no head for.
  func noHead(for task: ModelTask) -> ModelError {
    configuration.fault(
      "architectures", "\(Self.familyName) has no head \(task.rawValue)",
      remedy: "Choose another task")
  }

  /// The loss of whole texts' labels; see ``HeadLoss/sequence(_:_:_:)``.
  public func sequenceLoss(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    HeadLoss.sequence(logits, labels, configuration)
  }

  /// The logits as they are.
  public func labelledLogits(_ logits: Tensor) -> Tensor { logits }
}

/// One layer of an encoder.
protocol EncoderLayer: Module {
  /// The layer's states.
  func callAsFunction(_ x: Tensor, mask: Tensor?, _ weights: AttentionWeights?) -> Tensor
}

extension EncoderOutput {
  /// Runs layers one after the other, and keeps what the inputs ask for.
  static func run(
    _ layers: [some EncoderLayer], _ x: Tensor, mask: Tensor?, _ inputs: ModelInputs
  ) -> EncoderOutput {
    let weights = inputs.outputAttentions ? AttentionWeights() : nil
    var states = [x]
    var x = x
    for layer in layers {
      if inputs.gradientCheckpointing, layer.isTraining, weights == nil {
        // A mask may be learned, as MPNet's is.
        x = checkpoint(layer, [x] + (mask.map { [$0] } ?? [])) {
          layer($0[0], mask: $0.count > 1 ? $0[1] : nil, nil)
        }
      } else {
        x = layer(x, mask: mask, weights)
      }
      if inputs.outputHiddenStates { states.append(x) }
    }
    return EncoderOutput(
      lastHiddenState: x, hiddenStates: inputs.outputHiddenStates ? states : nil,
      attentions: weights?.layers)
  }
}

/// The layers between an encoder's states and logits; names stand beside the encoder's.
open class EncoderHead: Module {
  /// A head; subclasses need not call it by name.
  public override init() {}

  /// The logits.
  open func callAsFunction(_ output: EncoderOutput) -> Tensor { output.lastHiddenState }

  /// Where logits are made of labelled tokens alone (`sparse_prediction`), the label that says that a
  /// token is not; nil where they are made of all.
  open var sparseIgnoreIndex: Int? { nil }
}
