import Collectives
import DataParallel
import Foundation
import MPITesting
import NN
import Optimizers
import Tensors
import Testing

@Suite(
  "Fully sharded models under mpirun", .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct FullyShardedMPITests {
  @Test("the suites of ranks pass", arguments: [1, 2, 3, 4])
  func underMPI(ranks: Int) async throws {
    try await runUnderMPI(ranks: [ranks], suites: ["FullyShardedRanks"], timeout: .seconds(120))
  }
}

@Suite(
  "What every rank keeps of a model", .serialized,
  .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct FullyShardedRanks {
  /// Layers of one MiB each, in units of their own.
  final class Tall: Module, Layer {
    static let floors = 8
    let floors = (0..<floors).map { _ in Linear(512, 512, bias: false) }
    func forward(_ x: Tensor) -> Tensor { floors.reduce(x) { $1($0).tanh() } }
  }

  private static let megabyte = 1 << 20

  @Test("a rank holds its part, two units, and two buffers for gradients")
  func memory() throws {
    try MPIRank.run { world in
      let before = memoryAllocated()
      let model = Tall()
      let optimizer = try ShardedOptimizer(
        Adam(model.parameters(), lr: 1e-4), group: world.group, stage: .zero3,
        units: ShardUnits(model))
      let parallel = try DistributedDataParallel(model, group: world.group, optimizer: optimizer)
      let part = Tall.floors * Self.megabyte / world.size
      // What the allocator rounds up, and what else a pass takes.
      let slack = part / 4 + Self.megabyte
      #expect(memoryAllocated() - before <= part + 2 * Self.megabyte + slack)
      for pass in 0..<3 {
        emptyCache()
        resetPeakMemoryStats()
        let x = Tensor.full([1, 512], Double(world.rank + pass))
        _ = try noGrad { try parallel(x) }
        let peak = maxMemoryAllocated() - before
        // The optimizer's two states and the gradients' parts are there from the first step on.
        let kept = pass == 0 ? part : 4 * part
        #expect(peak <= kept + 4 * Self.megabyte + slack + (kept - part) / 4, "pass \(pass)")
        try parallel(x).square().sum().backward()
        #expect(model.parameters().allSatisfy { $0.grad == nil })
        optimizer.step()
        optimizer.zeroGrad()
      }
      #expect(abs(optimizer.stateByteCount - 2 * part) < part / 100)
    }
  }

  @Test(
    "a model whose values are postponed is never whole on a rank, and starts with the same bits")
  func start() throws {
    try MPIRank.run { world in
      func make(_ group: ProcessGroup, postponed: Bool) throws -> (Int, StateDict) {
        try Generator(seed: 7).asDefault {
          emptyCache()
          let before = memoryAllocated()
          resetPeakMemoryStats()
          let model = postponed ? Init.postponed { Tall() } : Tall()
          let next = Generator.default.next32()
          let optimizer = try ShardedOptimizer(
            Adam(model.parameters(), lr: 1e-4), group: group, stage: .zero3,
            units: ShardUnits(model))
          let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
          let peak = maxMemoryAllocated() - before
          var state = try #require(try parallel.consolidatedState(to: nil))
          state["next"] = Tensor([Int64(next)])
          return (peak, state)
        }
      }
      let (whole, expected) = try make(world.group, postponed: false)
      let (peak, state) = try make(world.group, postponed: true)
      #expect(whole >= Tall.floors * Self.megabyte)
      // A part, and a layer that is drawn and sent.
      let part = Tall.floors * Self.megabyte / world.size
      #expect(peak <= part + 3 * Self.megabyte + part / 4, "\(peak) of \(whole)")
      #expect(state.names == expected.names)
      for (name, value) in expected {
        let other = try #require(state[name])
        #expect(value.withBytes { Array($0) } == other.withBytes { Array($0) }, "\(name)")
      }
    }
  }

  @Test("processes train as threads do, with the bits of stage 2")
  func bits() throws {
    try MPIRank.run { world in
      func train(_ stage: ShardedOptimizer.Stage) throws -> [[Float]] {
        try Generator(seed: 5).asDefault {
          let model = FullyShardedStateTests.Stairs()
          let (optimizer, parallel) = try FullyShardedTests.prepare(model, world.group, stage) {
            AdamW($0.parameters(), lr: 0.01)
          }
          for pass in 0..<5 {
            try parallel.noSync {
              try parallel { try $0.loss(rank: world.rank, pass: pass + 50) }.backward()
            }
            try parallel { try $0.loss(rank: world.rank, pass: pass) }.backward()
            optimizer.clipGradNorm(0.1)
            optimizer.step()
            optimizer.zeroGrad()
          }
          let state = try parallel.consolidatedState(to: nil)
          return try #require(state).map { $0.tensor.array(of: Float.self) }
        }
      }
      let (second, third) = (try train(.zero2), try train(.zero3))
      #expect(second == third)
      let all = try world.group.allGather(third.flatMap { $0 })
      #expect(all.allSatisfy { $0 == all[0] })
    }
  }
}

/// A limit on what each rank's process may hold, under which a model does not fit on one of them.
@Suite(
  "Fully sharded models under a limit of memory",
  .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
struct FullyShardedLimitTests {
  @Test("a model that does not fit on one rank trains on four")
  func limit() async throws {
    let alone = try await suitesUnderMPI(["FullyShardedLimited"], ranks: 1)
    #expect(alone.status != 0 && !alone.timedOut)
    #expect(alone.tail.contains("out of memory"), "\(alone.tail)")
    try await runUnderMPI(ranks: [4], suites: ["FullyShardedLimited"], timeout: .seconds(120))
  }
}

@Suite(
  "Ranks under a limit of memory", .serialized, .enabled(if: MPIRank.isOne, "mpirun starts these"))
struct FullyShardedLimited {
  /// 64 MiB of weights, which AdamW takes four times on one rank.
  final class Wide: Module, Layer {
    let floors = (0..<16).map { _ in Linear(1024, 1024, bias: false) }
    func forward(_ x: Tensor) -> Tensor { floors.reduce(x) { $1($0).tanh() } }
  }

  @Test("trains")
  func trains() throws {
    try MPIRank.run { world in
      let megabyte = 1 << 20
      // The weights once when they are made, and as much again.
      try Self.limitData(to: Self.data() + 160 * megabyte)
      let model = Wide()
      let rule = AdamW(model.parameters(), lr: 1e-3)
      let sharded =
        world.size == 1
        ? nil
        : try ShardedOptimizer(
          rule, group: world.group, stage: .zero3, units: ShardUnits(model))
      let optimizer: Optimizer = sharded ?? rule
      let parallel = try DistributedDataParallel(model, group: world.group, optimizer: sharded)
      let x = Tensor.randn([2, 1024], generator: Generator(seed: UInt64(world.rank)))
      var losses: [Double] = []
      for _ in 0..<4 {
        let loss = try parallel(x).square().mean()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zeroGrad()
      }
      #expect(losses[3] < losses[0])
    }
  }

  /// The bytes that this process has mapped for itself.
  private static func data() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmData:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first) << 10
  }

  private static func limitData(to bytes: Int) throws {
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0)
  }
}
