import Collectives
import DataParallel
import MPITesting
import Models
import NN
import Optimizers
import Tensors
import Testing

@Suite("Data parallelism under mpirun", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct DataParallelMPITests {
  @Test("the suites of ranks pass", arguments: [1, 2, 3, 4])
  func underMPI(ranks: Int) async throws {
    try await runUnderMPI(ranks: [ranks], suites: ["DataParallelRanks"], timeout: .seconds(120))
  }
}

@Suite("What every rank trains", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct DataParallelRanks {
  @Test("gradients are the averages over ranks, and live in the window")
  func averages() throws {
    try MPIRank.run { world in
      let model = Linear(300, 50)
      let parallel = try DistributedDataParallel(model, group: world.group)
      for step in 0..<3 {
        model.zeroGrad()
        let x = Tensor.full([1, 300], Double(world.rank + step))
        parallel.module(x).sum().backward()
        let expected = Double((0..<world.size).reduce(0, +)) / Double(world.size) + Double(step)
        let gradient = model.weight.grad?.array(of: Double.self) ?? []
        #expect(gradient.count == 15_000)
        #expect(gradient.allSatisfy { abs($0 - expected) < 1e-5 })
      }
    }
  }

  @Test("the ranks' shares of 24 records train as one worker with all of them")
  func keystone() throws {
    try MPIRank.run { world in
      func train(_ group: ProcessGroup?) throws -> [Double] {
        try Generator(seed: 3).asDefault {
          let model = ImageCNN(size: 8, channels: (4, 8), hidden: 16, dtype: .float64)
          let x = Tensor.randn([24, 1, 8, 8], dtype: .float64)
          let y = Tensor.randint(10, [24])
          let parallel = try group.map { try DistributedDataParallel(model, group: $0) }
          let optimizer = SGD(model.parameters(), lr: 0.05, momentum: 0.9)
          let share = 24 / (group?.size ?? 1)
          let first = (group?.rank ?? 0) * share
          for _ in 0..<10 {
            let part = x.sliced(from: first, to: first + share)
            F.crossEntropy(model(part), y.sliced(from: first, to: first + share)).backward()
            optimizer.step()
            optimizer.zeroGrad()
          }
          withExtendedLifetime(parallel) {}
          return model.parameters().flatMap { $0.value.array(of: Double.self) }
        }
      }
      let alone = try train(nil)
      let together = try train(world.group)
      let worst = zip(alone, together).map { abs($0 - $1) / max(abs($0), 1e-6) }.max() ?? .nan
      #expect(worst <= 1e-8)
    }
  }

  @Test("a parameter that only one rank used receives the average everywhere")
  func unused() throws {
    try MPIRank.run { world in
      let model = DistributedDataParallelTests.Branches()
      let parallel = try DistributedDataParallel(model, group: world.group)
      parallel.module(Tensor.ones([1, 4]), left: world.rank == 0).sum().backward()
      let share = 1 / Float(world.size)
      #expect(model.left.bias?.grad?.array(of: Float.self) == [share, share])
      #expect(model.unused.weight.grad == nil)
      #expect((model.right.bias?.grad == nil) == (world.size == 1))
    }
  }

  @Test("half precision and PowerSGD reduce in processes as on threads")
  func hooks() throws {
    try MPIRank.run { world in
      let exact = try gradients(world.group, nil)
      let narrow = try gradients(world.group, CompressionHook(.bfloat16))
      #expect(distance(exact, narrow) < 1.6e-2)
      var options = PowerSGDHook.Options()
      (options.matrixApproximationRank, options.startPowerSGDIter, options.minCompressionRate) = (
        12, 2, 0.1
      )
      let power = try gradients(world.group, PowerSGDHook(options))
      #expect(distance(exact, power) < 1e-4)
    }
  }

  /// The gradients of the fourth pass.
  private func gradients(
    _ group: ProcessGroup, _ hook: (any CommunicationHook)?
  ) throws -> [[Float]] {
    try Generator(seed: 5).asDefault {
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      if let hook { try parallel.register(hook) }
      for pass in 0..<4 {
        model.zeroGrad()
        try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
      }
      let all = try group.allGather(model.gradients[0])
      #expect(all.allSatisfy { $0 == all[0] })
      return model.gradients
    }
  }

  @Test("ranks with fewer batches shadow the others, synchronized batch norms included")
  func join() throws {
    try MPIRank.run { world in
      let model = JoinTests.Normed()
      try SyncBatchNorm.convert(model, group: world.group)
      let parallel = try DistributedDataParallel(model, group: world.group)
      let optimizer = SGD(model.parameters(), lr: 0.1)
      try Join.run([parallel]) {
        for _ in 0...(2 * world.rank) {
          try parallel.forward { $0(.randn([5, 4])) }.square().sum().backward()
          optimizer.step()
          optimizer.zeroGrad()
        }
      }
      let all = try world.group.allGather(model.weights.flatMap { $0 })
      #expect(all.allSatisfy { $0 == all[0] && $0.allSatisfy { $0.isFinite } })
    }
  }

  @Test("sharded optimizers train as whole ones, and their state comes together")
  func sharded() throws {
    try MPIRank.run { world in
      func train(
        _ stage: ShardedOptimizer.Stage?, as type: DType? = nil
      ) throws -> ([[Float]], OptimizerState?) {
        try Generator(seed: 5).asDefault {
          let model = TwoLayers()
          let whole = AdamW(model.parameters(), lr: 0.01)
          let sharded = try stage.map {
            try ShardedOptimizer(whole, group: world.group, stage: $0, limits: [200, 400])
          }
          let optimizer: Optimizer = sharded ?? whole
          var options = DataParallelOptions()
          (options.reduceDtype, options.isStaticGraph) = (type, type != nil)
          let parallel = try DistributedDataParallel(
            model, group: world.group, options: options, optimizer: sharded)
          for pass in 0..<4 {
            try parallel.forward { $0.loss(rank: world.rank, pass: pass) }.backward()
            optimizer.step()
            optimizer.zeroGrad()
          }
          return (
            model.weights, try sharded?.consolidated() ?? (stage == nil ? whole.stateDict() : nil)
          )
        }
      }
      let (whole, state) = try train(nil)
      let (first, firstState) = try train(.zero1)
      let (second, _) = try train(.zero2)
      #expect(first == whole)
      #expect(distance(whole, second) < 1e-5)
      #expect(try train(.zero2, as: .float16).0 == train(nil, as: .float16).0)
      if world.rank == 0 {
        #expect(firstState?.tensors.count == state?.tensors.count)
        for (name, tensor) in state?.tensors ?? StateDict() {
          #expect(firstState?.tensors[name]?.array(of: Float.self) == tensor.array(of: Float.self))
        }
      }
    }
  }
}
