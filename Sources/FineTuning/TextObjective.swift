import Models
import NN
import Tensors
import TextTasks
import Training
import Transformers

/// What a pretrained model is trained for: how it reads a batch of text, and what its loss is.
///
/// Losses are sums over the targets that count, so that a ``Training/Trainer`` that counts with ``targets``
/// divides them by those of the whole batch on all workers: neither accumulation nor the number of
/// workers changes what is learnt. (transformers' own heads of classifiers and of encoders divide each
/// part by its own number, which makes it a mean of means.)
public struct TextObjective {
  /// The model with its head.
  public let model: PretrainedModel
  /// What the head is for.
  public let task: ModelTask
  /// How much of a target is shared out among all classes.
  public let labelSmoothing: Double
  /// Whether layers keep only their inputs, and are computed once more for their gradients.
  public var gradientCheckpointing = false

  /// - Parameters:
  ///   - model: A model that tells labels, tokens, answers or texts.
  ///   - task: What for.
  ///   - labelSmoothing: How much of a target is shared out among all classes; not for numbers and
  ///     truth values.
  public init(_ model: PretrainedModel, task: ModelTask, labelSmoothing: Double = 0) {
    require(
      (0...1).contains(labelSmoothing), "TextObjective",
      "label smoothing lies between 0 and 1, not \(labelSmoothing)")
    self.model = model
    self.task = task
    self.labelSmoothing = labelSmoothing
  }

  /// How a ``Training/Trainer`` counts the targets of a batch.
  public var targets: TargetCount<TextBatch> { .counted { count($0) } }

  /// The targets of a batch that count: labels other than −100, and of what tells the next token only
  /// those behind the first.
  public func count(_ batch: TextBatch) -> Int {
    if task == .questionAnswering {
      guard let starts = batch["start_positions"], let ids = batch["input_ids"] else { return 0 }
      return noGrad { starts.lt(ids.shape[1]).sum().item(Int.self) }
    }
    guard let labels = batch["labels"] else { return 0 }
    if isOfWholeTexts {
      return kind(of: labels) == .singleLabel ? countTargets(labels) : labels.shape[0]
    }
    return countTargets(task == .causalLM ? labels.sliced(dim: 1, from: 1) : labels)
  }

  /// The loss of a batch, added up over its targets.
  public func callAsFunction(_ batch: TextBatch) -> StepOutput {
    StepOutput(loss: loss(scores(batch), batch))
  }

  private var isOfWholeTexts: Bool { task == .sequenceClassification }

  /// What the model tells of a batch.
  public enum Scores {
    /// Logits of classes, of texts or of tokens.
    case logits(Tensor)
    /// Logits of where answers start and end.
    case answers(start: Tensor, end: Tensor)
  }

  /// What the model tells of a batch.
  public func scores(_ batch: TextBatch) -> Scores {
    var inputs = batch.modelInputs
    inputs.gradientCheckpointing = gradientCheckpointing
    switch model {
    case let model as any AnsweringModel where task == .questionAnswering:
      let output = model(inputs, startPositions: nil, endPositions: nil)
      return .answers(start: output.startLogits, end: output.endLogits)
    case let model as any Seq2SeqLanguageModel:
      let labels = batch["labels"]
      let ids = batch["decoder_input_ids"] ?? labels.map(model.decoderInputIds(from:))
      let both = Seq2SeqInputs(inputs, decoderInputIds: ids)
      return .logits(model(both, labels: nil).logits)
    case let model as any LabelledModel:
      return .logits(model(inputs, labels: nil).logits)
    default: fail("TextObjective", "\(type(of: model)) has no head for \(task.rawValue)")
    }
  }

  /// The loss of scores, added up over the batch's targets.
  public func loss(_ scores: Scores, _ batch: TextBatch) -> Tensor {
    switch scores {
    case .answers(let start, let end):
      guard let starts = batch["start_positions"], let ends = batch["end_positions"] else {
        fail("TextObjective", "there are no start_positions and end_positions in \(batch.names)")
      }
      return (answerLoss(wide(start), starts) + answerLoss(wide(end), ends)) / 2
    case .logits(let logits):
      guard let labels = batch["labels"] else {
        fail("TextObjective", "there are no labels in \(batch.names)")
      }
      return isOfWholeTexts ? textLoss(wide(logits), labels) : tokenLoss(wide(logits), labels)
    }
  }

  /// Scores as losses are added up in: a sum of halves would depend on how many each worker adds.
  private func wide(_ scores: Tensor) -> Tensor {
    scores.dtype.isHalf ? scores.to(.float32) : scores
  }

  private func answerLoss(_ logits: Tensor, _ positions: Tensor) -> Tensor {
    let length = logits.shape[1]
    let clamped = noGrad { positions.to(.int64).flattened().clamp(min: 0, max: length) }
    return F.crossEntropy(
      logits, clamped, ignoreIndex: length, reduction: .sum, labelSmoothing: labelSmoothing)
  }

  private func tokenLoss(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    guard task == .causalLM else { return crossEntropy(logits, labels) }
    return crossEntropy(logits.sliced(dim: 1, from: 0, to: -1), labels.sliced(dim: 1, from: 1))
  }

  private func crossEntropy(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    F.crossEntropy(
      logits.reshaped([-1, logits.shape[logits.rank - 1]]), labels.to(.int64).flattened(),
      ignoreIndex: HeadLoss.ignored, reduction: .sum, labelSmoothing: labelSmoothing)
  }

  /// What the labels of whole texts are: what the configuration says, else what they show.
  public func kind(of labels: Tensor) -> ProblemType {
    if let known = model.configuration["problem_type"]?.string.flatMap(ProblemType.init) {
      return known
    }
    let count = (try? model.configuration.numLabels) ?? 2
    return count == 1 ? .regression : labels.dtype.isInteger ? .singleLabel : .multiLabel
  }

  private func textLoss(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    let count = Double(logits.shape[logits.rank - 1])
    switch kind(of: labels) {
    case .singleLabel: return crossEntropy(logits, labels)
    case .regression:
      let labels = labels.to(logits.dtype).reshaped(logits.shape)
      return F.mseLoss(logits, labels, reduction: .sum) / count
    case .multiLabel:
      return F.binaryCrossEntropyWithLogits(logits, labels.to(logits.dtype), reduction: .sum)
        / count
    }
  }
}
