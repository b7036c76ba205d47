import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Synchronization
import Tensors
import Testing

/// What travels where gradients are sharded, against what travels where each rank has all of them.
@Suite("Reduction of sharded gradients")
struct ShardedReductionTests {
  /// Parameters of odd sizes, in buckets that travel in posts and in segments.
  final class OddSizes: Module {
    let first = Linear(37, 61)
    let second = Linear(61, 129)
    let third = Linear(129, 5)

    func loss(rank: Int, pass: Int) -> Tensor {
      let generator = Generator(seed: UInt64(1000 * pass + rank))
      let x = Tensor.randn([6, 37], generator: generator)
      return third(second(first(x).tanh()).tanh()).square().mean()
    }
  }

  /// How to train: sharded or not, with which options and hook.
  struct Way: Sendable {
    var isSharded = true
    var options = DataParallelOptions()
    var hook: (@Sendable () throws -> any CommunicationHook)?
    var passes = 3
    var rule: @Sendable (OddSizes) -> Optimizer = { SGD($0.parameters(), lr: 0.5) }

    init(_ isSharded: Bool, reduceType: DType? = nil, isStatic: Bool = false) {
      self.isSharded = isSharded
      options.bucketLimits = [900, 20_000]
      options.reduceDtype = reduceType
      options.isStaticGraph = isStatic
    }
  }

  /// The weights of all ranks after a few passes.
  ///
  /// Whoever steps without momentum has weights whose bits tell the gradients'.
  private func train(_ ranks: Int, _ way: Way) throws -> [[Float]] {
    let results = try onRanks(ranks) { group in
      let model = OddSizes()
      let sharded =
        way.isSharded
        ? try ShardedOptimizer(
          way.rule(model), group: group, stage: .zero2, limits: way.options.bucketLimits) : nil
      let optimizer = sharded ?? way.rule(model)
      let parallel = try DistributedDataParallel(
        model, group: group, options: way.options, optimizer: sharded)
      if let make = way.hook { try parallel.register(make()) }
      for pass in 0..<way.passes {
        try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
        optimizer.step()
        optimizer.zeroGrad()
      }
      return model.weights
    }
    expectAlike(results)
    return results[0]
  }

  /// Expects the same bits in all lists, without printing them.
  private func expectAlike(
    _ weights: [[[Float]]], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let isAlike = weights.allSatisfy { $0 == weights[0] }
    let farthest = weights.map { distance(weights[0], $0) }.max() ?? 0
    #expect(isAlike, "apart by \(farthest)", sourceLocation: sourceLocation)
  }

  // MARK: Reduce types

  @Test(
    "half precision gives each owner the bits that data parallelism gives everybody",
    arguments: [1, 2, 3, 4], [DType.float16, .bfloat16])
  func reduceType(ranks: Int, dtype: DType) throws {
    let whole = try train(ranks, Way(false, reduceType: dtype))
    let (part, exact) = try (train(ranks, Way(true, reduceType: dtype)), train(ranks, Way(false)))
    expectAlike([part, whole])
    #expect(distance(exact, whole) > 0)
  }

  @Test("parameters that stay whole on one rank travel in half precision too")
  func wholeParameters() throws {
    var ways = [Way(false, reduceType: .bfloat16), Way(true, reduceType: .bfloat16)]
    for index in ways.indices { ways[index].rule = { Adafactor($0.parameters(), lr: 0.05) } }
    #expect(distance(try train(3, ways[0]), try train(3, ways[1])) < 1e-4)
  }

