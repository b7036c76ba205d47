import Datasets
import Foundation
import Testing

struct SamplerGolden: Decodable {
  struct Distributed: Decodable {
    var length: Int, world_size: Int, shuffle: Bool, drop_last: Bool
    var seed: UInt64, epoch: Int, indices: [[Int]]
  }
  struct Random: Decodable {
    var length: Int, draws: Int, replacement: Bool, seed: UInt64, indices: [Int]
  }
  struct Weighted: Decodable { var draws: Int, replacement: Bool, seed: UInt64, indices: [Int] }
  struct Split: Decodable { var lengths: [Int], seed: UInt64, parts: [[Int]] }
  var distributed: [Distributed]
  var random: [Random]
  var subset: [Int]
  var weights: [Double]
  var weighted: [Weighted]
  var split: [Split]
  var fractions: [[Int]]
}

@Suite("Samplers")
struct SamplerTests {
  let cases: SamplerGolden

  init() throws { cases = try golden("samplers") }

  @Test("DistributedSampler gives every rank PyTorch's indices")
  func distributed() {
    #expect(cases.distributed.count == 120)
    for c in cases.distributed {
      let ranks = (0..<c.world_size).map { rank in
        DistributedSampler(
          recordCount: c.length, rank: rank, worldSize: c.world_size, shuffle: c.shuffle,
          seed: c.seed, dropLast: c.drop_last
        ).indices(epoch: c.epoch)
      }
      #expect(ranks == c.indices, "\(c)")
    }
  }

  @Test("global batches of the padded rule deal each rank DistributedSampler's indices")
  func distributedBatches() {
    for c in cases.distributed {
      let sampler = DistributedSampler(
        recordCount: c.length, rank: 0, worldSize: c.world_size, shuffle: c.shuffle,
        seed: c.seed, dropLast: c.drop_last)
      let batches = DistributedBatchSampler(sampler, batchSize: 2 * c.world_size)
        .batches(epoch: c.epoch)
      let ranks = (0..<c.world_size).map { rank in
        batches.indices.flatMap { batches.share(of: $0, rank: rank, worldSize: c.world_size) }
      }
      #expect(ranks == c.indices, "\(c)")
    }
  }

  @Test("random, subset and weighted samplers draw as PyTorch does")
  func random() {
    for c in cases.random {
      let sampler = RandomSampler(
        recordCount: c.length, replacement: c.replacement, numSamples: c.draws, seed: c.seed)
      #expect(sampler.count == c.indices.count)
      #expect(sampler.indices(epoch: 0) == c.indices, "\(c)")
      #expect(sampler.indices(epoch: 1) != c.indices || c.length == 1)
    }
    #expect(
      SubsetRandomSampler([5, 9, 2, 40, 13], seed: 11).indices(epoch: 0) == cases.subset)
    for c in cases.weighted {
      let sampler = WeightedRandomSampler(
        weights: cases.weights, numSamples: c.draws, replacement: c.replacement, seed: c.seed)
      #expect(sampler.indices(epoch: 0) == c.indices, "\(c)")
    }
  }

  @Test("randomSplit divides as PyTorch does, by lengths and by fractions")
  func split() {
    for c in cases.split {
      let data = ArrayDataset(Array(0..<c.lengths.reduce(0, +)))
      #expect(randomSplit(data, lengths: c.lengths, seed: c.seed).map(\.indices) == c.parts)
    }
    let parts = randomSplit(ArrayDataset(Array(0..<11)), fractions: [0.5, 0.3, 0.2], seed: 2)
    #expect(parts.map(\.indices) == cases.fractions)
  }

  @Test("shares of a global batch are disjoint, complete and differ by at most one record")
  func shares() {
    let sampler = BatchSampler(RandomSampler(recordCount: 103, seed: 5), batchSize: 10)
    let batches = sampler.batches(epoch: 4)
    #expect(batches.count == 11)
    #expect(batches.flatMap(Array.init).sorted() == Array(0..<103))
    for worldSize in 1...12 {
      for step in batches.indices {
        let shares = (0..<worldSize).map {
          batches.share(of: step, rank: $0, worldSize: worldSize)
        }
        #expect(shares.flatMap { $0 } == Array(batches[step]))
        let sizes = shares.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
      }
    }
    let dropped = BatchSampler(
      SequentialSampler(recordCount: 103), batchSize: 10, dropLast: true
    ).batches(epoch: 0)
    #expect(dropped.count == 10)
    #expect(dropped.position(of: 10) == 100)
    #expect(dropped.step(at: 30) == 3 && dropped.step(at: 31) == nil)
  }

  @Test("batches by length hold every record once, pad little and differ between epochs")
  func buckets() {
    let lengths = RandomSampler(recordCount: 50, replacement: true, numSamples: 3_000, seed: 1)
      .indices(epoch: 0).map { $0 + 1 }
    let sampler = LengthBucketSampler(lengths: lengths, batchSize: 32, seed: 7)
    let batches = sampler.batches(epoch: 0)
    #expect(batches.flatMap(Array.init).sorted() == Array(0..<3_000))
    #expect(batches.map(Array.init) == sampler.batches(epoch: 0).map(Array.init))
    #expect(batches.map(Array.init) != sampler.batches(epoch: 1).map(Array.init))

    func padded(_ batches: EpochBatches) -> Int {
      batches.reduce(0) { $0 + $1.count * ($1.map { lengths[$0] }.max() ?? 0) }
    }
    let words = lengths.reduce(0, +)
    let unsorted = BatchSampler(RandomSampler(recordCount: 3_000, seed: 7), batchSize: 32)
    #expect(padded(batches) < words * 105 / 100)
    #expect(padded(unsorted.batches(epoch: 0)) > words * 150 / 100)

    // Ranks carry alike: no rank's words exceed another's by more than a few a batch.
    for step in batches.indices {
      let loads = (0..<4).map { rank in
        batches.share(of: step, rank: rank, worldSize: 4).reduce(0) { $0 + lengths[$1] }
      }
      let longest = batches[step].map { lengths[$0] }.max() ?? 0
      #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= longest)
    }
  }

  @Test("a dropped incomplete batch is a random one, not the longest records")
  func bucketsDropLast() {
    let sampler = LengthBucketSampler(
      lengths: Array(1...70), batchSize: 32, dropLast: true, seed: 3)
    let batches = sampler.batches(epoch: 0)
    #expect(batches.map(\.count) == [32, 32])
    let dropped = (0..<4).map { epoch in
      Set(0..<70).subtracting(sampler.batches(epoch: epoch).flatMap(Array.init))
    }
    #expect(Set(dropped).count > 1)
  }

  @Test("by file ranks stay in their files and take equally many steps")
  func files() {
    let shards = [[0..<10, 30..<41], [10..<30]]
    for (uneven, steps) in [
      (FileShardSampler.Uneven.startOver, 5), (.cut, 4), (.stop, 5),
    ] {
      let sampler = FileShardSampler(
        shards: shards, batchSize: 9, uneven: uneven, seed: 3)
      let batches = sampler.batches(epoch: 1)
      #expect(batches.count == steps)
      for (rank, ranges) in shards.enumerated() {
        let read = batches.indices.flatMap { batches.share(of: $0, rank: rank, worldSize: 2) }
        let own = ranges.flatMap(Array.init)
        #expect(Set(read).isSubset(of: own))
        switch uneven {
        case .startOver: #expect(Set(read) == Set(own) && read.count == steps * (5 - rank))
        case .cut: #expect(Set(read).count == read.count)
        case .stop: #expect(read.sorted() == own)
        }
      }
    }
  }
}
