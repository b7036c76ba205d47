import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// An optimizer whose state is shared out does what it does by itself.
@Suite("Sharded optimizers")
struct ShardedOptimizerTests {
  typealias Stage = ShardedOptimizer.Stage

  /// Trains on ranks; returns each rank's weights.
  /// - Parameter stage: Nil for an optimizer that is not sharded.
  private func train(
    _ ranks: Int, _ stage: Stage?, passes: Int = 4, clip: Double? = nil, accumulate: Int = 1,
    _ make: @escaping @Sendable (TwoLayers) -> Optimizer
  ) throws -> [[[Float]]] {
    try onRanks(ranks) { group in
      let model = TwoLayers()
      let (optimizer, parallel) = try Self.prepare(model, group, stage, make)
      for pass in 0..<passes {
        try parallel.noSync {
          for part in 1..<accumulate {
            try parallel.forward {
              $0.loss(rank: group.rank, pass: pass + 100 * part)
            }.backward()
          }
        }
        try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
        if let clip { optimizer.clipGradNorm(clip) }
        optimizer.step()
        optimizer.zeroGrad()
      }
      return model.weights
    }
  }

  private static func prepare<Model: Module>(
    _ model: Model, _ group: ProcessGroup, _ stage: Stage?, _ make: (Model) -> Optimizer
  ) throws -> (Optimizer, DistributedDataParallel<Model>) {
    var options = DataParallelOptions()
    options.bucketLimits = [200, 400]
    guard let stage else {
      return (make(model), try DistributedDataParallel(model, group: group, options: options))
    }
    let sharded = try ShardedOptimizer(
      make(model), group: group, stage: stage, limits: [200, 400])
    return (
      sharded,
      try DistributedDataParallel(model, group: group, options: options, optimizer: sharded)
    )
  }

  @Test(
    "one rank's infinite gradient skips the step on all ranks",
    arguments: [nil, Stage.zero1, .zero2])
  func infinity(stage: Stage?) throws {
    let results = try onRanks(3) { group in
      let model = TwoLayers()
      let (optimizer, parallel) = try Self.prepare(model, group, stage) {
        SGD($0.parameters(), lr: 0.1)
      }
      let scaler = GradScaler(initScale: 4)
      let before = model.weights
      var steps: [Bool] = []
      for pass in 0..<2 {
        var loss = try parallel.forward { $0.loss(rank: group.rank, pass: pass) }
        if pass == 0 && group.rank == 1 { loss = loss * Float.infinity }
        scaler.scale(loss).backward()
        steps.append(scaler.step(optimizer))
        if pass == 0 && model.weights != before { steps = [] }
        optimizer.zeroGrad()
        scaler.update()
      }
      return (steps, scaler.scale, model.weights)
    }
    for (steps, scale, weights) in results {
      #expect(steps == [false, true] && scale == 2)
      #expect(weights == results[0].2 && weights.joined().allSatisfy(\.isFinite))
    }
  }

  private static let rules: [(name: String, options: OptionValues)] = [
    ("SGD", ["lr": 0.1, "momentum": 0.9, "weight_decay": 0.01]), ("Adam", ["lr": 0.01]),
    ("AdamW", ["lr": 0.01, "amsgrad": true]), ("NAdam", ["lr": 0.01]), ("ASGD", ["lr": 0.01]),
    ("Adagrad", ["lr": 0.01]), ("RMSprop", ["lr": 0.01]), ("Rprop", [:]),
  ]

  @Test(
    "stage 1 equals the optimizer by itself bit for bit, for every rule",
    arguments: ShardedOptimizerTests.rules.indices)
  func zero1(rule: Int) throws {
    let make: @Sendable (TwoLayers) -> Optimizer = { model in
      let (name, options) = Self.rules[rule]
      return Optimizer.named(name, [ParameterGroup(model.parameters())], options: options)
        ?? SGD(model.parameters())
    }
    for ranks in [2, 3] {
      let whole = try train(ranks, nil, make)
      let sharded = try train(ranks, .zero1, make)
      #expect(whole == sharded)
    }
  }

