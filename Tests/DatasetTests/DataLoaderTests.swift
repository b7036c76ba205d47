import Datasets
import Synchronization
import Testing

@Suite("DataLoader", .timeLimit(.minutes(1)))
struct DataLoaderTests {
  let numbers = ArrayDataset(Array(0..<45))

  func loader(
    rank: Int = 0, worldSize: Int = 1, prefetch: Int = 0, seed: UInt64 = 3, batchSize: Int = 8
  ) -> DataLoader<Int, [Int]> {
    let sampler = BatchSampler(
      RandomSampler(recordCount: 45, seed: seed), batchSize: batchSize)
    if prefetch == 0 {
      return DataLoader(numbers, batches: sampler, rank: rank, worldSize: worldSize) { $0 }
    }
    return DataLoader(
      numbers, batches: sampler, rank: rank, worldSize: worldSize, prefetch: prefetch
    ) { $0 }
  }

  func contents(_ loader: DataLoader<Int, [Int]>, epochs: Int) throws -> [[Int]] {
    var result: [[Int]] = []
    for _ in 0..<epochs {
      while let batch = try loader.next() { result.append(batch.content) }
    }
    return result
  }

  @Test("four ranks with a quarter of each batch see what one rank sees", arguments: [0, 3])
  func ranks(prefetch: Int) throws {
    let alone = loader()
    let ranks = (0..<4).map { loader(rank: $0, worldSize: 4, prefetch: prefetch) }
    for epoch in 0..<3 {
      while let whole = try alone.next() {
        let parts = try ranks.map { try #require(try $0.next()) }
        #expect(parts.flatMap { $0.content.prefix($0.count) } == whole.content)
        #expect(parts.allSatisfy { $0.globalCount == whole.count && $0.epoch == epoch })
        let weight = parts.reduce(0) { $0 + $1.weight(worldSize: 4) } / 4
        #expect(abs(weight - 1) < 1e-12)
      }
      for rank in ranks { #expect(try rank.next() == nil) }
    }
  }

  @Test("a rank without a record in the last batch takes part with weight 0")
  func standIn() throws {
    // 45 records in batches of 43 leave 2 for 4 ranks.
    let last = loader(rank: 3, worldSize: 4, batchSize: 43)
    _ = try last.next()
    let batch = try #require(try last.next())
    #expect(batch.count == 0 && batch.globalCount == 2 && batch.content.count == 1)
    #expect(batch.weight(worldSize: 4) == 0)
  }

  @Test(
    "a restored loader goes on bit for bit, also on another number of ranks", arguments: [0, 2])
  func restore(prefetch: Int) throws {
    for stop in 0...13 {
      let whole = loader()
      let rest = loader(prefetch: prefetch)
      let twoRanks = (0..<2).map { loader(rank: $0, worldSize: 2, prefetch: prefetch) }
      let uninterrupted = try contents(loader(), epochs: 3)
      var seen = 0
      while seen < stop { if try whole.next() != nil { seen += 1 } }
      let state = whole.state
      try rest.restore(state)
      let remaining = try contents(rest, epochs: 3 - state.epoch)
      #expect(remaining == Array(uninterrupted.dropFirst(stop)), "after \(stop) batches")
      for rank in twoRanks { try rank.restore(state) }
      for batch in uninterrupted.dropFirst(stop) {
        let parts = try twoRanks.flatMap { rank -> [Int] in
          if let batch = try rank.next() { return batch.content }
          return try #require(try rank.next()).content
        }
        #expect(parts == batch)
      }
    }
  }

  @Test("a state of another seed or batch size is refused")
  func refuse() throws {
    let other = loader(seed: 4)
    expectDataError(.mismatch, "seed 3", "seed is 4") {
      try other.restore(LoaderState(seed: 3, epoch: 0, position: 8))
    }
    let same = loader()
    expectDataError(.mismatch, "9 records") {
      try same.restore(LoaderState(seed: 3, epoch: 1, position: 9))
    }
    let empty = DataLoader(
      numbers,
      batches: BatchSampler(SequentialSampler(recordCount: 45), batchSize: 50, dropLast: true)
    ) { $0 }
    expectDataError(.tooSmall, "batch_size") { _ = try empty.next() }
    let nothing = DataLoader(ArrayDataset([Int]()), batchSize: 2)
    expectDataError(.empty, "holds no records") { _ = try nothing.next() }
  }

  @Test("prefetching reads no further ahead than asked and stops with its loader")
  func bounded() throws {
    final class Counter: Sendable { let reads = Mutex(0) }
    let counter = Counter()
    let counted = numbers.mapped { number -> Int in
      counter.reads.withLock { $0 += 1 }
      return number
    }
    var loader: DataLoader<Int, [Int]>? = DataLoader(
      counted, batches: BatchSampler(SequentialSampler(recordCount: 45), batchSize: 1), prefetch: 4
    ) { $0 }
    _ = try loader?.next()
    _ = try loader?.next()
    // Two taken, four waiting, one in the reader's hands.
    #expect(counter.reads.withLock { $0 } <= 7)
    loader = nil
    #expect(counter.reads.withLock { $0 } <= 8)
  }

  @Test("an error while reading ahead reaches the caller at its own batch, and again")
  func errors() throws {
    let faulty = numbers.mapped { number -> Int in
      if number == 20 {
        throw DataError(.malformed, path: "x", at: "record 20", "bad", remedy: "mend it")
      }
      return number
    }
    for prefetch in [0, 3] {
      let sampler = BatchSampler(SequentialSampler(recordCount: 45), batchSize: 8)
      let loader =
        prefetch == 0
        ? DataLoader(faulty, batches: sampler) { $0 }
        : DataLoader(faulty, batches: sampler, prefetch: prefetch) { $0 }
      #expect(try loader.next()?.content == Array(0..<8))
      #expect(try loader.next()?.content == Array(8..<16))
      for _ in 0..<2 {
        let error = try #require(throws: RecordError.self) { _ = try loader.next() }
        #expect(error.index == 20 && error.epoch == 0 && error.underlying is DataError)
        #expect("\(error)" == "record 20 of epoch 0: x, record 20: bad. mend it")
      }
      #expect(loader.state.position == 16)
    }
  }
}
