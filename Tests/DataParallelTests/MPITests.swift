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
}
