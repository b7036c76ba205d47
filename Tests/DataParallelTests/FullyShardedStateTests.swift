import Collectives
import DataParallel
import Foundation
import MPITesting
import NN
import Optimizers
import Tensors
import Testing

/// What a fully sharded model shows outside of passes, and what becomes of it when something goes wrong.
@Suite("Values of fully sharded models")
struct FullyShardedStateTests {
  typealias Floor = FullyShardedTests.Floor

  /// Floors that a pass may leave out, with a head.
  final class Stairs: Module {
    let floors = (0..<3).map { _ in Floor(dropout: 0) }
    let head = Linear(12, 3)

    func loss(rank: Int, pass: Int, floors used: [Int] = [0, 1, 2]) throws -> Tensor {
      var x = Tensor.randn([5, 12], generator: Generator(seed: UInt64(100 * pass + rank)))
      for index in used {
        if index > 2 { throw Missing(floor: index) }
        x = floors[index](x)
      }
      return head(x).square().mean()
    }
  }

  struct Missing: Error { let floor: Int }

  private static func sharded(
    _ model: Stairs, _ group: ProcessGroup, units: ShardUnits? = nil
  ) throws -> (ShardedOptimizer, DistributedDataParallel<Stairs>) {
    let optimizer = try ShardedOptimizer(
      AdamW(model.parameters(), lr: 0.01), group: group, stage: .zero3,
      units: units ?? ShardUnits(model))
    return (optimizer, try DistributedDataParallel(model, group: group, optimizer: optimizer))
  }

  // MARK: Units

  @Test("units are the outermost modules of lists, or a model's children, or what is named")
  func units() {
    let stairs = Stairs()
    #expect(ShardUnits(stairs).names == ["floors.0", "floors.1", "floors.2", "the rest"])
    #expect(ShardUnits(TwoLayers()).names == ["first", "second", "the rest"])
    let named = ShardUnits(stairs, [stairs.head, stairs.floors[1].first, stairs.floors[1]])
    #expect(named.names == ["head", "floors.1.first", "floors.1", "the rest"])
    #expect(ShardUnits(Linear(2, 2)).names == ["the rest"])
  }

  @Test("whatever the units, the bits are the same", arguments: [1, 3])
  func anyUnits(ranks: Int) throws {
    func train(_ choose: @escaping @Sendable (Stairs) -> ShardUnits) throws -> [[[Float]]] {
      try onRanks(ranks) { group in
        let model = Stairs()
        let (optimizer, parallel) = try Self.sharded(model, group, units: choose(model))
        for pass in 0..<3 {
          try parallel { try $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
        return try parallel.withFullParameters { $0.weights }
      }
    }
    let first = try train { ShardUnits($0) }
    let second = try train { ShardUnits($0, []) }
    let third = try train { ShardUnits($0, $0.modules().filter { $0 is Linear }.reversed()) }
    #expect(first == second)
    #expect(first == third)
  }

  // MARK: Outside

  @Test("reading a value outside of a pass stops with the parameter's name and the remedy")
  func outside() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let model = Stairs()
        let made = try FullyShardedStateTests.sharded(model, group)
        try made.1 { try $0.loss(rank: 0, pass: 0) }.backward()
        return model.floors[2].first.weight.value.sum().item()
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("floors.2.first.weight") && words.contains("withFullParameters"))
  }

