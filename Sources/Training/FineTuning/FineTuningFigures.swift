import Collectives
import Foundation
import Metrics
import Models
import Tensors
import TextTasks

/// What an evaluation knows of the records so far: sums and states that merge over workers.
struct FineTuningFigures: MergeableMetric {
  private var loss = Perplexity()
  private var records = 0
  private var classes = ConfusionMatrix()
  private var several = MultiLabelCounts()
  private var numbers = PairedValues()
  private var entities = EntityScores()

  /// Adds a batch.
  mutating func add(
    _ scores: TextObjective.Scores, loss: Double, _ batch: TextBatch, records: Int,
    _ task: FineTuningTask
  ) {
    self.loss.add(loss: loss, tokens: task.objective.count(batch))
    self.records += records
    guard case .logits(let logits) = scores, let labels = batch["labels"] else { return }
    noGrad {
      switch task.configuration.task {
      case .textClassification:
        classes.add(
          labels: labels.array(of: Int.self),
          predictions: logits.argmax(dim: -1).array(of: Int.self))
      case .regression:
        numbers.add(
          labels: labels.to(.float64).flattened().array(of: Double.self),
          predictions: logits.to(.float64).flattened().array(of: Double.self))
      case .multiLabel:
        let width = logits.shape[1]
        let truths = labels.ne(0).array(of: Bool.self)
        let guesses = logits.gt(0).array(of: Bool.self)
        for row in 0..<logits.shape[0] {
          let range = (row * width)..<((row + 1) * width)
          several.add(labels: Array(truths[range]), predictions: Array(guesses[range]))
        }
      case .tokenClassification: addTags(logits, labels, task.labels)
      case .maskedLM, .causalLM, .seq2seq: break
      }
    }
  }

  private mutating func addTags(_ logits: Tensor, _ labels: Tensor, _ names: LabelNames) {
    let guesses = logits.argmax(dim: -1).array(of: Int.self)
    let all = labels.array(of: Int.self)
    let width = labels.shape[1]
    for row in 0..<labels.shape[0] {
      let places = ((row * width)..<((row + 1) * width)).filter { all[$0] != HeadLoss.ignored }
      entities.add(
        labels: places.map { names.names[all[$0]] },
        predictions: places.map { names.names[guesses[$0]] })
    }
  }

  mutating func merge(_ other: FineTuningFigures) {
    loss.merge(other.loss)
    records += other.records
    classes.merge(other.classes)
    several.merge(other.several)
    numbers.merge(other.numbers)
    entities.merge(other.entities)
  }

  /// The figures of a task, the loss first.
  func values(_ task: FineTuningConfiguration.Task) -> [(name: String, value: Double)] {
    let mean = loss.tokens == 0 ? .nan : loss.loss / Double(loss.tokens)
    var figures: [(name: String, value: Double)] = [("loss", mean)]
    switch task {
    case .textClassification:
      figures += [
        ("accuracy", classes.accuracy), ("f1_macro", classes.f1(.macro)),
        ("matthews", classes.matthews),
      ]
      if classes.classes.allSatisfy({ $0 < 2 }) { figures.append(("f1", classes.f1())) }
    case .regression:
      figures += [
        ("pearson", numbers.pearson), ("spearman", numbers.spearman),
        ("mse", numbers.meanSquaredError),
      ]
    case .multiLabel:
      figures += [
        ("f1_micro", several.f1(.micro)), ("f1_macro", several.f1(.macro)),
        ("accuracy", several.accuracy),
      ]
    case .tokenClassification:
      figures += [
        ("precision", entities.precision()), ("recall", entities.recall()), ("f1", entities.f1()),
        ("accuracy", entities.accuracy),
      ]
    case .maskedLM, .causalLM, .seq2seq: figures.append(("perplexity", exp(mean)))
    }
    return figures
  }
}
