import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

@Suite("Communication hooks")
struct HookTests {
  /// The gradients of a few passes with a hook, or without.
  private func gradients(
    ranks: Int, passes: Int = 3,
    _ make: @escaping @Sendable (ProcessGroup) throws -> (any CommunicationHook)?
  ) throws -> [[[Float]]] {
    let results = try onRanks(ranks) { group in
      let model = TwoLayers()
      var options = DataParallelOptions()
      options.bucketLimits = [200, 400]
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      if let hook = try make(group) { try parallel.register(hook) }
      return (0..<passes).map { pass in
        model.zeroGrad()
        model.loss(rank: group.rank, pass: pass).backward()
        return model.gradients
      }
    }
    for result in results { #expect(result == results[0]) }
    return results[0]
  }

  @Test("the all-reduce hook gives what no hook gives, bit for bit", arguments: [1, 2, 3, 4])
  func allReduce(ranks: Int) throws {
    let plain = try gradients(ranks: ranks) { _ in nil }
    let hooked = try gradients(ranks: ranks) { _ in AllReduceHook() }
    #expect(plain == hooked)
  }

  @Test("compression rounds to the narrow type and back", arguments: [DType.float16, .bfloat16])
  func compression(dtype: DType) throws {
    let plain = try gradients(ranks: 2) { _ in nil }
    let narrow = try gradients(ranks: 2) { _ in CompressionHook(dtype) }
    let tolerance: Float = dtype == .float16 ? 2e-3 : 1.6e-2
    for (one, other) in zip(plain, narrow) { #expect(distance(one, other) < tolerance) }
    #expect(plain != narrow)
    let representable = narrow.joined().joined().allSatisfy {
      Tensor([$0]).to(dtype).to(.float32).item() == Double($0)
    }
    #expect(representable)
  }

  @Test("the reduce type option is the compression hook", arguments: [DType.float16, .bfloat16])
  func reduceType(dtype: DType) throws {
    let hooked = try gradients(ranks: 3) { _ in CompressionHook(dtype) }
    let optional = try onRanks(3) { group in
      let model = TwoLayers()
      var options = DataParallelOptions()
      options.bucketLimits = [200, 400]
      options.reduceDtype = dtype
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      let result = (0..<3).map { pass in
        model.zeroGrad()
        model.loss(rank: group.rank, pass: pass).backward()
        return model.gradients
      }
      #expect(parallel.statistics.reduceType == "\(dtype)")
      return result
    }
    for result in optional { #expect(result == hooked) }
  }

  /// Sums, and divides in a second step.
  final class TwoSteps: CommunicationHook {
    func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
      #expect(bucket.gradients.map(\.shape) == bucket.parameters.map(\.shape))
      #expect(bucket.names.count == bucket.gradients.count)
      return BucketReduction([bucket.group.allReduce(inPlace: bucket.buffer, label: bucket.label)])
      {
        bucket.overwrite(with: bucket.buffer / Double(bucket.group.size))
        let check = bucket.group.allReduce(inPlace: Tensor([1.0], dtype: .float64), label: "then")
        return BucketReduction([check])
      }
    }
  }

  @Test("a hook of one's own may go on with further collectives", arguments: [2, 4])
  func thenHook(ranks: Int) throws {
    let plain = try gradients(ranks: ranks) { _ in nil }
    let hooked = try gradients(ranks: ranks) { _ in TwoSteps() }
    for (one, other) in zip(plain, hooked) { #expect(distance(one, other) < 1e-6) }
  }

  @Test("a hook sees which bucket is the last")
  func lastBucket() throws {
    final class Counter: CommunicationHook {
      var seen: [(Int, Bool)] = []
      func reduce(_ bucket: CommunicationBucket) -> BucketReduction {
        seen.append((bucket.index, bucket.isLast))
        return AllReduceHook().reduce(bucket)
      }
    }
    _ = try onRanks(2) { group in
      let model = TwoLayers()
      var options = DataParallelOptions()
      options.bucketLimits = [200]
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      let counter = Counter()
      try parallel.register(counter)
      model.loss(rank: group.rank, pass: 0).backward()
      let count = counter.seen.count
      #expect(count > 1)
      #expect(counter.seen.map(\.0) == Array(0..<count))
      #expect(counter.seen.map(\.1) == (0..<count).map { $0 == count - 1 })
      return true
    }
  }

  @Test("registering twice is an error that names both")
  func twice() throws {
    _ = try onRanks(2) { group in
      let parallel = try DistributedDataParallel(TwoLayers(), group: group)
      try parallel.register(AllReduceHook())
      #expect(parallel.statistics.hook == "AllReduceHook")
      let error = #expect(throws: DataParallelError.self) {
        try parallel.register(CompressionHook(.float16))
      }
      #expect("\(String(describing: error))".contains("CompressionHook(float16, AllReduceHook)"))
      return true
    }
  }

  @Test("unused parameters are told with a hook too")
  func unused() throws {
    let results = try onRanks(2) { group in
      let model = DistributedDataParallelTests.Branches()
      let parallel = try DistributedDataParallel(model, group: group)
      try parallel.register(CompressionHook(.bfloat16))
      model(Tensor.ones([1, 4]), left: group.rank == 0).sum().backward()
      return (
        model.left.bias?.grad?.array(of: Float.self) ?? [], model.unused.weight.grad == nil
      )
    }
    for result in results {
      #expect(result.0 == [0.5, 0.5])
      #expect(result.1)
    }
  }

  // MARK: PowerSGD

  /// Golden/powersgd.json, which Golden/powersgd.py made with PyTorch 2.13 over Gloo.
  struct PowerCase: Codable {
    let batched: Bool
    let rank: Int
    let error_feedback: Bool
    let warm_start: Bool
    /// The parameters' positions in PyTorch's one bucket, which decide where a square's lines end.
    let order: [Int]
    let compression: [Double]
    let gradients: [[[Float]]]
  }

  @Test("PowerSGD gives PyTorch's gradients, pass by pass", arguments: 0..<10)
  func powerSGD(number: Int) throws {
    let url = try #require(
      Bundle.module.url(forResource: "powersgd", withExtension: "json", subdirectory: "Golden"))
    let expected = try JSONDecoder().decode([PowerCase].self, from: Data(contentsOf: url))[number]
    let results = try onRanks(2, seed: 3) { group in
      let model = TwoLayers()
      var buckets = DataParallelOptions()
      buckets.plan = BucketPlan(buckets: [expected.order])
      let parallel = try DistributedDataParallel(model, group: group, options: buckets)
      var options = PowerSGDHook.Options()
      (options.matrixApproximationRank, options.startPowerSGDIter, options.minCompressionRate) = (
        expected.rank, 2, 1
      )
      options.useErrorFeedback = expected.error_feedback
      options.warmStart = expected.warm_start
      options.randomSeed = 7
      options.isBatched = expected.batched
      let hook = try PowerSGDHook(options)
      try parallel.register(hook)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      let generator = Generator(seed: UInt64(100 + group.rank))
      let x = Tensor.randn([16, 12], generator: generator)
      let y = Tensor.randn([16, 8], generator: generator)
      let gradients = (0..<6).map { _ in
        optimizer.zeroGrad()
        (model(x) - y).square().mean().backward()
        defer { optimizer.step() }
        return model.gradients
      }
      return (gradients, hook.countBefore, hook.countAfter)
    }
    #expect(results[0].0 == results[1].0)
    for (pass, gradients) in results[0].0.enumerated() {
      #expect(distance(expected.gradients[pass], gradients) < 2e-4, "pass \(pass)")
    }
    #expect(Double(results[0].1) == expected.compression[1])
    #expect(Double(results[0].2) == expected.compression[2])
  }

  @Test("what PowerSGD lost in one pass is in the next ones: averages come near the true gradient")
  func errorFeedback() throws {
    let sums = try onRanks(2) { group in
      let model = Linear(16, 16, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      var options = PowerSGDHook.Options()
      (options.startPowerSGDIter, options.minCompressionRate) = (2, 1)
      try parallel.register(PowerSGDHook(options))
      let generator = Generator(seed: UInt64(group.rank))
      let (x, y) = (
        Tensor.randn([8, 16], generator: generator), Tensor.randn([8, 16], generator: generator)
      )
      var exact: [Float] = []
      var sum = [Float](repeating: 0, count: 256)
      for pass in 0..<402 {
        model.zeroGrad()
        (model(x) * y).sum().backward()
        let gradient = model.gradients[0]
        if pass == 0 { exact = gradient }
        if pass >= 2 { sum = zip(sum, gradient).map { $0 + $1 / 400 } }
      }
      return (exact, sum)
    }
    #expect(distance([sums[0].0], [sums[0].1]) < 0.1)
  }

  @Test("PowerSGD survives gradients that are zero, and goes on afterwards")
  func vanishing() throws {
    let results = try onRanks(2) { group in
      let model = Linear(16, 16, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      var options = PowerSGDHook.Options()
      (options.startPowerSGDIter, options.minCompressionRate) = (2, 1)
      try parallel.register(PowerSGDHook(options))
      var last: [Float] = []
      for pass in 0..<6 {
        model.zeroGrad()
        (model(.ones([1, 16])).sum() * (pass == 3 ? 0.0 : 1.0)).backward()
        last = model.gradients[0]
      }
      return last
    }
    // A gradient of ones has rank 1: the approximation is exact.
    for result in results { #expect(result.allSatisfy { abs($0 - 1) < 1e-4 }) }
  }

  @Test("half precision wraps PowerSGD")
  func wrapped() throws {
    @Sendable func power() throws -> PowerSGDHook {
      var options = PowerSGDHook.Options()
      (options.startPowerSGDIter, options.minCompressionRate) = (2, 1)
      return try PowerSGDHook(options)
    }
    let wide = try gradients(ranks: 2, passes: 5) { _ in try power() }
    let narrow = try gradients(ranks: 2, passes: 5) { _ in
      CompressionHook(.bfloat16, over: try power())
    }
    for (one, other) in zip(wide, narrow) { #expect(distance(one, other) < 0.05) }
    #expect(wide != narrow)
  }

  @Test("PowerSGD refuses to start before buckets are rebuilt")
  func earlyStart() {
    var options = PowerSGDHook.Options()
    options.startPowerSGDIter = 1
    #expect(throws: DataParallelError.self) { _ = try PowerSGDHook(options) }
    options.useErrorFeedback = false
    options.warmStart = false
    #expect(throws: Never.self) { _ = try PowerSGDHook(options) }
    options.matrixApproximationRank = 0
    #expect(throws: DataParallelError.self) { _ = try PowerSGDHook(options) }
  }

  @Test("batched PowerSGD takes several buckets, and what is lost comes later")
  func batched() throws {
    var options = PowerSGDHook.Options()
    (options.startPowerSGDIter, options.isBatched) = (2, true)
    let chosen = options
    let narrow = try gradients(ranks: 3, passes: 5) { _ in try PowerSGDHook(chosen) }
    let plain = try gradients(ranks: 3, passes: 5) { _ in nil }
    #expect(Array(narrow[..<2]) == Array(plain[..<2]))
    #expect(narrow[2] != plain[2])
    options.matrixApproximationRank = 100
    let all = options
    let exact = try gradients(ranks: 3, passes: 5) { _ in try PowerSGDHook(all) }
    for (one, other) in zip(exact, plain) { #expect(distance(one, other) < 1e-4) }
  }

  // MARK: Post-local SGD

  @Test("post-local SGD averages in subgroups after the start, and models every few steps")
  func postLocal() throws {
    let results = try onRanks(4) { group in
      let pair = try group.subgroups(of: 2)
      let model = Linear(1, 1, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      try parallel.register(PostLocalSGDHook(subgroup: pair, startLocalSGDIter: 2))
      let optimizer = PostLocalSGDOptimizer(
        SGD(model.parameters(), lr: 1),
        try PeriodicModelAverager(period: 3, warmupSteps: 2, group: group))
      var seen: [(gradient: Float, weight: Float)] = []
      let start = model.weights[0][0]
      for _ in 0..<6 {
        optimizer.zeroGrad()
        model(Tensor.full([1, 1], Double(group.rank))).sum().backward()
        try optimizer.step()
        seen.append((model.gradients[0][0], start - model.weights[0][0]))
      }
      let saved = optimizer.stateDict()
      #expect(saved.values.object?["step"]?.int == 6)
      return seen.map { [$0.gradient, $0.weight] }
    }
    for (rank, result) in results.enumerated() {
      let local: Float = rank < 2 ? 0.5 : 2.5
      #expect(result.map { $0[0] } == [1.5, 1.5, local, local, local, local])
      // Averaged at steps 2 and 5, after the local moves.
      let expected: [Float] = [1.5, 3, 4.5, 4.5 + local, 4.5 + 2 * local, 9]
      for (one, other) in zip(result.map({ $0[1] }), expected) { #expect(abs(one - other) < 1e-5) }
    }
  }

  @Test("without a subgroup gradients stay where they are")
  func postLocalAlone() throws {
    let results = try onRanks(2) { group in
      let model = Linear(1, 1, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      try parallel.register(PostLocalSGDHook(subgroup: nil, startLocalSGDIter: 1))
      return (0..<3).map { _ in
        model.zeroGrad()
        model(Tensor.full([1, 1], Double(group.rank))).sum().backward()
        return model.gradients[0][0]
      }
    }
    #expect(results == [[0.5, 0, 0], [0.5, 1, 1]])
  }

  @Test("an averager needs a period of at least 1")
  func averager() throws {
    _ = try onRanks(1) { group in
      #expect(throws: DataParallelError.self) {
        _ = try PeriodicModelAverager(period: 0, group: group)
      }
      #expect(throws: DataParallelError.self) {
        _ = try PeriodicModelAverager(period: 2, warmupSteps: -1, group: group)
      }
      return true
    }
  }
}
