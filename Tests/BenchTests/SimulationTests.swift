import Collectives
import Testing
import ddp_bench

/// The simulator's arithmetic: costs of collectives, and the replay of a step.
@Suite("Simulation")
struct SimulationTests {
  private let local = LinkCost(latency: 1e-6, perByte: 1e-10)
  private let network = LinkCost(latency: 5e-5, perByte: 1e-9)
  private let gamma = 2e-11
  private let megabyte = 1_000_000

  private func cluster(ranksPerNode: Int, cores: Int = 4) -> ClusterCost {
    let machine = MachineCost(
      messages: local, adding: gamma, shared: LinkCost(latency: 2e-6, perByte: 5e-11), compute: 1)
    return ClusterCost(
      machines: [1: machine, 2: machine, 4: machine], cores: cores, ranksPerNode: ranksPerNode,
      network: network)
  }

  private func expect(_ value: Double, _ truth: Double, _ place: Comment) {
    #expect(abs(value - truth) <= 1e-9 * abs(truth), place)
  }

  @Test("one rank, and nothing, cost nothing", arguments: AllReduceAlgorithm.allCases)
  func nothing(algorithm: AllReduceAlgorithm) {
    let cluster = cluster(ranksPerNode: 2)
    #expect(cluster.allReduce(algorithm, bytes: megabyte, ranks: 1) == 0)
    #expect(cluster.allReduce(algorithm, bytes: 0, ranks: 8) == 0)
  }

  @Test("between single ranks the published formulas hold", arguments: [2, 4, 8, 64, 1024])
  func formulas(ranks: Int) {
    let cluster = cluster(ranksPerNode: 1)
    let (n, p) = (1e6, Double(ranks))
    let rounds = Double(ranks.trailingZeroBitCount)
    let (alpha, beta) = (5e-5, 1e-9)
    let bandwidth = 2 * (p - 1) / p * n * beta + (p - 1) / p * n * gamma
    expect(
      cluster.allReduce(.ring, bytes: megabyte, ranks: ranks), 2 * (p - 1) * alpha + bandwidth,
      "ring")
    expect(
      cluster.allReduce(.recursiveDoubling, bytes: megabyte, ranks: ranks),
      rounds * (alpha + n * beta + n * gamma), "recursive doubling")
    expect(
      cluster.allReduce(.halvingDoubling, bytes: megabyte, ranks: ranks),
      2 * rounds * alpha + bandwidth, "halving-doubling")
  }

  @Test("the hierarchical algorithm crosses the network once per machine")
  func hierarchical() {
    let cluster = cluster(ranksPerNode: 4)
    let n = 1e6
    let (alpha, beta) = (5e-5, 1e-9)
    expect(
      cluster.allReduce(.hierarchical, bytes: megabyte, ranks: 16),
      2e-6 + n * 5e-11 + 6 * alpha + 1.5 * n * beta + 0.75 * n * gamma / 4, "4 machines")
    // On one machine only its window is left.
    expect(
      self.cluster(ranksPerNode: .max).allReduce(.hierarchical, bytes: megabyte, ranks: 4),
      cluster.allReduce(.sharedMemory, bytes: megabyte, ranks: 4), "a machine without end")
    expect(
      cluster.allReduce(.hierarchical, bytes: megabyte, ranks: 4),
      cluster.allReduce(.sharedMemory, bytes: megabyte, ranks: 4), "1 machine")
  }

  @Test("ranks of a machine share its link")
  func contention() {
    let n = 1e6
    // Of two rounds over 2 machines × 2 ranks, one crosses the network, both ranks at once.
    expect(
      cluster(ranksPerNode: 2).allReduce(.recursiveDoubling, bytes: megabyte, ranks: 4),
      local.seconds(n) + 5e-5 + 2 * n * 1e-9 + 2 * n * gamma, "recursive doubling")
    // A ring leaves each machine once, so its link is nobody else's.
    expect(
      cluster(ranksPerNode: 2).allReduce(.ring, bytes: megabyte, ranks: 4),
      6 * 5e-5 + 1.5 * n * 1e-9 + 0.75 * n * gamma, "ring")
  }