  @Test("averages in float16 stay finite where sums would not", arguments: [false, true])
  func range(isSharded: Bool) throws {
    let results = try onRanks(4) { group in
      let model = Linear(3, 2001, bias: false)
      let before = model.weights[0]
      let sharded =
        isSharded
        ? try ShardedOptimizer(SGD(model.parameters(), lr: 1), group: group, stage: .zero2) : nil
      let optimizer = sharded ?? SGD(model.parameters(), lr: 1)
      var options = DataParallelOptions()
      options.reduceDtype = .float16
      let parallel = try DistributedDataParallel(
        model, group: group, options: options, optimizer: sharded)
      try parallel.forward { $0(Tensor.full([1, 3], 40_000.0)) }.sum().backward()
      optimizer.step()
      return zip(before, model.weights[0]).map { $0 - $1 }
    }
    for result in results { #expect(result.allSatisfy { abs($0 - 40_000) < 1 }) }
  }

  @Test("float64 travels as float32, within its rounding")
  func float64() throws {
    let results = try onRanks(3) { group in
      func step(_ dtype: DType?, sharded isSharded: Bool) throws -> [Double] {
        try Generator(seed: 5).asDefault {
          let model = Linear(37, 61, dtype: .float64)
          let sharded =
            isSharded
            ? try ShardedOptimizer(SGD(model.parameters(), lr: 1), group: group, stage: .zero2)
            : nil
          let optimizer = sharded ?? SGD(model.parameters(), lr: 1)
          var options = DataParallelOptions()
          options.reduceDtype = dtype
          let parallel = try DistributedDataParallel(
            model, group: group, options: options, optimizer: sharded)
          let generator = Generator(seed: UInt64(group.rank))
          let x = Tensor.randn([6, 37], dtype: .float64, generator: generator)
          try parallel.forward { $0(x) }.square().mean().backward()
          optimizer.step()
          return model.parameters().flatMap { $0.value.array(of: Double.self) }
        }
      }
      func largest(_ one: [Double], _ other: [Double]) -> Double {
        zip(one, other).map { abs($0 - $1) }.max() ?? .nan
      }
      let exact = try step(nil, sharded: false)
      let (whole, part) = (try step(.float32, sharded: false), try step(.float32, sharded: true))
      return (largest(whole, part), largest(exact, part))
    }
    // Sums of float32 have another order in a ring than in a window.
    for (fromWhole, fromExact) in results {
      #expect(fromWhole < 1e-7)
      #expect(fromExact > 0 && fromExact < 1e-6)
    }
  }

  // MARK: Hooks

  @Test("the compression hook is the reduce type option", arguments: [DType.float16, .bfloat16])
  func compression(dtype: DType) throws {
    var way = Way(true)
    way.hook = { CompressionHook(dtype) }
    expectAlike([try train(3, way), try train(3, Way(true, reduceType: dtype))])
  }

  @Test("the hook that averages is what happens without one", arguments: [1, 2, 3, 4])
  func averaging(ranks: Int) throws {
    var way = Way(true)
    way.hook = { AllReduceHook() }
    expectAlike([try train(ranks, way), try train(ranks, Way(true))])
  }

  /// Sums, and divides in a second step, which talks to the other ranks.
  final class TwoSteps: ScatteringHook {
    func reduce(_ bucket: CommunicationBucket) -> BucketReduction { AllReduceHook().reduce(bucket) }

    func reduceScatter(_ bucket: ScatterBucket) -> BucketReduction {
      let whole = bucket.whole
      #expect(whole.gradients.map(\.shape) == whole.parameters.map(\.shape))
      #expect(bucket.counts.reduce(0, +) == whole.buffer.count)
      #expect(bucket.part.count == bucket.counts[whole.group.rank])
      return BucketReduction([bucket.reduceScatter(op: .sum)]) {
        bucket.overwrite(with: bucket.part / Double(whole.group.size))
        return BucketReduction([
          whole.group.allReduce(inPlace: Tensor([1.0], dtype: .float64), label: "then")
        ])
      }
    }
  }

  @Test("a hook of one's own may go on with further collectives", arguments: [1, 2, 4])
  func twoSteps(ranks: Int) throws {
    var way = Way(true)
    way.hook = { TwoSteps() }
    #expect(distance(try train(ranks, way), try train(ranks, Way(true))) < 1e-6)
    // Wrapped, it sees narrow buckets.
    way.hook = { CompressionHook(.bfloat16, over: TwoSteps()) }
    let narrow = try train(ranks, Way(true, reduceType: .bfloat16))
    #expect(distance(try train(ranks, way), narrow) < 1e-2)
  }

  final class WholeOnly: CommunicationHook {
    func reduce(_ bucket: CommunicationBucket) -> BucketReduction { AllReduceHook().reduce(bucket) }
  }

  @Test("hooks that need whole gradients are refused by name, with the reason and what to do")
  func refused() throws {
    _ = try onRanks(2) { group in
      let model = TwoLayers()
      let optimizer = try ShardedOptimizer(SGD(model.parameters()), group: group, stage: .zero2)
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      func refusal(_ hook: any CommunicationHook) -> String {
        let error = #expect(throws: DataParallelError.self) { try parallel.register(hook) }
        return "\(String(describing: error))"
      }
      for part in ["PowerSGDHook", "stage 2", "whole gradients", "use stage 1"] {
        #expect(try refusal(PowerSGDHook()).contains(part))
      }
      #expect(
        try refusal(CompressionHook(.float16, over: PowerSGDHook()))
          .contains("CompressionHook(float16, PowerSGDHook) cannot be registered"))
      let local = refusal(PostLocalSGDHook(subgroup: nil, startLocalSGDIter: 1))
      for part in ["PostLocalSGDHook", "differ from rank to rank", "not sharded"] {
        #expect(local.contains(part))
      }
      #expect(refusal(WholeOnly()).contains("conform it to ScatteringHook"))
      // None of them has been taken.
      try parallel.register(CompressionHook(.bfloat16))
      #expect(parallel.statistics.hook == "CompressionHook(bfloat16, AllReduceHook)")
      #expect(refusal(AllReduceHook()).contains("has the communication hook CompressionHook"))
      return true
    }
  }

