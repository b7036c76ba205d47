import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// Ranks with different numbers of batches.
@Suite("Join")
struct JoinTests {
  /// Trains with `counts[rank]` batches on each rank; returns weights, and the passes done.
  private func train(
    _ counts: [Int], options: JoinOptions = .init(),
    _ body: @escaping @Sendable (TwoLayers, ProcessGroup, Int) -> Tensor = { model, group, pass in
      model.loss(rank: group.rank, pass: pass)
    }
  ) throws -> [[[Float]]] {
    try onRanks(counts.count) { group in
      let model = TwoLayers()
      var buckets = DataParallelOptions()
      buckets.bucketLimits = [200, 400]
      let parallel = try DistributedDataParallel(model, group: group, options: buckets)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel], options: options) {
        for pass in 0..<counts[group.rank] {
          try parallel.forward { body($0, group, pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
    }
  }

  /// The same by hand, on one process: gradients of the ranks that have data, divided by all ranks
  /// or by those.
  private func expected(_ counts: [Int], _ division: JoinOptions.Division) -> [[Float]] {
    Generator(seed: 5).asDefault {
      let model = TwoLayers()
      let optimizer = SGD(model.parameters(), lr: 0.1)
      for pass in 0..<(counts.max() ?? 0) {
        let active = counts.indices.filter { pass < counts[$0] }
        let divisor = division == .initialWorldSize ? counts.count : active.count
        for rank in active { (model.loss(rank: rank, pass: pass) / Double(divisor)).backward() }
        optimizer.step()
        optimizer.zeroGrad()
      }
      return model.weights
    }
  }

  @Test(
    "model equivalence: as trained by hand, with either division; all ranks end alike",
    arguments: [[2, 5], [5, 2], [3, 0], [0, 3], [1, 4, 2], [4, 4, 1, 0]],
    [JoinOptions.Division.initialWorldSize, .effectiveWorldSize])
  func modelEquivalence(counts: [Int], division: JoinOptions.Division) throws {
    var options = JoinOptions()
    options.division = division
    let results = try train(counts, options: options)
    let expected = expected(counts, division)
    for result in results {
      #expect(result == results[0])
      #expect(distance(expected, result) < 1e-5)
    }
  }

  @Test("even inputs are trained as without a join")
  func evenInputs() throws {
    var off = JoinOptions()
    off.isEnabled = false
    let (joined, plain) = (try train([3, 3]), try train([3, 3], options: off))
    #expect(joined == plain)
  }

  @Test("throwing on early termination ends all ranks, and names the first")
  func exception() throws {
    var throwing = JoinOptions()
    throwing.throwsOnEarlyTermination = true
    let options = throwing
    let ended = try onRanks(3) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      var passes = 0
      let error = #expect(throws: DataParallelError.self) {
        try Join.run([parallel], options: options) {
          for pass in 0..<(group.rank == 1 ? 2 : 5) {
            try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
            passes += 1
          }
        }
      }
      #expect("\(String(describing: error))".contains("rank 1 ran out of data"))
      return passes
    }
    #expect(ended == [2, 2, 2])
    // Ranks that end together do not throw.
    let even = try train([2, 2], options: options)
    #expect(even[0] == even[1])
  }

  @Test("an error in the body comes out as it is")
  func bodyError() throws {
    struct Broken: Error {}
    _ = try onRanks(1) { group in
      let parallel = try DistributedDataParallel(TwoLayers(), group: group)
      #expect(throws: Broken.self) { try Join.run([parallel]) { throw Broken() } }
      #expect(parallel.joining == nil)
      return true
    }
  }

