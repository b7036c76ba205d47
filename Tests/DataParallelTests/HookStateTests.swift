import Collectives
import DataParallel
import NN
import Optimizers
import Tensors
import Testing

@Suite("Hooks in checkpoints")
struct HookStateTests {
  struct Hook: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (ProcessGroup) throws -> any CommunicationHook
  }

  private static func power(
    _ change: @escaping @Sendable (inout PowerSGDHook.Options) -> Void = { _ in }
  ) throws -> PowerSGDHook {
    var options = PowerSGDHook.Options()
    (options.matrixApproximationRank, options.startPowerSGDIter, options.minCompressionRate) = (
      2, 2, 1
    )
    change(&options)
    return try PowerSGDHook(options)
  }

  static let hooks = [
    Hook(testDescription: "PowerSGD") { _ in try power() },
    Hook(testDescription: "PowerSGD without warm start") { _ in
      try power { $0.warmStart = false }
    },
    Hook(testDescription: "PowerSGD without error feedback") { _ in
      try power { $0.useErrorFeedback = false }
    },
    Hook(testDescription: "batched PowerSGD") { _ in try power { $0.isBatched = true } },
    Hook(testDescription: "PowerSGD in half precision") { _ in
      CompressionHook(.bfloat16, over: try power())
    },
    Hook(testDescription: "post-local SGD") { group in
      PostLocalSGDHook(subgroup: try group.subgroups(of: 1), startLocalSGDIter: 3)
    },
  ]

  private func passes(
    _ range: Range<Int>, _ parallel: DistributedDataParallel<TwoLayers>
  ) -> [[[Float]]] {
    range.map { pass in
      parallel.module.zeroGrad()
      parallel.module.loss(rank: parallel.group.rank, pass: pass).backward()
      return parallel.module.gradients
    }
  }

  @Test("a hook goes on from its state as if it had never stopped, bit for bit", arguments: hooks)
  func resumes(_ hook: Hook) throws {
    _ = try onRanks(2) { group in
      var options = DataParallelOptions()
      options.bucketLimits = [200, 400]
      let first = try DistributedDataParallel(TwoLayers(), group: group, options: options)
      let whole = try hook.make(group)
      try first.register(whole)
      _ = passes(0..<5, first)
      let state = whole.state()
      let expected = passes(5..<8, first)

      // What is saved is a copy, and the model is the same.
      options.plan = first.bucketPlan
      let second = try DistributedDataParallel(TwoLayers(), group: group, options: options)
      try second.module.load(first.module.stateDict())
      let resumed = try hook.make(group)
      try resumed.load(state)
      try second.register(resumed)
      #expect(passes(5..<8, second) == expected)
      return true
    }
  }

  @Test("error feedback is each rank's own, and all else alike")
  func whatIsOwn() throws {
    let states = try onRanks(2) { group in
      let parallel = try DistributedDataParallel(TwoLayers(), group: group)
      let hook = try Self.power()
      try parallel.register(hook)
      _ = passes(0..<4, parallel)
      let state = hook.state()
      #expect(state.counts["iteration"] == 4)
      return (
        state.shared.map { $0.tensor.to(.float32).array(of: Float.self) },
        state.own.map { $0.tensor.array(of: Float.self) }
      )
    }
    #expect(states[0].0 == states[1].0)
    #expect(!states[0].1.isEmpty && states[0].1 != states[1].1)
  }

  @Test("without a rank's own part error feedback begins at zero, and another rank draws anew")
  func otherRanks() throws {
    let results = try onRanks(2) { group in
      var options = DataParallelOptions()
      let first = try DistributedDataParallel(TwoLayers(), group: group)
      let hook = try Self.power()
      try first.register(hook)
      _ = passes(0..<4, first)
      var state = hook.state()
      state.own = StateDict()
      options.plan = first.bucketPlan
      return try [2, 3].map { rank in
        let second = try DistributedDataParallel(TwoLayers(), group: group, options: options)
        let other = try Self.power { $0.matrixApproximationRank = rank }
        try other.load(state)
        try second.register(other)
        let gradients = passes(4..<6, second)
        #expect(other.iteration == 6)
        return gradients.joined().joined().allSatisfy { $0.isFinite }
      }
    }
    #expect(results.joined().allSatisfy { $0 })
  }
}