  @Test("ranks beyond a power of two add two messages", arguments: [3, 5, 6, 7])
  func folded(ranks: Int) {
    let cluster = cluster(ranksPerNode: 1)
    let core = ranks > 4 ? 4 : 2
    for algorithm in [AllReduceAlgorithm.recursiveDoubling, .halvingDoubling] {
      expect(
        cluster.allReduce(algorithm, bytes: megabyte, ranks: ranks),
        cluster.allReduce(algorithm, bytes: megabyte, ranks: core) + 2 * network.seconds(1e6)
          + 1e6 * gamma, "\(algorithm)")
    }
  }

  @Test("a load beyond the cores slows everything by the ranks that share one")
  func oversubscription() {
    let cluster = cluster(ranksPerNode: 16, cores: 4)
    #expect(cluster.machine(4).compute == 1)
    #expect(cluster.machine(3).compute == 1)
    #expect(cluster.machine(8).compute == 2)
    expect(
      cluster.allReduce(.sharedMemory, bytes: megabyte, ranks: 16),
      4 * cluster.allReduce(.sharedMemory, bytes: megabyte, ranks: 4), "16 ranks on 4 cores")
  }

  @Test("a line is fitted through measured times")
  func fit() {
    let sizes = [4, 1024, 65536, 1 << 20]
    let exact = LinkCost(fitting: sizes.map { ($0, 3e-6 + Double($0) * 2e-10) })
    expect(exact.latency, 3e-6, "latency")
    expect(exact.perByte, 2e-10, "bandwidth")
    // Nothing is negative, whatever was measured.
    let odd = LinkCost(fitting: [(1000, 1e-6), (2000, 4e-6)])
    #expect(odd.latency == 0 && odd.perByte > 0)
    let falling = LinkCost(fitting: [(1000, 4e-6), (2000, 1e-6)])
    #expect(falling.perByte == 0 && falling.latency > 0)
  }

  @Test("buckets start in order, when they are ready and the one before is done")
  func replay() {
    let timeline = StepTimeline(
      buckets: [.init(ready: 1, bytes: 10), .init(ready: 2, bytes: 20), .init(ready: 6, bytes: 5)],
      walkEnd: 6.5, rest: 2)
    // Hidden: 1…1.1, 2…2.2, 6…6.05.
    let hidden = timeline.replayed(slowdown: 1) { Double($0) / 100 }
    expect(hidden.step, 8.5, "hidden")
    expect(hidden.compute, 8.5, "compute")
    expect(hidden.communication, 0.35, "communication")
    // Behind each other: 1…3, 3…7, 7…8, then the optimizer.
    let exposed = timeline.replayed(slowdown: 1) { Double($0) / 5 }
    expect(exposed.step, 10, "exposed")
    // Twice as slow a computation: 2…4, 4…8, 12…13, the walk ends at 13.
    let slow = timeline.replayed(slowdown: 2) { Double($0) / 5 }
    expect(slow.step, 17, "slow")
  }

  @Test("what the rest waits for is added")
  func agreements() {
    let timeline = StepTimeline(buckets: [], walkEnd: 1, rest: 1, agreements: [32, 32])
    expect(timeline.replayed(slowdown: 1) { _ in 0.25 }.step, 2.5, "two agreements")
  }

  @Test("the median step is taken time by time")
  func median() {
    func step(_ ready: Double, _ end: Double) -> StepTimeline {
      StepTimeline(buckets: [.init(ready: ready, bytes: 8)], walkEnd: end, rest: 1)
    }
    let odd = StepTimeline(buckets: [], walkEnd: 99, rest: 99)
    let middle = StepTimeline.median(of: [step(1, 9), step(3, 7), step(2, 8), odd])
    #expect(middle == step(2, 8))
    #expect(StepTimeline.median(of: []) == nil)
  }
}
