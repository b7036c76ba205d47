import Foundation
import MPITesting
import Testing
import Torus

/// The loop in plain sight, and what it tells.
@Suite struct EventTests {
  final class Net: Module {
    let fc = Linear(3, 2)
    func callAsFunction(_ x: Tensor) -> Tensor { fc(x) }
  }

  /// What a sink was told, in words.
  private final class Notes: EventSink {
    var words: [String] = []
    var steps: [StepReport] = []
    var wantsPhases = false
    var wantsCollectives = false
    var endsAfter = Int.max
    var wantsEnd: Bool { steps.count >= endsAfter }

    func take(_ event: TrainingEvent) {
      switch event {
      case .started(let start): words.append("started \(start.step) of \(start.steps)")
      case .step(let report):
        steps.append(report)
        words.append("step \(report.step)")
      case .evaluation(let report): words.append("\(report.split) \(report.step)")
      case .checkpoint(let path, let step): words.append("\(path) \(step)")
      case .hashes(let hashes): words.append("hashes \(hashes.step)")
      case .epoch(let epochs): words.append("epoch \(epochs)")
      case .phase(let phase):
        words.append("\(phase.name) \(phase.step) \(phase.ended == nil ? "begins" : "ended")")
      case .collective(let record): words.append("collective \(record.operation.label)")
      case .ended(let result): words.append("\(result.end) \(result.step)")
      }
    }
  }

  private static func loader(
    _ group: ProcessGroup? = nil
  ) -> any BatchLoading<[BatchPart<[Tensor]>]> {
    func number(_ index: Int) -> Float { Float(index % 5) - 2 }
    let records = (0..<10).map { [number($0 * 7), number($0 * 7 + 3), number($0 * 7 + 6)] }
    func collate(_ rows: [[Float]]) -> [Tensor] {
      let labels = rows.map { $0[0] > 0 ? 1 : 0 }
      return [Tensor(rows.flatMap { $0 }, shape: [rows.count, 3]), Tensor(labels)]
    }
    return DataLoader(
      ArrayDataset(records),
      batches: BatchSampler(SequentialSampler(recordCount: 10), batchSize: 4),
      rank: group?.rank ?? 0, worldSize: group?.size ?? 1
    ) { (rows: [[Float]]) in BatchPart.cut(rows, into: 1, collate: collate) }
  }

  private static func trainer(
    _ group: ProcessGroup? = nil, optimizer: ((Module) -> Optimizer)? = nil
  ) throws -> Trainer<[Tensor]> {
    // Other tests draw from the process's generator at the same time.
    let net = Generator(seed: 4).asDefault { Net() }
    return try Trainer(
      net, optimizer: optimizer?(net) ?? SGD(net.parameters(), lr: 0.1), group: group
    ) { .classification(net($0[0]), $0[1]) }
  }

