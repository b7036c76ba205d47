import Collectives
import Metrics
import Models
import NN
import Settings
import Tensors
import Training

/// A figure that `compile` takes beside the loss, exact over all records of all ranks.
///
/// By name: `accuracy`, `top_5_accuracy` (any number), `precision`, `recall`, `f1` (each also with
/// `_macro`, `_micro` or `_weighted`), `auc`, `average_precision`, `mse`, `mae`, `r2`, `perplexity`,
/// `matthews_correlation`, `confusion_matrix`, and whatever ``Models/MetricDefinition`` has registered.
///
/// Classes are the likeliest of several outputs, or told by the loss' threshold from a single one; targets
/// are classes' numbers, or probabilities of all classes.
public struct FitMetric: ExpressibleByStringLiteral {
  /// What figures call it.
  public let name: String
  let makeCounter: (_ loss: TrainingLoss) -> any MetricCounting

  /// How often the class is right; of a binary output by the loss' threshold.
  public static var accuracy: FitMetric {
    .confusion("accuracy") { confusion, _ in confusion.accuracy }
  }

  /// How often the label is among the likeliest classes.
  public static func topK(_ k: Int) -> FitMetric {
    require(k > 0, "FitMetric.topK", "there are no \(k) likeliest classes")
    let name = "top_\(k)_accuracy"
    return FitMetric(name: name) { loss in
      MetricCounter(MeanState(), name) { state, outputs, targets in
        let rows = outputs.reshaped([-1, outputs.size(-1)])
        let labels = Tensor(classes(targets, of: outputs, loss, name)).unsqueezed(-1)
        let likeliest = rows.topK(min(k, rows.size(-1)), dim: -1).indices
        state.add(likeliest.eq(labels).sum().item(), over: rows.size(0))
      } figure: {
        $0.mean
      }
    }
  }

  /// A figure of a confusion matrix.
  private static func confusion(
    _ name: String, _ figure: @escaping (ConfusionMatrix, _ average: Average) -> Double
  ) -> FitMetric {
    FitMetric(name: name) { loss in
      MetricCounter(ClassState(), name) { state, outputs, targets in
        state.outputs = max(state.outputs, isBinary(outputs, targets, loss) ? 1 : outputs.size(-1))
        state.confusion.add(
          labels: classes(targets, of: outputs, loss, name),
          predictions: predictions(outputs, targets, loss))
      } figure: {
        figure($0.confusion, $0.outputs <= 2 ? .binary() : .macro)
      }
    }
  }

  /// A figure of pairs of labels and outputs.
  private static func pairs(
    _ name: String, _ figure: @escaping (PairedValues) -> Double
  ) -> FitMetric {
    FitMetric(name: name) { _ in
      MetricCounter(PairedValues(), name) { state, outputs, targets in
        state.add(
          labels: aligned(targets, outputs, name).to(.float64).array(of: Double.self),
          predictions: outputs.to(.float64).array(of: Double.self))
      } figure: {
        figure($0)
      }
    }
  }

  /// A figure of rankings: of scores of class 1 and labels of 0 and 1.
  private static func ranking(
    _ name: String, _ figure: @escaping (PairedValues) -> Double
  ) -> FitMetric {
    FitMetric(name: name) { loss in
      MetricCounter(PairedValues(), name) { state, outputs, targets in
        var scores = outputs
        if !isBinary(outputs, targets, loss) {
          require(
            outputs.size(-1) == 2, name, "it is a figure of two classes, not of \(outputs.size(-1))"
          )
          scores = outputs.select(dim: -1, index: 1) - outputs.select(dim: -1, index: 0)
        }
        state.add(
          labels: classes(targets, of: outputs, loss, name).map(Double.init),
          predictions: scores.to(.float64).array(of: Double.self))
      } figure: {
        figure($0)
      }
    }
  }

  /// A metric by name.
  public init(stringLiteral name: String) {
    guard let metric = Self.named(name) else {
      let own = [
        "accuracy", "top_5_accuracy", "precision", "recall", "f1", "auc", "average_precision",
        "mse",
        "mae", "r2", "perplexity", "matthews_correlation", "confusion_matrix",
      ]
      let registered = MetricDefinition.registry.entries.map(\.name).filter { !own.contains($0) }
      let known = (own + registered).joined(separator: ", ")
      fail("compile", "there is no metric \"\(name)\": there are \(known)")
    }
    self = metric
  }

  private init(name: String, _ makeCounter: @escaping (TrainingLoss) -> any MetricCounting) {
    (self.name, self.makeCounter) = (name, makeCounter)
  }

