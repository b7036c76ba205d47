import NN
import Tensors

/// An encoder without a head, for which every head is made (`BertModel`).
public protocol EncoderModel: PretrainedModel {
  /// What the names of the family's classes begin with: `Bert`.
  static var familyName: String { get }
  /// - Parameter pooling: Whether the head, or the user, reads a pooled state.
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
}

/// The layers between an encoder's states and logits; names stand beside the encoder's.
open class EncoderHead: Module {
  /// A head; subclasses need not call it by name.
  public override init() {}

  /// The logits.
  open func callAsFunction(_ output: EncoderOutput) -> Tensor { output.lastHiddenState }
}
