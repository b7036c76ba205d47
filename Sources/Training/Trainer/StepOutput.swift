import Tensors

/// What the forward pass of one batch gives the trainer.
public struct StepOutput {
  /// The mean loss over the batch's records: what is differentiated.
  public var loss: Tensor
  /// Sums over the records, such as `("correct", 28)`; they are added up over all ranks and batches
  /// and reported divided by the number of records.
  public var sums: [(name: String, value: Tensor)]

  /// A loss, with sums to report beside it.
  public init(loss: Tensor, sums: [(name: String, value: Tensor)] = []) {
    self.loss = loss
    self.sums = sums
  }

  /// A classifier's output: the mean cross-entropy of logits `[N, classes]`, and how many of the
  /// likeliest classes are the labels, reported as `accuracy`.
  public static func classification(_ logits: Tensor, _ labels: Tensor) -> StepOutput {
    let correct = noGrad { logits.argmax(dim: -1).eq(labels).sum() }
    return StepOutput(loss: F.crossEntropy(logits, labels), sums: [("accuracy", correct)])
  }
}

/// Global figures of a step, an epoch or an evaluation: exact means over all records of all ranks.
public struct Figures: Sendable, Equatable {
  /// The number of records.
  public var records: Int
  /// The mean loss in nats, then the other figures, by name.
  public var values: [(name: String, value: Double)]

  /// The mean loss.
  public var loss: Double { self["loss"] ?? .nan }

  /// The figure of a name.
  public subscript(name: String) -> Double? { values.first { $0.name == name }?.value }

  /// Equal names and values.
  public static func == (left: Figures, right: Figures) -> Bool {
    left.records == right.records && left.values.map(\.name) == right.values.map(\.name)
      && left.values.map(\.value) == right.values.map(\.value)
  }
}

/// Sums of losses and figures with the number of records, to be added up over batches and ranks.
struct FigureSums {
  private(set) var names: [String] = ["loss"]
  private(set) var sums: [Double] = [0]
  private(set) var records = 0.0

  /// Adds a batch's output, whose loss is a mean over `count` records.
  mutating func add(_ output: StepOutput, count: Int) {
    guard count > 0 else {
      // A rank without records still has the same names as the others.
      if names.count == 1 { append(output) { _ in 0 } }
      return
    }
    if names.count == 1 { append(output) { _ in 0 } }
    sums[0] += output.loss.item() * Double(count)
    for (index, sum) in output.sums.enumerated() { sums[index + 1] += sum.value.item() }
    records += Double(count)
  }

  private mutating func append(_ output: StepOutput, _ start: (Tensor) -> Double) {
    names += output.sums.map(\.name)
    sums += output.sums.map { start($0.value) }
  }

  /// The numbers that are added up over ranks.
  var vector: [Double] { [records] + sums }

  /// The figures of a vector that was added up over ranks.
  func figures(_ vector: [Double]) -> Figures {
    let total = vector[0]
    return Figures(
      records: Int(total),
      values: zip(names, vector.dropFirst()).map { ($0, total > 0 ? $1 / total : .nan) })
  }
}
