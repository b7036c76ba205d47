import Collectives
import DataParallel
import Foundation
import Models
import NN
import Optimizers
import Tensors
import Testing

/// The promise of data parallelism: four workers with 8 records each train as one worker with 32.
@Suite("Four workers with 8 records equal one with 32")
struct KeystoneTests {
  @Test("an MLP in float64, to 1e-8 elementwise")
  func mlpDouble() throws {
    try compare(elementwise: 1e-8) {
      Case(
        model: MLP(inputs: 20, hidden: [32], classes: 5, dtype: .float64),
        inputs: .randn([32, 20], dtype: .float64), labels: .randint(5, [32]))
    }
  }

  @Test("an MLP in float32")
  func mlp() throws {
    try compare {
      Case(
        model: MLP(inputs: 64, hidden: [48], classes: 10), inputs: .randn([32, 64]),
        labels: .randint(10, [32]))
    }
  }

  @Test("the image CNN in float32")
  func cnn() throws {
    try compare {
      Case(
        model: ImageCNN(size: 8, channels: (8, 16), hidden: 32), inputs: .randn([32, 1, 8, 8]),
        labels: .randint(10, [32]))
    }
  }

  @Test("the image CNN in float64, to 1e-8 elementwise")
  func cnnDouble() throws {
    try compare(elementwise: 1e-8) {
      Case(
        model: ImageCNN(size: 8, channels: (4, 8), hidden: 16, dtype: .float64),
        inputs: .randn([32, 1, 8, 8], dtype: .float64), labels: .randint(10, [32]))
    }
  }

  @Test("the character GPT in float32")
  func gpt() throws {
    try compare {
      Case(
        model: CharGPT(vocabulary: 30, context: 16, layers: 2, heads: 2, width: 32),
        inputs: .randint(30, [32, 16]), labels: .randint(30, [32, 16]))
    }
  }

  @Test("the character GPT in float64, to 1e-8 elementwise")
  func gptDouble() throws {
    try compare(elementwise: 1e-8) {
      Case(
        model: CharGPT(
          vocabulary: 30, context: 8, layers: 2, heads: 2, width: 16, dtype: .float64),
        inputs: .randint(30, [32, 8]), labels: .randint(30, [32, 8]))
    }
  }

  /// A model with one batch of 32 records, which every step trains on in another order.
  struct Case {
    let model: Module
    let inputs: Tensor
    let labels: Tensor

    func loss(_ records: Range<Int>) -> Tensor {
      let x = inputs.sliced(from: records.lowerBound, to: records.upperBound)
      let y = labels.sliced(from: records.lowerBound, to: records.upperBound)
      switch model {
      case let model as CharGPT: return F.crossEntropy(model(x).flattened(to: 1), y.flattened())
      case let model as any Layer: return F.crossEntropy(model(x), y)
      default: fail("KeystoneTests", "a model of another kind")
      }
    }
  }

  /// Losses and weights of 20 steps.
  struct Trajectory: Sendable {
    var losses: [Double] = []
    var weights: [[Double]] = []
  }

  /// Trains on this rank's quarter of the batch, or on all of it.
  static func train(
    _ make: @Sendable () -> Case, group: ProcessGroup?
  ) throws -> Trajectory {
    try Generator(seed: 11).asDefault {
      let subject = make()
      let parallel = try group.map { try DistributedDataParallel(subject.model, group: $0) }
      let optimizer = SGD(subject.model.parameters(), lr: 0.05, momentum: 0.9)
      let ranks = group?.size ?? 1
      let share = 32 / ranks
      let first = (group?.rank ?? 0) * share
      var result = Trajectory()
      for _ in 0..<20 {
        let loss = subject.loss(first..<(first + share))
        loss.backward()
        optimizer.step()
        optimizer.zeroGrad()
        let total = try group?.allReduce([loss.item()]) ?? [loss.item()]
        result.losses.append(total[0] / Double(ranks))
      }
      result.weights = subject.model.parameters().map { $0.value.array(of: Double.self) }
      withExtendedLifetime(parallel) {}
      return result
    }
  }

  private func compare(
    elementwise: Double? = nil, _ make: @escaping @Sendable () -> Case,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let alone = try Self.train(make, group: nil)
    let four = try World.threads(4) { try Self.train(make, group: $0.group) }
    for (rank, worker) in four.enumerated() {
      #expect(
        worker.weights == four[0].weights, "rank \(rank) differs from rank 0",
        sourceLocation: sourceLocation)
    }
    for (step, pair) in zip(alone.losses, four[0].losses).enumerated() {
      let tolerance = elementwise ?? 1e-5
      #expect(
        abs(pair.0 - pair.1) <= tolerance * abs(pair.0), "loss of step \(step)",
        sourceLocation: sourceLocation)
    }
    for (one, many) in zip(alone.weights, four[0].weights) {
      if let elementwise {
        let worst = zip(one, many).map { abs($0 - $1) / max(abs($0), 1e-6) }.max() ?? 0
        #expect(worst <= elementwise, sourceLocation: sourceLocation)
      } else {
        let difference = zip(one, many).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        let norm = one.reduce(0) { $0 + $1 * $1 }
        #expect(
          difference.squareRoot() <= 2e-5 * norm.squareRoot(), sourceLocation: sourceLocation)
      }
    }
  }
}