  /// The metric of a name; nil where there is none.
  public static func named(_ name: String) -> FitMetric? {
    let figures: [String: (ConfusionMatrix, Average) -> Double] = [
      "precision": { $0.precision($1) }, "recall": { $0.recall($1) }, "f1": { $0.f1($1) },
    ]
    let averages: [String: Average] = ["macro": .macro, "micro": .micro, "weighted": .weighted]
    for (word, figure) in figures {
      if name == word { return confusion(name, figure) }
      for (suffix, average) in averages where name == "\(word)_\(suffix)" {
        return confusion(name) { confusion, _ in figure(confusion, average) }
      }
    }
    if name.hasPrefix("top_"), name.hasSuffix("_accuracy"),
      let k = Int(name.dropFirst(4).dropLast(9)), k > 0
    {
      return topK(k)
    }
    switch name {
    case "accuracy": return accuracy
    case "matthews_correlation": return confusion(name) { confusion, _ in confusion.matthews }
    case "confusion_matrix": return confusionMatrix
    case "auc": return ranking(name, \.rocAUC)
    case "average_precision": return ranking(name, \.averagePrecision)
    case "mse", "mean_squared_error": return pairs(name, \.meanSquaredError)
    case "mae", "mean_absolute_error": return pairs(name, \.meanAbsoluteError)
    case "r2": return pairs(name, \.r2)
    case "perplexity": return perplexity
    default: return MetricDefinition.registry[name].map(registered)
    }
  }

  /// exp of the mean cross-entropy of logits and classes.
  public static var perplexity: FitMetric {
    FitMetric(name: "perplexity") { loss in
      MetricCounter(Perplexity(), "perplexity") { state, outputs, targets in
        let rows = outputs.reshaped([-1, outputs.size(-1)])
        let labels = Tensor(classes(targets, of: outputs, loss, "perplexity"))
        let sum = F.crossEntropy(rows, labels, reduction: .sum)
        state.add(loss: sum.item(), tokens: rows.size(0))
      } figure: {
        $0.value
      }
    }
  }

  /// How often each class was taken for each: ``CompiledModel/confusionMatrix`` after an evaluation; no
  /// figure of its own.
  public static var confusionMatrix: FitMetric {
    FitMetric(name: "confusion_matrix") { loss in
      MetricCounter(ClassState(), "confusion_matrix") { state, outputs, targets in
        state.confusion.add(
          labels: classes(targets, of: outputs, loss, "confusion_matrix"),
          predictions: predictions(outputs, targets, loss))
      } figure: { _ in
        nil
      }
    }
  }

  private static func registered(_ definition: MetricDefinition) -> FitMetric {
    FitMetric(name: definition.name) { _ in
      MetricCounter(MeanState(), definition.name) { state, outputs, targets in
        state.add(definition.sum(outputs, targets).item(), over: targets.size(0))
      } figure: {
        $0.mean
      }
    }
  }
}

/// Whether outputs are of one class each, told by the loss' threshold.
private func isBinary(_ outputs: Tensor, _ targets: Tensor, _ loss: TrainingLoss) -> Bool {
  outputs.rank == 1 || outputs.size(-1) == 1 || (loss.isBinary && outputs.shape == targets.shape)
}

/// The classes' numbers that targets say: themselves, or the likeliest of one-hot ones.
private func classes(
  _ targets: Tensor, of outputs: Tensor, _ loss: TrainingLoss, _ caller: String
) -> [Int] {
  if isBinary(outputs, targets, loss) {
    return targets.to(.int64).flattened().array(of: Int.self)
  }
  let isOneHot = targets.rank == outputs.rank && targets.size(-1) > 1
  let numbers = isOneHot ? targets.argmax(dim: -1) : classNumbers(targets, caller)
  return numbers.flattened().array(of: Int.self)
}

/// The classes' numbers that outputs say.
private func predictions(_ outputs: Tensor, _ targets: Tensor, _ loss: TrainingLoss) -> [Int] {
  if isBinary(outputs, targets, loss) {
    return outputs.gt(loss.threshold).to(.int64).flattened().array(of: Int.self)
  }
  return outputs.argmax(dim: -1).flattened().array(of: Int.self)
}

/// A confusion matrix with the number of outputs.
struct ClassState: MergeableMetric {
  var confusion = ConfusionMatrix()
  var outputs = 0

  mutating func merge(_ other: ClassState) {
    confusion.merge(other.confusion)
    outputs = max(outputs, other.outputs)
  }
}

/// A sum with what it is a mean over.
struct MeanState: MergeableMetric {
  private var sum = 0.0
  private var count = 0

  mutating func add(_ sum: Double, over count: Int) {
    self.sum += sum
    self.count += count
  }

  mutating func merge(_ other: MeanState) { add(other.sum, over: other.count) }

  var mean: Double { count == 0 ? .nan : sum / Double(count) }
}
