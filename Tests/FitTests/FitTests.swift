import Testing
import Torus

/// The loop that one does not have to write, from wherever things stand.
@Suite struct FitTests {
  /// A layer that remembers in which modes it was asked.
  final class Net: Module {
    let first = Linear(3, 4)
    let dropout = Dropout(0.5)
    let second = Linear(4, 2)
    func callAsFunction(_ x: Tensor) -> Tensor { second(dropout(first(x).relu())) }
  }

  typealias Pair = (inputs: Tensor, labels: Tensor)

  private func loader(_ count: Int = 10, batch: Int = 4) -> DataLoader<Tensor, Pair> {
    let records = TensorDataset(Tensor.randn([count, 3], generator: Generator(seed: 3)))
    return DataLoader(
      records, batches: BatchSampler(RandomSampler(recordCount: count, seed: 1), batchSize: batch)
    ) { rows in
      (Tensor.stack(rows), Tensor(rows.map { $0[0].item() > 0 ? 1 : 0 }))
    }
  }

  private func trainer(_ net: Net) throws -> Trainer<Pair> {
    try Trainer(net, optimizer: SGD(net.parameters(), lr: 0.1)) {
      .classification(net($0.inputs), $0.labels)
    }
  }

  @Test func `epochs count from the call`() throws {
    let (net, loader) = (Net(), loader())
    let trainer = try trainer(net)
    let first = try trainer.fit(loader, epochs: 2)
    #expect(trainer.step == 6 && first.training.map(\.records) == [10, 10])
    let second = try trainer.fit(loader, epochs: 1)
    #expect(trainer.step == 9 && second.training.map(\.records) == [10])
    #expect(second.training.allSatisfy { $0.loss.isFinite })
    // In the middle of an epoch the rest of it is the first.
    _ = try loader.next()
    #expect(try loader.next() != nil)
    let rest = try trainer.fit(loader, epochs: 2)
    #expect(rest.training.map(\.records) == [6, 10])
    // Another loader, another beginning.
    #expect(try trainer.fit(self.loader(), epochs: 1).training.map(\.records) == [10])
  }

  @Test func `a loop of one's own takes plain batches too`() throws {
    let (net, loader) = (Net(), loader())
    let trainer = try trainer(net)
    try trainer.begin(loader, epochs: 2)
    var judged: [Int] = []
    while let report = try trainer.next() {
      if report.isLastOfEpoch { judged.append(try trainer.evaluate(loader).records) }
    }
    #expect(trainer.step == 6 && judged == [10, 10] && net.isTraining)
    #expect(try trainer.evaluate(loader, maxBatches: 1).records == 4)
  }

  @Test func `no epochs train nothing`() throws {
    let net = Net()
    let trainer = try trainer(net)
    let history = try trainer.fit(loader(), epochs: 0, validation: loader())
    #expect(trainer.step == 0 && history.training.isEmpty && history.validation.isEmpty)
  }

  @Test func `the training loader can be judged by, and keeps its place`() throws {
    let (one, other) = (Net(), Net())
    try other.load(one.stateDict())
    let (plain, judged) = (try trainer(one), try trainer(other))
    let (a, b) = (loader(), loader())
    // Other tests draw from the process's generator at the same time.
    _ = try Generator(seed: 5).asDefault { try plain.fit(a, epochs: 3) }
    let history = try Generator(seed: 5).asDefault { try judged.fit(b, epochs: 3, validation: b) }
    #expect(history.validation.map(\.records) == [10, 10, 10])
    #expect(judged.step == plain.step && a.state == b.state)
    #expect(
      one.second.weight.value.array(of: Float.self)
        == other.second.weight.value.array(of: Float.self))
  }

  @Test func `an evaluation leaves each module's mode and the loader's place as they were`() throws
  {
    let net = Net()
    net.dropout.eval()
    let trainer = try trainer(net)
    let records = Parts(loader())
    _ = try records.next()
    let place = records.state
    for mode in [true, false] {
      if !mode { net.eval() }
      let modes = net.modules().map(\.isTraining)
      let figures = try trainer.evaluate(records)
      #expect(figures.records == 10)
      #expect(try trainer.evaluate(records, maxBatches: 2).records == 8)
      #expect(net.modules().map(\.isTraining) == modes)
      #expect(records.state == place)
    }
    // Also where it fails.
    let failing = try Trainer<Pair>(net, optimizer: SGD(net.parameters(), lr: 0.1)) { _ in
      throw Failing()
    }
    net.train()
    #expect(throws: Failing.self) { try failing.evaluate(records) }
    #expect(net.isTraining && records.state == place)
  }

  private struct Failing: Error {}

  /// Batches in one part.
  private final class Parts: BatchLoading {
    let base: DataLoader<Tensor, Pair>
    init(_ base: DataLoader<Tensor, Pair>) { self.base = base }
    var epoch: Int { base.epoch }
    var step: Int { base.step }
    var batchCount: Int { base.batchCount }
    var state: LoaderState { base.state }
    func restore(_ state: LoaderState) throws(DataError) { try base.restore(state) }
    func next() throws -> Batch<[BatchPart<Pair>]>? {
      try base.next().map { batch in batch.map { [BatchPart($0, count: batch.count)] } }
    }
  }
}
