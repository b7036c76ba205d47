import Foundation
import Testing
import Torus

/// `fit` with virtual workers: whatever the number of ranks, all results are the same bits.
@Suite("Fitting with virtual workers")
struct VirtualFitTests {
  /// Everything that a training leaves, of which not a bit may differ.
  struct Results {
    var state: [[Float]] = []
    var figures: [Double] = []
    var predictions: [Float] = []

    mutating func add(_ figures: [Figures]) {
      self.figures += figures.flatMap { $0.values.map(\.value) }
    }
    mutating func take(_ model: Module) {
      state = model.stateDict().map { $0.tensor.to(.float32).array(of: Float.self) }
    }
  }

  /// With dropout and perhaps batch norm, which depend on what is computed together and in which order.
  static func net(_ outputs: Int, norm: Bool = false) -> Sequential {
    Generator(seed: 2).asDefault {
      Sequential(
        Linear(4, 16), norm ? BatchNorm1d(16) : LayerNorm(16), ReLU(), Dropout(0.3),
        Linear(16, outputs))
    }
  }

  /// The results of a body on 1, 2 and 3 ranks, those of every rank.
  static func onRanks(_ body: @escaping @Sendable (World?) throws -> Results) throws -> [Results] {
    // Threads of one process, other tests' among them, would draw from one generator.
    let alone = try Generator().asDefault { try body(nil) }
    return try [alone]
      + [1, 2, 3].flatMap { count in
        try World.threads(count) { world in try Generator().asDefault { try body(world) } }
      }
  }

  static func expectAlike(_ all: [Results]) {
    for (place, results) in all.enumerated() {
      #expect(results.state == all[0].state, "weights of \(place)")
      #expect(results.figures == all[0].figures, "figures of \(place)")
      #expect(results.predictions == all[0].predictions, "predictions of \(place)")
    }
  }

  @Test("tensors in memory leave the same bits on any number of ranks")
  func tensors() throws {
    let all = try Self.onRanks { world in
      let ((x, y), (xv, yv)) = (
        CompiledModelTests.data(45, seed: 1), CompiledModelTests.data(17, seed: 2)
      )
      let model = Self.net(3, norm: true)
      let m = model.compile(
        optimizer: "adamw", loss: .sparseCategoricalCrossEntropy,
        metrics: ["accuracy", "perplexity", "confusion_matrix"], group: world?.group,
        virtualWorkers: 4)
      let history = m.fit(
        x, y, epochs: 2, validation: (xv, yv), batchSize: 9, verbose: .silent)
      var results = Results()
      results.take(model)
      results.add(history.training + history.validation + [m.evaluate(xv, yv, batchSize: 5)])
      results.predictions = m.predict(xv, batchSize: 3).array(of: Float.self)
      return results
    }
    #expect(all[0].figures.count == 5 * 3 && all[0].predictions.count == 17 * 3)
    #expect(all.count == 7)
    Self.expectAlike(all)
  }

  @Test("sums of a metric are put together in one order")
  func sums() throws {
    let all = try Self.onRanks { world in
      let x = Tensor.randn([30, 4], generator: Generator(seed: 5))
      let y = x.sum(dim: 1, keepDim: true) * 0.3
      let model = Self.net(1)
      let m = model.compile(
        optimizer: "sgd", loss: "mse", metrics: ["mse", "mae", "r2"], group: world?.group,
        virtualWorkers: 6)
      var results = Results()
      results.add(m.fit(x, y, epochs: 2, batchSize: 8, verbose: .silent).training)
      results.take(model)
      return results
    }
    Self.expectAlike(all)
  }

  @Test("a loader of virtual workers' shares fits a compiled model and a trainer")
  func loaders() throws {
    let all = try Self.onRanks { world in
      let (x, y) = CompiledModelTests.data(26, seed: 3)
      let pairs = ArrayDataset((0..<26).map { $0 })
      let workers = VirtualWorkers(count: 4, seed: 7)
      var options = TrainerOptions()
      options.virtualWorkers = workers
      func loader() -> VirtualLoader<(Tensor, Tensor)> {
        VirtualLoader(workers, rank: world?.rank ?? 0, worldSize: world?.size ?? 1) {
          DataLoader(
            pairs, batches: BatchSampler(RandomSampler(recordCount: 26, seed: 1), batchSize: 8),
            rank: $0, worldSize: $1
          ) { rows in
            let index = Tensor(rows)
            return (x.indexSelect(dim: 0, index: index), y.indexSelect(dim: 0, index: index))
          }
        }
      }
      let model = Self.net(3)
      let m = model.compile(
        optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"],
        group: world?.group, options: options)
      let history = try m.fit(loader(), epochs: 2, validation: loader(), verbose: .silent)
      var results = Results()
      results.add(history.training + history.validation + [try m.evaluate(loader())])
      let other = Self.net(3)
      let trainer = try Trainer<(Tensor, Tensor)>(
        other, optimizer: SGD(other.parameters(), lr: 0.1), group: world?.group, options: options
      ) { StepOutput(loss: F.crossEntropy(other($0.0), $0.1)) }
      let further = try trainer.fit(loader(), epochs: 1, validation: loader())
      results.add(further.training + further.validation)
      results.take(Sequential(model, other))
      return results
    }
    #expect(all[0].figures.count == 5 * 2 + 2)
    Self.expectAlike(all)
  }
}