  @Test func `a loop takes steps, and sinks are told what happens in order`() throws {
    let trainer = try Self.trainer()
    let notes = Notes()
    trainer.sinks = [notes]
    try trainer.begin(Self.loader(), epochs: 2)
    while let report = try trainer.next() {
      guard report.isLastOfEpoch else { continue }
      let figures = try trainer.evaluate(Self.loader())
      try trainer.tell(
        .evaluation(EvaluationReport(step: report.step, split: "held", figures: figures)))
    }
    #expect(trainer.end == .finished)
    #expect(try trainer.next() == nil)
    try trainer.tell(.ended(trainer.result(trainer.end)))
    #expect(
      notes.words == [
        "started 0 of 6", "step 1", "step 2", "step 3", "held 3", "epoch 1", "step 4", "step 5",
        "step 6", "held 6", "finished 6",
      ])
    #expect(notes.steps.map(\.isLast) == [false, false, false, false, false, true])
  }

  @Test func `phases are told to whom they matter`() throws {
    let trainer = try Self.trainer()
    let (notes, other) = (Notes(), Notes())
    notes.wantsPhases = true
    trainer.sinks = [notes, other]
    try trainer.run(Self.loader(), steps: 1)
    let names = ["data", "forward", "backward", "agreement", "optimizer"]
    #expect(
      notes.words == ["started 0 of 1"] + names.flatMap { ["\($0) 1 begins", "\($0) 1 ended"] }
        + ["step 1", "finished 1"])
    #expect(other.words == ["started 0 of 1", "step 1", "finished 1"])
  }

  @Test func `a request to stop ends the loop with its step`() throws {
    let trainer = try Self.trainer()
    var asked = false
    try trainer.begin(Self.loader(), epochs: 2, shouldStop: { asked })
    #expect(try trainer.next()?.isStopping == false)
    asked = true
    #expect(try trainer.next()?.isStopping == true)
    #expect(try trainer.next() == nil)
    #expect(trainer.end == .stopped && trainer.step == 2)
  }

  @Test func `a request on one rank ends an evaluation at one batch, and leaves all as it was`()
    throws
  {
    let batches = try World.threads(3, options: World.Options(timeout: .seconds(60))) { world in
      try Generator(seed: 5).asDefault {
        let trainer = try Self.trainer(world.group)
        let loader = try Self.loader(world.group)
        _ = try loader.next()
        let (place, drawn) = (loader.state, Generator.default.state)
        var asked = 0
        let figures = try trainer.evaluate(loader, maxBatches: nil) {
          asked += 1
          return world.rank == 1 && asked == 2
        }
        #expect(figures == nil && loader.state == place && Generator.default.state == drawn)
        #expect(try trainer.evaluate(loader, maxBatches: nil, unless: { false }) != nil)
        return asked
      }
    }
    #expect(batches == [2, 2, 2])
  }

  @Test func `a sink on one rank ends all ranks, which are told their collectives`() throws {
    let words = try World.threads(3, options: World.Options(timeout: .seconds(60))) { world in
      try Generator(seed: 5).asDefault {
        let trainer = try Self.trainer(world.group)
        let notes = Notes()
        notes.wantsCollectives = true
        if world.rank == 1 { notes.endsAfter = 2 }
        trainer.sinks = [notes]
        let end = try trainer.run(Self.loader(world.group), epochs: 5)
        return (end, trainer.step, notes.words)
      }
    }
    for (end, step, words) in words {
      #expect(end == .finished && step == 3)
      #expect(words.contains("collective figures"), "\(words)")
      #expect(words.last == "finished 3")
    }
  }

  @Test func `early stopping waits for its patience`() throws {
    var options = EarlyStoppingOptions()
    (options.metric, options.mode, options.patience) = ("accuracy", .max, 2)
    let sink = EarlyStopping(options)
    func judge(_ accuracy: Double) throws {
      try sink.take(
        .evaluation(
          EvaluationReport(
            step: 1, split: "validation",
            figures: Figures(records: 1, values: [("loss", 1), ("accuracy", accuracy)]))))
    }
    for (accuracy, ends) in [(0.5, false), (0.6, false), (0.6, false), (0.7, false), (0.6, false)] {
      try judge(accuracy)
      #expect(sink.wantsEnd == ends)
    }
    try judge(0.65)
    #expect(sink.wantsEnd)
    options.metric = "f1"
    let other = EarlyStopping(options)
    #expect {
      try other.take(
        .evaluation(
          EvaluationReport(
            step: 1, split: "validation", figures: Figures(records: 1, values: [("loss", 1)]))))
    } throws: {
      "\($0)".contains("evaluations have no f1")
    }
  }

  @Test func `an optimizer that evaluates the loss itself learns on any number of ranks`() throws {
    @Sendable func weights(_ group: ProcessGroup?) throws -> ([Float], Double) {
      let trainer = try Self.trainer(group) { LBFGS($0.parameters(), maxIter: 5) }
      try trainer.run(Self.loader(group), epochs: 4)
      let loss = try trainer.evaluate(Self.loader(group)).loss
      return (trainer.model.parameters()[0].value.array(of: Float.self), loss)
    }
    let alone = try weights(nil)
    #expect(alone.1 < 0.3)
    let many = try World.threads(2, options: World.Options(timeout: .seconds(60))) { world in
      try Generator(seed: 5).asDefault { try weights(world.group) }
    }
    for outcome in many {
      #expect(zip(outcome.0, alone.0).allSatisfy { abs($0 - $1) < 2e-2 * max(1, abs($1)) })
    }
  }
}
