import Testing
import Torus

/// Losses over unequal numbers of targets: however a batch is cut, it is worth the same.
@Suite struct TargetCountTests {
  /// A model of tokens that looks at one at a time.
  final class Tokens: Module {
    let table = Embedding(11, 11)
    func callAsFunction(_ x: Tensor) -> Tensor { table(x) }
  }

  typealias Content = [Tensor]

  /// Records of six targets, of which the first counts fewer than the last, and some none.
  static let records: [[Int]] = (0..<8).map { index in
    (0..<6).map { $0 < [0, 0, 1, 6, 0, 2, 5, 6][index] ? ($0 * 3 + index) % 11 : -100 }
  }

  /// What came of training on ``records`` in batches of `batch`.
  struct Outcome: Sendable {
    var weights: [Float]
    var losses: [Double]
    var judged: Double
    var targets: Int?
  }

  private static func train(
    _ group: ProcessGroup?, batch: Int, parts: Int, epochs: Int = 2
  ) throws -> Outcome {
    try Generator(seed: 3).asDefault {
      let model = Tokens()
      let records = records
      let loader = DataLoader(
        ArrayDataset(records),
        batches: BatchSampler(SequentialSampler(recordCount: records.count), batchSize: batch),
        rank: group?.rank ?? 0, worldSize: group?.size ?? 1
      ) { rows in
        BatchPart.cut(rows, into: parts) { rows in
          [
            Tensor(rows.flatMap { $0.map { max($0, 0) } }, shape: [rows.count, 6]),
            Tensor(rows.flatMap { $0 }, shape: [rows.count, 6]),
          ]
        }
      }
      let trainer = try Trainer<Content>(
        model, optimizer: SGD(model.parameters(), lr: 0.5, momentum: 0.9), group: group,
        targets: .counted { countTargets($0[1]) }
      ) { .tokens(model($0[0]), $0[1]) }
      let collector = Collector()
      trainer.sinks = [collector]
      try trainer.run(loader, epochs: epochs)
      let judged = try trainer.evaluate(loader)
      return Outcome(
        weights: model.table.weight.value.array(of: Float.self), losses: collector.losses,
        judged: judged.loss, targets: judged.targets)
    }
  }

  private final class Collector: EventSink {
    var losses: [Double] = []
    func take(_ event: TrainingEvent) {
      if case .step(let report) = event { losses.append(report.figures.loss) }
    }
  }

  private func expect(_ one: Outcome, equals other: Outcome) {
    #expect(zip(one.weights, other.weights).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(zip(one.losses, other.losses).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(one.losses.count == other.losses.count && abs(one.judged - other.judged) < 1e-6)
    #expect(one.targets == 20 && other.targets == 20)
  }

  @Test(arguments: [2, 3, 8])
  func `accumulated parts are worth the whole batch`(parts: Int) throws {
    let whole = try Self.train(nil, batch: 8, parts: 1)
    #expect(whole.losses.allSatisfy { $0.isFinite && $0 > 0 })
    expect(try Self.train(nil, batch: 8, parts: parts), equals: whole)
  }

  @Test(arguments: [(2, 1), (4, 1), (2, 2)])
  func `ranks are worth the whole batch`(ranks: Int, parts: Int) throws {
    let whole = try Self.train(nil, batch: 8, parts: 1)
    let outcomes = try World.threads(
      ranks, options: World.Options(timeout: .seconds(60))
    ) { world in
      try Generator(seed: 5).asDefault { try Self.train(world.group, batch: 8, parts: parts) }
    }
    for outcome in outcomes { expect(outcome, equals: whole) }
  }

  @Test func `the mean is the one over all targets`() throws {
    try Generator(seed: 3).asDefault {
      let model = Tokens()
      let inputs = Tensor(Self.records.flatMap { $0.map { max($0, 0) } }, shape: [8, 6])
      let targets = Tensor(Self.records.flatMap { $0 })
      let expected = F.crossEntropy(model(inputs).reshaped([-1, 11]), targets).item()
      let loss = try Self.train(nil, batch: 8, parts: 3, epochs: 1).losses[0]
      #expect(abs(loss - expected) < 1e-6)
    }
  }

  @Test func `a batch that is all padding moves nothing and does not end the run`() throws {
    // Batches of two: the first has no target at all.
    let outcome = try Self.train(nil, batch: 2, parts: 2)
    #expect(outcome.losses[0] == 0 && outcome.losses.allSatisfy(\.isFinite))
    #expect(outcome.weights.allSatisfy(\.isFinite) && outcome.targets == 20)
  }

  @Test func `figures of no targets are an error in words`() throws {
    let model = Tokens()
    let trainer = try Trainer<Content>(
      model, optimizer: SGD(model.parameters(), lr: 0.5), targets: .counted { countTargets($0[1]) }
    ) { .tokens(model($0[0]), $0[1]) }
    let loader = DataLoader(
      ArrayDataset([[0, 0]]), batches: BatchSampler(SequentialSampler(recordCount: 1), batchSize: 1)
    ) { _ in [BatchPart([Tensor([0, 0]), Tensor([-100, -100])], count: 1)] }
    #expect { try trainer.evaluate(loader) } throws: { "\($0)".contains("no target that counts") }
  }
}
