import NN
import Tensors

/// A model that was made for a run, with how it is fed.
///
/// A batch is a list of tensors: inputs, then, last, the targets. See ``RecordFormat`` for those that
/// the project's sources make.
public struct PreparedModel {
  /// What is trained.
  public let module: Module
  /// What the loss is a mean over; nil for records.
  public var targets: TargetCount<[Tensor]>?
  /// What the loss is per, where it is also to be told in bits: `character`.
  public var bitsPer: String?
  /// Whether outputs are logits of classes, `[N, classes]`.
  public var isClassifier = false
  /// Continues a text; nil where the model cannot.
  public var generate: CharacterGeneration?
  /// The outputs of a batch, such as logits.
  public let predict: ([Tensor]) throws -> Tensor
  /// The loss of a batch's outputs, with the figures that are reported beside it.
  public let loss: (_ outputs: Tensor, _ batch: [Tensor]) throws -> StepOutput

  /// A model with its two halves of a step.
  /// - Parameters:
  ///   - module: What is trained.
  ///   - predict: The outputs of a batch.
  ///   - loss: What a step makes of them.
  public init(
    _ module: Module, predict: @escaping ([Tensor]) throws -> Tensor,
    loss: @escaping (_ outputs: Tensor, _ batch: [Tensor]) throws -> StepOutput
  ) {
    self.module = module
    self.predict = predict
    self.loss = loss
  }

  /// A classifier: cross-entropy and accuracy of its logits against a batch's last tensor.
  public init(
    classifier module: Module, predict: @escaping ([Tensor]) throws -> Tensor
  ) {
    self.init(module, predict: predict) { .classification($0, $1[$1.count - 1]) }
    isClassifier = true
  }
}

/// Continues a text of character numbers by `count` more of them.
public typealias CharacterGeneration = (
  _ prompt: [Int], _ count: Int, _ temperature: Double, _ topK: Int?, _ generator: Generator
) -> [Int]