  @Test("stage 2 equals it within rounding", arguments: [1, 2, 3, 4])
  func zero2(ranks: Int) throws {
    let make: @Sendable (TwoLayers) -> Optimizer = {
      AdamW([ParameterGroup($0.parameters())], lr: 0.01)
    }
    let whole = try train(ranks, nil, make)
    let sharded = try train(ranks, .zero2, make)
    for result in sharded {
      #expect(result == sharded[0])
      #expect(distance(whole[0], result) < 1e-5)
    }
  }

  @Test("rules that move whole parameters are shared out by parameter")
  func wholeParameters() throws {
    let make: @Sendable (TwoLayers) -> Optimizer = {
      Adafactor([ParameterGroup($0.parameters())], lr: 0.05)
    }
    let (whole, sharded) = (try train(3, nil, make), try train(3, .zero1, make))
    #expect(whole == sharded)
    for result in try train(3, .zero2, make) { #expect(distance(whole[0], result) < 1e-4) }
  }

  @Test("a rule over all parameters at once is refused")
  func refused() throws {
    _ = try onRanks(1) { group in
      let error = #expect(throws: DataParallelError.self) {
        _ = try ShardedOptimizer(LBFGS(TwoLayers().parameters()), group: group)
      }
      #expect("\(String(describing: error))".contains("LBFGS"))
      return true
    }
  }

  @Test("groups with options of their own, and learning rates that change")
  func groups() throws {
    func run(_ stage: Stage?) throws -> [[[Float]]] {
      try onRanks(3) { group in
        let model = TwoLayers()
        let (optimizer, parallel) = try Self.prepare(model, group, stage) { model in
          AdamW(
            [
              ParameterGroup(model.parameters().filter { $0.shape.count > 1 }, weightDecay: 0.5),
              ParameterGroup(model.parameters().filter { $0.shape.count == 1 }, lr: 0.05),
            ], lr: 0.01)
        }
        let schedule = StepLR(optimizer, stepSize: 2, gamma: 0.5)
        for pass in 0..<5 {
          try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
          schedule.step()
        }
        return model.weights
      }
    }
    let (whole, first, second) = (try run(nil), try run(.zero1), try run(.zero2))
    #expect(first == whole)
    #expect(distance(whole[0], second[0]) < 1e-5)
  }