  @Test("a hook beside a reduce type is refused")
  func beside() throws {
    _ = try onRanks(1) { group in
      let model = TwoLayers()
      let optimizer = try ShardedOptimizer(SGD(model.parameters()), group: group, stage: .zero2)
      var options = DataParallelOptions()
      options.reduceDtype = .bfloat16
      let parallel = try DistributedDataParallel(
        model, group: group, options: options, optimizer: optimizer)
      let error = #expect(throws: DataParallelError.self) {
        try parallel.register(AllReduceHook())
      }
      #expect("\(String(describing: error))".contains("where reduceDtype is set"))
      return true
    }
  }

  // MARK: Static graphs

  /// Counts the operations of a label.
  private final class Labels: CollectiveObserver {
    let ended = Mutex<[String]>([])
    func operationEnded(_ record: CollectiveRecord) {
      ended.withLock { $0.append(record.operation.label) }
    }
    func threadWaited(for operation: CollectiveOperation, from begin: UInt64, to end: UInt64) {}
  }

  @Test(
    "a static graph trains as any other, and tells in the first pass only which parameters are used",
    arguments: [1, 2, 4], [nil, DType.bfloat16])
  func staticGraph(ranks: Int, dtype: DType?) throws {
    func run(_ isStatic: Bool) throws -> [(weights: [[Float]], told: Int)] {
      try onRanks(ranks) { group in
        let model = DistributedDataParallelTests.Branches()
        let unused = model.unused.weights
        let optimizer = try ShardedOptimizer(
          AdamW(model.parameters(), lr: 0.1, weightDecay: 0.5), group: group, stage: .zero2,
          limits: [50, 90])
        var options = DataParallelOptions()
        (options.isStaticGraph, options.reduceDtype) = (isStatic, dtype)
        let parallel = try DistributedDataParallel(
          model, group: group, options: options, optimizer: optimizer)
        let labels = Labels()
        group.observe(labels)
        for pass in 0..<4 {
          let x = Tensor.full([1, 4], Double(group.rank + pass + 1))
          try parallel.forward { $0(x, left: group.rank == 0) }.sum().backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
        group.observe(nil)
        #expect(model.unused.weights == unused)
        return (model.weights, labels.ended.withLock { $0.count { $0 == "used parameters" } })
      }
    }
    let (promised, free) = (try run(true), try run(false))
    #expect(promised.map(\.weights) == free.map(\.weights))
    #expect(promised.allSatisfy { $0.told == 1 })
    #expect(free.allSatisfy { $0.told == 4 })
  }

  @Test("a static graph that changes is named")
  func staticGraphInvalid() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let model = DistributedDataParallelTests.Branches()
        let optimizer = try ShardedOptimizer(
          SGD(model.parameters()), group: group, stage: .zero2)
        var options = DataParallelOptions()
        options.isStaticGraph = true
        let parallel = try DistributedDataParallel(
          model, group: group, options: options, optimizer: optimizer)
        for pass in 0..<2 {
          try parallel.forward { $0(.ones([1, 4]), left: pass == 0) }.sum().backward()
        }
        return true
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("rank 0, pass 2: the graph is not the first pass's"))
    #expect(message.contains("does not reach left.weight, left.bias"))
    #expect(message.contains("reaches right.weight, right.bias"))
    #expect(message.contains("leave isStaticGraph off"))
  }

  // MARK: Uneven inputs

  @Test(
    "ranks without data take part in half precision, and a static graph waits for their first walk",
    arguments: [JoinOptions.Division.initialWorldSize, .effectiveWorldSize])
  func join(division: JoinOptions.Division) throws {
    func run(sharded isSharded: Bool) throws -> [[[Float]]] {
      try onRanks(3) { group in
        let model = OddSizes()
        let sharded =
          isSharded
          ? try ShardedOptimizer(
            SGD(model.parameters(), lr: 0.5), group: group, stage: .zero2, limits: [900, 20_000])
          : nil
        let optimizer = sharded ?? SGD(model.parameters(), lr: 0.5)
        var options = DataParallelOptions()
        options.bucketLimits = [900, 20_000]
        (options.reduceDtype, options.isStaticGraph) = (.bfloat16, true)
        let parallel = try DistributedDataParallel(
          model, group: group, options: options, optimizer: sharded)
        var joining = JoinOptions()
        joining.division = division
        let joined: [any Joinable] = sharded.map { [parallel, $0] } ?? [parallel]
        // In the first round rank 0 has no data at all, in the second it has the most.
        for counts in [[0, 1, 2], [3, 1, 0]] {
          try Join.run(joined, options: joining) {
            for pass in 0..<counts[group.rank] {
              try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
              optimizer.step()
              optimizer.zeroGrad()
            }
          }
        }
        return model.weights
      }
    }
    let (whole, part) = (try run(sharded: false), try run(sharded: true))
    expectAlike(part + whole)
  }
}