  @Test("parameters that are unused on some ranks, and on ranks without data")
  func unusedParameters() throws {
    let results = try onRanks(3) { group in
      let model = DistributedDataParallelTests.Branches()
      let parallel = try DistributedDataParallel(model, group: group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      let unused = model.unused.weights
      try Join.run([parallel]) {
        for pass in 0..<(2 + 2 * group.rank) {
          optimizer.zeroGrad()
          let goesLeft = (group.rank + pass) % 2 == 0
          try parallel.forward { $0(.ones([1, 4]), left: goesLeft) }.sum().backward()
          #expect(model.unused.weight.grad == nil)
          optimizer.step()
        }
      }
      #expect(model.unused.weights == unused)
      return model.weights
    }
    for result in results { #expect(result == results[0]) }
  }

  @Test("passes that do not meet are shadowed by nothing")
  func noSync() throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel]) {
        for step in 0..<(group.rank == 0 ? 1 : 3) {
          try parallel.noSync {
            try parallel.forward { $0.loss(rank: group.rank, pass: 2 * step) }.backward()
          }
          try parallel.forward { $0.loss(rank: group.rank, pass: 2 * step + 1) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
    }
    #expect(results[0] == results[1])
  }

  @Test("a compression hook is shadowed too")
  func hook() throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      var options = PowerSGDHook.Options()
      (options.startPowerSGDIter, options.minCompressionRate) = (2, 1)
      try parallel.register(PowerSGDHook(options))
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel]) {
        for pass in 0..<(group.rank == 0 ? 6 : 1) {
          try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
    }
    #expect(results[0] == results[1])
    #expect(results[0].joined().allSatisfy { $0.isFinite })
  }

  final class Normed: Module, Layer {
    let first = Linear(4, 6)
    let norm = BatchNorm1d(6)
    let second = Linear(6, 5)
    let normAgain = BatchNorm1d(5)
    func forward(_ x: Tensor) -> Tensor { normAgain(second(norm(first(x)).relu())) }
  }

  @Test("batch norm: buffers come from a rank with data, and the last one's are everybody's")
  func batchNorm() throws {
    let results = try onRanks(3) { group in
      let model = Normed()
      let parallel = try DistributedDataParallel(model, group: group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel]) {
        for pass in 0..<(1 + group.rank) {
          let x = Tensor.randn([5, 4], generator: Generator(seed: UInt64(10 * pass + group.rank)))
          try parallel.forward { $0(x) }.square().mean().backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
        + model.namedBuffers().map { $0.buffer.value.array(of: Float.self) }
    }
    for result in results { #expect(result == results[0]) }
    // The last rank's batches were counted.
    #expect(results[0].last == [3])
  }

  @Test("synchronized batch norm: ranks without data count as empty batches", arguments: [0, 1])
  func syncBatchNorm(fewest: Int) throws {
    let counts = [3, fewest]
    let results = try onRanks(2) { group in
      let model = Normed()
      try SyncBatchNorm.convert(model, group: group)
      let parallel = try DistributedDataParallel(model, group: group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      var options = JoinOptions()
      options.division = .effectiveWorldSize
      try Join.run([parallel], options: options) {
        for pass in 0..<counts[group.rank] {
          let x = Tensor.randn([5, 4], generator: Generator(seed: UInt64(10 * pass + group.rank)))
          try parallel.forward { $0(x) }.square().sum().backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
    }
    #expect(results[0] == results[1])
    // By hand: the records of all ranks that have some as one batch.
    let alone = Generator(seed: 5).asDefault {
      let model = Normed()
      let optimizer = SGD(model.parameters(), lr: 0.1)
      for pass in 0..<3 {
        let active = (0..<2).filter { pass < counts[$0] }
        let x = Tensor.cat(
          active.map { .randn([5, 4], generator: Generator(seed: UInt64(10 * pass + $0))) })
        (model(x).square().sum() / Double(active.count)).backward()
        optimizer.step()
        optimizer.zeroGrad()
      }
      return model.weights
    }
    #expect(distance(alone, results[0]) < 1e-4)
  }

  @Test("a sharded optimizer joins", arguments: [ShardedOptimizer.Stage.zero1, .zero2])
  func sharded(stage: ShardedOptimizer.Stage) throws {
    let counts = [1, 4, 2]
    let results = try onRanks(3) { group in
      let model = TwoLayers()
      let optimizer = try ShardedOptimizer(
        SGD(model.parameters(), lr: 0.1), group: group, stage: stage)
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      try Join.run([parallel, optimizer]) {
        for pass in 0..<counts[group.rank] {
          try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.weights
    }
    let expected = expected(counts, .initialWorldSize)
    for result in results {
      #expect(result == results[0])
      #expect(distance(expected, result) < 1e-5)
    }
  }

  @Test("a rank that took part without data goes on without the others' gradients")
  func gradientsAfterwards() throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel]) {
        for pass in 0..<(1 + group.rank) {
          try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      return model.gradients.allSatisfy(\.isEmpty)
    }
    #expect(results == [true, true])
  }

  @Test("what joins must share a group")
  func groups() throws {
    _ = try onRanks(2) { group in
      let parallel = try DistributedDataParallel(TwoLayers(), group: group)
      let pair = try #require(try group.newGroup(ranks: [0, 1]))
      let other = try DistributedDataParallel(TwoLayers(), group: pair)
      #expect(throws: DataParallelError.self) { try Join.run([parallel, other]) {} }
      #expect(throws: DataParallelError.self) { try Join.run([]) {} }
      return true
    }
  }
}