  @Test("clipping by the norm of all gradients", arguments: [Stage.zero1, .zero2])
  func clipping(stage: Stage) throws {
    let make: @Sendable (TwoLayers) -> Optimizer = {
      SGD([ParameterGroup($0.parameters())], lr: 0.5)
    }
    let whole = try train(3, nil, clip: 0.01, make)
    let sharded = try train(3, stage, clip: 0.01, make)
    let free = try train(3, nil, make)
    for result in sharded { #expect(distance(whole[0], result) < 1e-5) }
    #expect(distance(whole[0], free[0]) > 1e-3)
  }

  @Test(
    "the norm is the same on all ranks, whatever its exponent", arguments: [1, 2, 3, .infinity])
  func norms(exponent: Double) throws {
    func norm(_ stage: Stage?) throws -> [Double] {
      try onRanks(3) { group in
        let model = TwoLayers()
        let (optimizer, parallel) = try Self.prepare(model, group, stage) {
          SGD($0.parameters())
        }
        try parallel.forward { $0.loss(rank: group.rank, pass: 0) }.backward()
        return optimizer.clipGradNorm(1, normType: exponent)
      }
    }
    let whole = try norm(nil)
    let sharded = try norm(.zero2)
    #expect(sharded.allSatisfy { $0 == sharded[0] })
    #expect(abs(whole[0] - sharded[0]) < 1e-5 * whole[0])
  }

  @Test("accumulating over several passes", arguments: [Stage.zero1, .zero2])
  func accumulation(stage: Stage) throws {
    let make: @Sendable (TwoLayers) -> Optimizer = {
      SGD([ParameterGroup($0.parameters())], lr: 0.1)
    }
    let whole = try train(2, nil, accumulate: 3, make)
    let sharded = try train(2, stage, accumulate: 3, make)
    for result in sharded { #expect(distance(whole[0], result) < 1e-5) }
  }

  @Test("stage 2 adds up over synchronised passes too, and leaves parameters without gradients")
  func addsUp() throws {
    let results = try onRanks(2) { group in
      let model = Linear(3, 2, bias: false)
      let before = model.weights[0]
      let optimizer = try ShardedOptimizer(
        SGD(model.parameters(), lr: 1), group: group, stage: .zero2)
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      for _ in 0..<2 {
        try parallel.forward { $0(Tensor.full([1, 3], Double(group.rank + 1))) }.sum().backward()
        #expect(model.weight.grad == nil)
      }
      optimizer.step()
      return zip(before, model.weights[0]).map { $0 - $1 }
    }
    for result in results { #expect(result.allSatisfy { abs($0 - 3) < 1e-5 }) }
  }

  @Test("unused parameters do not move, on any rank", arguments: [Stage.zero1, .zero2])
  func unused(stage: Stage) throws {
    let results = try onRanks(2) { group in
      let model = DistributedDataParallelTests.Branches()
      let (optimizer, parallel) = try Self.prepare(model, group, stage) {
        AdamW($0.parameters(), lr: 0.1, weightDecay: 0.5)
      }
      let (unused, left) = (model.unused.weights, model.left.weights)
      try parallel.forward { $0(.ones([1, 4]), left: group.rank == 0) }.sum().backward()
      optimizer.step()
      return (model.unused.weights == unused, model.left.weights == left, model.weights)
    }
    for result in results {
      #expect(result.0)
      #expect(!result.1)
      #expect(result.2 == results[0].2)
    }
  }

  // MARK: State

  /// An optimizer's state as text and numbers.
  private struct Saved: Sendable {
    let values: String
    let names: [String]
    let tensors: [[Float]]

    init(_ state: OptimizerState) throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      values = String(decoding: try encoder.encode(state.values), as: UTF8.self)
      names = state.tensors.names
      tensors = state.tensors.map { $0.tensor.array(of: Float.self) }
    }
  }

  @Test(
    "consolidated state is that of the optimizer by itself",
    arguments: ["AdamW", "SGD", "Adafactor"])
  func consolidation(name: String) throws {
    let states = try onRanks(3) { group -> [Saved] in
      func state(_ stage: Stage?) throws -> OptimizerState? {
        let model = Generator(seed: 5).asDefault { TwoLayers() }
        let (optimizer, parallel) = try Self.prepare(model, group, stage) {
          Optimizer.named(
            name, [ParameterGroup($0.parameters())],
            options: name == "SGD" ? ["momentum": 0.9] : [:]) ?? SGD($0.parameters())
        }
        for pass in 0..<3 {
          try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
        return try (optimizer as? ShardedOptimizer)?.consolidated(to: 1)
          ?? (stage == nil ? optimizer.stateDict() : nil)
      }
      let whole = try state(nil)
      let sharded = try state(.zero1)
      #expect((sharded != nil) == (group.rank == 1))
      return try [whole, sharded].compactMap { try $0.map { try Saved($0) } }
    }
    let pair = states[1]
    #expect(pair.count == 2)
    #expect(pair[0].values == pair[1].values)
    #expect(Set(pair[0].names) == Set(pair[1].names))
    #expect(pair[0].tensors == pair[1].tensors)
  }

  @Test(
    "a run goes on with another number of ranks, sharded or not", arguments: [Stage.zero1, .zero2])
  func resume(stage: Stage) throws {
    // Every pass trains on all 4 records' losses, shared out over the ranks that there are.
    func run(_ ranks: Int, _ stage: Stage?, _ passes: Range<Int>, _ from: Snapshot?) throws
      -> Snapshot
    {
      let results = try onRanks(ranks) { group -> Snapshot? in
        let model = TwoLayers()
        for (parameter, values) in zip(model.parameters(), from?.weights ?? []) {
          parameter.assign(Tensor(values, shape: parameter.shape))
        }
        let (optimizer, parallel) = try Self.prepare(model, group, stage) {
          AdamW($0.parameters(), lr: 0.01)
        }
        if let from { try optimizer.load(from.state()) }
        for pass in passes {
          let share = 4 / group.size
          try parallel.forward { model in
            (group.rank * share..<(group.rank + 1) * share).map {
              model.loss(rank: $0, pass: pass)
            }.reduce(Tensor(Float(0))) { $0 + $1 } / Double(share)
          }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
        let state =
          try (optimizer as? ShardedOptimizer)?.consolidated()
          ?? (stage == nil ? optimizer.stateDict() : nil)
        return state.map { Snapshot(weights: model.weights, $0) }
      }
      return try #require(results[0])
    }
    let whole = try run(1, nil, 0..<6, nil)
    let begun = try run(4, stage, 0..<3, nil)
    for (ranks, next) in [(2, stage), (1, stage), (4, stage), (2, nil)] as [(Int, Stage?)] {
      let ended = try run(ranks, next, 3..<6, begun)
      #expect(distance(whole.weights, ended.weights) < 1e-4)
    }
    // With the same ranks, bit for bit what an uninterrupted run gives.
    let resumed = try run(4, stage, 3..<6, begun)
    let uninterrupted = try run(4, stage, 0..<6, nil)
    #expect(uninterrupted.weights == resumed.weights)
  }

  /// Weights and state that can go from thread to thread.
  private struct Snapshot: Sendable {
    let weights: [[Float]]
    let tensors: [(name: String, shape: [Int], values: [Float])]
    let values: OptionValue

    init(weights: [[Float]], _ state: OptimizerState) {
      self.weights = weights
      tensors = state.tensors.map { ($0.name, $0.tensor.shape, $0.tensor.array(of: Float.self)) }
      values = state.values
    }

    func state() -> OptimizerState {
      OptimizerState(
        tensors: StateDict(tensors.map { ($0.name, Tensor($0.values, shape: $0.shape)) }),
        values: values)
    }
  }

  @Test("each rank keeps its share: state and gradients take 1/W of the memory")
  func memory() throws {
    let results = try onRanks(4) { group in
      let model = Linear(256, 256)
      let optimizer = try ShardedOptimizer(
        Adam(model.parameters()), group: group, stage: .zero2, limits: [64 << 10])
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      try parallel.forward { $0(.ones([1, 256])) }.sum().backward()
      optimizer.step()
      return (optimizer.stateByteCount, parallel.statistics)
    }
    let weights = 4 * (256 * 256 + 256)
    for (state, log) in results {
      #expect(abs(state - 2 * weights / 4) <= 64)
      // A quarter of the gradients, and two buckets through which they travel.
      let largest = log.bucketBytes.max() ?? 0
      #expect(abs(log.addedBytes - (weights / 4 + 2 * largest)) <= 64)
    }
  }

  @Test("a model's trained parameters must be the optimizer's")
  func otherParameters() throws {
    _ = try onRanks(2) { group in
      let model = TwoLayers()
      let part = try ShardedOptimizer(
        SGD(model.first.parameters()), group: group, stage: .zero2)
      let error = #expect(throws: DataParallelError.self) {
        try DistributedDataParallel(model, group: group, optimizer: part)
      }
      #expect("\(String(describing: error))".contains("second.weight"))
      return true
    }
  }
}