  @Test("writing a value in a pass stops with the parameter's name")
  func written() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let model = Stairs()
        let made = try FullyShardedStateTests.sharded(model, group)
        try made.1 { model in
          let loss = try model.loss(rank: 0, pass: 0)
          model.head.weight.assign(.zeros([3, 12]))
          return loss
        }.backward()
        return true
      }
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("head.weight"))
  }

  @Test("what is written while all values are there is kept", arguments: [1, 2, 3])
  func writing(ranks: Int) throws {
    let results = try onRanks(ranks) { group in
      let source = Generator(seed: 77).asDefault { Stairs() }
      let model = Stairs()
      let (_, parallel) = try Self.sharded(model, group)
      try parallel.withFullParameters { _ = try $0.load(source.stateDict()) }
      let loaded = try parallel.withFullParameters { $0.weights }
      let losses = try noGrad {
        (
          try source.loss(rank: 0, pass: 0).item(),
          try parallel { try $0.loss(rank: 0, pass: 0) }.item()
        )
      }
      return (loaded == source.weights, losses.0 == losses.1)
    }
    for (isLoaded, isAlike) in results { #expect(isLoaded && isAlike) }
  }

  @Test("passes may be made while all values are there, by some ranks alone")
  func passesWithin() throws {
    let results = try onRanks(2) { group in
      let model = Stairs()
      let (_, parallel) = try Self.sharded(model, group)
      return try parallel.withFullParameters { model in
        try noGrad {
          let first = try parallel { try $0.loss(rank: 0, pass: 0) }.item()
          guard group.rank == 0 else { return true }
          return try model.loss(rank: 0, pass: 0).item() == first
        }
      }
    }
    #expect(results == [true, true])
  }

  @Test("metadata are there without values")
  func metadata() throws {
    _ = try onRanks(2) { group in
      let model = Stairs()
      let count = model.parameterCount
      let made = try Self.sharded(model, group)
      #expect(model.parameterCount == count && model.head.weight.shape == [3, 12])
      #expect(model.head.weight.value.dtype == .float32 && made.1.isFullySharded)
      return true
    }
  }

  // MARK: State

  private struct Snapshot: Sendable {
    let weights: [(name: String, shape: [Int], values: [Float])]
    let tensors: [(name: String, shape: [Int], values: [Float])]
    let values: OptionValue

    static func list(_ state: StateDict) -> [(name: String, shape: [Int], values: [Float])] {
      state.map { ($0.name, $0.tensor.shape, $0.tensor.array(of: Float.self)) }
    }

    static func state(_ list: [(name: String, shape: [Int], values: [Float])]) -> StateDict {
      StateDict(list.map { ($0.name, Tensor($0.values, shape: $0.shape)) })
    }
  }

  @Test("a run goes on with another number of ranks, sharded or not", arguments: [1, 2, 4])
  func resume(ranks: Int) throws {
    func run(
      _ ranks: Int, sharded isSharded: Bool, _ passes: Range<Int>, _ from: Snapshot?
    ) throws -> Snapshot {
      let results = try onRanks(ranks) { group -> Snapshot? in
        let model = Stairs()
        if let from { try model.load(Snapshot.state(from.weights)) }
        let whole = AdamW(model.parameters(), lr: 0.01)
        let sharded =
          isSharded
          ? try ShardedOptimizer(whole, group: group, stage: .zero3, units: ShardUnits(model)) : nil
        let optimizer: Optimizer = sharded ?? whole
        let parallel = try DistributedDataParallel(model, group: group, optimizer: sharded)
        if let from {
          try optimizer.load(
            OptimizerState(tensors: Snapshot.state(from.tensors), values: from.values))
        }
        for pass in passes {
          let share = 4 / group.size
          try parallel { model in
            try (group.rank * share..<(group.rank + 1) * share).map {
              try model.loss(rank: $0, pass: pass)
            }.reduce(Tensor(Float(0))) { $0 + $1 } / Double(share)
          }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
        let state = try sharded?.consolidated() ?? (isSharded ? nil : whole.stateDict())
        guard let weights = try parallel.consolidatedState(), let state else { return nil }
        #expect(weights.names == model.stateDictNames)
        return Snapshot(
          weights: Snapshot.list(weights), tensors: Snapshot.list(state.tensors),
          values: state.values)
      }
      return try #require(results[0])
    }
    func apart(_ one: Snapshot, _ other: Snapshot) -> Float {
      max(
        distance(one.weights.map(\.values), other.weights.map(\.values)),
        distance(one.tensors.map(\.values), other.tensors.map(\.values)))
    }
    let whole = try run(1, sharded: false, 0..<6, nil)
    let begun = try run(ranks, sharded: true, 0..<3, nil)
    for (next, isSharded) in [(1, true), (2, true), (4, true), (2, false)] {
      #expect(apart(whole, try run(next, sharded: isSharded, 3..<6, begun)) < 1e-3)
    }
    #expect(
      apart(
        try run(ranks, sharded: true, 0..<6, nil), try run(ranks, sharded: true, 3..<6, begun)) == 0
    )
  }

  @Test("every rank that asks receives the state")
  func receivers() throws {
    for root in [nil, 0, 1] as [Int?] {
      let results = try onRanks(2) { group in
        let model = Stairs()
        let weights = model.weights
        let made = try Self.sharded(model, group)
        let state = try made.1.consolidatedState(to: root)
        return state.map { $0.map { $0.tensor.array(of: Float.self) } == weights }
      }
      for rank in 0..<2 { #expect(results[rank] == (root == nil || root == rank ? true : nil)) }
    }
  }

  // MARK: Uncommon passes

  @Test("a unit that no rank uses stays as it is, and the next pass may use it")
  func unused() throws {
    let results = try onRanks(3) { group in
      func train(_ stage: ShardedOptimizer.Stage) throws -> [[Float]] {
        try Generator(seed: 5).asDefault {
          let model = Stairs()
          let (optimizer, parallel) = try FullyShardedTests.prepare(model, group, stage) {
            AdamW($0.parameters(), lr: 0.01)
          }
          for (pass, floors) in [[0, 1, 2], [0, 2], [2], [1, 0], [0, 1, 2]].enumerated() {
            try parallel { try $0.loss(rank: group.rank, pass: pass, floors: floors) }.backward()
            optimizer.step()
            optimizer.zeroGrad()
          }
          return try parallel.withFullParameters { $0.weights }
        }
      }
      return (try train(.zero2), try train(.zero3))
    }
    for (second, third) in results { #expect(second == third) }
  }

  @Test("an error in a pass, and a pass without a walk, leave the next step as it would be")
  func interrupted() throws {
    let results = try onRanks(3) { group in
      func train(_ interrupts: Bool) throws -> [[Float]] {
        try Generator(seed: 5).asDefault {
          let model = Stairs()
          let (optimizer, parallel) = try Self.sharded(model, group)
          for pass in 0..<4 {
            if interrupts {
              #expect(throws: Missing.self) {
                _ = try parallel { try $0.loss(rank: 0, pass: 9, floors: [0, pass % 3, 3]) }
              }
              _ = try parallel { try $0.loss(rank: group.rank, pass: 8) }
              if pass == 2 { optimizer.step() }
            }
            try parallel { try $0.loss(rank: group.rank, pass: pass) }.backward()
            optimizer.step()
            optimizer.zeroGrad()
          }
          return try parallel.withFullParameters { $0.weights }
        }
      }
      return (try train(false), try train(true))
    }
    for (smooth, interrupted) in results { #expect(smooth == interrupted) }
  }

  @Test("gradients of gradients gather what they read")
  func penalty() throws {
    let results = try onRanks(2) { group in
      func train(_ stage: ShardedOptimizer.Stage) throws -> [[Float]] {
        try Generator(seed: 5).asDefault {
          let model = Stairs()
          let (optimizer, parallel) = try FullyShardedTests.prepare(model, group, stage) {
            SGD($0.parameters(), lr: 0.1)
          }
          for pass in 0..<3 {
            let loss = try parallel { model in
              let x = Tensor.randn([5, 12], generator: Generator(seed: UInt64(pass)))
                .requiringGrad()
              let output = model.head(model.floors[0](x)).square().sum()
              return grad(of: output, withRespectTo: x, createGraph: true).square().mean()
            }
            loss.backward()
            optimizer.step()
            optimizer.zeroGrad()
          }
          return try parallel.withFullParameters { $0.weights }
        }
      }
      return (try train(.zero2), try train(.zero3))
    }
    for (second, third) in results { #expect(second == third) }
  }

  // MARK: Refusals

  @Test("stage 3 needs units, and join is refused")
  func refused() throws {
    _ = try onRanks(2) { group in
      let model = Stairs()
      let without = #expect(throws: DataParallelError.self) {
        _ = try ShardedOptimizer(SGD(model.parameters()), group: group, stage: .zero3)
      }
      #expect("\(String(describing: without))".contains("ShardUnits"))
      let (_, parallel) = try Self.sharded(model, group)
      let join = #expect(throws: DataParallelError.self) { try Join.run([parallel]) {} }
      #expect("\(String(describing: join))".contains("zero2"))
      return true
    }
  }

  @Test("ranks that use different units end with words, and none waits for ever")
  func differentUnits() async throws {
    let result = try await suitesUnderMPI(
      ["FullyShardedStrays"], ranks: 2, timeout: .seconds(60))
    #expect(result.status != 0 && !result.timedOut)
    #expect(result.tail.contains("parameters of floors."), "\(result.tail)")
  }
}

@Suite("Ranks that use different units", .serialized, .enabled(if: MPIRank.isOne))
struct FullyShardedStrays {
  @Test func stray() throws {
    try MPIRank.run { world in
      let model = FullyShardedStateTests.Stairs()
      let optimizer = try ShardedOptimizer(
        SGD(model.parameters()), group: world.group, stage: .zero3, units: ShardUnits(model))
      let parallel = try DistributedDataParallel(model, group: world.group, optimizer: optimizer)
      try parallel { try $0.loss(rank: 0, pass: 0, floors: [0, world.rank + 1]) }.backward()
    }
  }
}

extension Module {
  fileprivate var stateDictNames: [String] {
    namedParameters().map(\.name)
  }
}
