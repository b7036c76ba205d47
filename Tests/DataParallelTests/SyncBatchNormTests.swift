import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// Batch norm over all ranks' records is batch norm over the whole batch.
@Suite("SyncBatchNorm")
struct SyncBatchNormTests {
  final class Net: Module, Layer {
    let conv = Conv2d(2, 4, 3, padding: 1)
    let norm = BatchNorm2d(4)
    let head = Linear(4, 3)
    func forward(_ x: Tensor) -> Tensor {
      head(norm(conv(x)).relu().mean(dims: [2, 3]))
    }
  }

  /// What some passes leave behind: losses, weights, running statistics.
  struct Result: Sendable {
    var weights: [[Float]] = []
    var buffers: [[Float]] = []
  }

  /// Trains on records of a batch of 12 that all ranks draw alike.
  /// - Parameter bounds: Where each rank's share begins and ends.
  private static func train(_ share: Range<Int>, _ group: ProcessGroup?) throws -> Result {
    let net = Net()
    let ranks = group?.size ?? 1
    if let group {
      let converted = try SyncBatchNorm.convert(net, group: group)
      #expect(converted == 1)
    }
    let parallel = try group.map { group in
      var options = DataParallelOptions()
      // Running statistics must come out alike by themselves.
      options.broadcastsBuffers = false
      return try DistributedDataParallel(net, group: group, options: options)
    }
    let optimizer = SGD(net.parameters(), lr: 0.2, momentum: 0.9)
    for _ in 0..<4 {
      let x = Tensor.randn([12, 2, 5, 5]) * 3 + 1
      let y = Tensor.randint(3, [12])
      let part = x.sliced(from: share.lowerBound, to: share.upperBound)
      let labels = y.sliced(from: share.lowerBound, to: share.upperBound)
      let logits = try parallel?.forward { $0(part) } ?? net(part)
      // Sums, so that records weigh alike whatever rank they are on.
      let loss = F.crossEntropy(logits, labels, reduction: .sum) * (Double(ranks) / 12)
      loss.backward()
      optimizer.step()
      optimizer.zeroGrad()
    }
    withExtendedLifetime(parallel) {}
    return Result(
      weights: net.weights,
      buffers: net.namedBuffers().map { $0.buffer.value.array(of: Float.self) })
  }

  private func compare(_ shares: [Range<Int>]) throws {
    let alone = try Generator(seed: 5).asDefault { try Self.train(0..<12, nil) }
    let together = try onRanks(shares.count) { try Self.train(shares[$0.rank], $0) }
    for result in together {
      #expect(distance(alone.weights, result.weights) < 1e-4)
      #expect(distance(alone.buffers, result.buffers) < 1e-5)
      #expect(result.weights == together[0].weights)
      #expect(result.buffers == together[0].buffers)
    }
  }

  @Test("equal shares train as the whole batch", arguments: [1, 2, 3, 4])
  func equalShares(ranks: Int) throws {
    let size = 12 / ranks
    try compare((0..<ranks).map { ($0 * size)..<(($0 + 1) * size) })
  }

  @Test("different input sizes per rank train as the whole batch")
  func differentSizes() throws {
    try compare([0..<7, 7..<8, 8..<12])
  }

  @Test("an empty input on one rank: the others' records are the batch")
  func emptyInputOnOneRank() throws {
    try compare([0..<5, 5..<5, 5..<12])
    try compare([0..<0, 0..<12])
  }

  @Test("empty inputs on all ranks: an empty output, zero gradients, statistics as they were")
  func emptyInputOnAllRanks() throws {
    let results = try onRanks(2) { group in
      let norm = BatchNorm2d(3)
      try SyncBatchNorm.convert(norm, group: group)
      let parallel = try DistributedDataParallel(norm, group: group)
      let x = Tensor.zeros([0, 3, 2, 2]).requiringGrad()
      let y = try parallel.forward { $0(x) }
      y.sum().backward()
      #expect(y.shape == [0, 3, 2, 2])
      #expect(x.grad?.shape == [0, 3, 2, 2])
      #expect(norm.weight?.grad?.array(of: Float.self) == [0, 0, 0])
      return norm.namedBuffers().prefix(2).map { $0.buffer.value.array(of: Float.self) }
    }
    for result in results { #expect(result == [[0, 0, 0], [1, 1, 1]]) }
  }

  @Test("training exchanges statistics, evaluation nothing")
  func trainAgainstEval() throws {
    let results = try onRanks(2) { group in
      let (synchronized, plain) = (BatchNorm1d(2), BatchNorm1d(2))
      try SyncBatchNorm.convert(synchronized, group: group)
      let x = Tensor.randn([4, 2], generator: Generator(seed: UInt64(group.rank))) + group.rank
      let training = (synchronized(x) - plain(x)).abs().max().item(Float.self)
      synchronized.eval()
      plain.eval()
      // On one rank alone: nobody else may be waited for.
      guard group.rank == 0 else { return [training, 0] }
      let mean = synchronized.runningMean?.value ?? x
      let variance = synchronized.runningVar?.value ?? x
      let expected = (x - mean) / (variance + 1e-5).sqrt()
      return [training, (synchronized(x) - expected).abs().max().item(Float.self)]
    }
    for result in results {
      #expect(result[0] > 0.1)
      #expect(result[1] < 1e-5)
    }
  }

  @Test("gradients of the input count the other ranks' records, to 1e-10 in float64")
  func inputGradient() throws {
    let whole = Generator(seed: 9)
    let (x, weight) = (
      Tensor.randn([6, 2, 3], dtype: .float64, generator: whole),
      Tensor.randn([6, 2, 3], dtype: .float64, generator: whole)
    )
    let leaf = x.requiringGrad()
    let norm = BatchNorm1d(2, dtype: .float64)
    (norm(leaf) * weight).sum().backward()
    let expected = leaf.grad?.array(of: Double.self) ?? []
    let (values, weights) = (x.array(of: Double.self), weight.array(of: Double.self))
    let parts = try onRanks(3) { group in
      let norm = try SyncBatchNorm(2, group: group, dtype: .float64)
      let range = (group.rank * 2, group.rank * 2 + 2)
      let x = Tensor(values, shape: [6, 2, 3], dtype: .float64).sliced(from: range.0, to: range.1)
        .requiringGrad()
      let weight = Tensor(weights, shape: [6, 2, 3], dtype: .float64).sliced(
        from: range.0, to: range.1)
      (norm(x) * weight).sum().backward()
      return x.grad?.array(of: Double.self) ?? []
    }
    let worst = zip(parts.flatMap { $0 }, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(expected.count == 36)
    #expect(worst < 1e-10)
  }

  @Test("converted layers keep names, parameters and buffers")
  func names() throws {
    _ = try onRanks(2) { group in
      let net = Net()
      let before = net.stateDict().names
      try SyncBatchNorm.convert(net, group: group)
      #expect(net.stateDict().names == before)
      return true
    }
  }
}
