import Datasets
import Testing

@Suite("StreamLoader")
struct StreamLoaderTests {
  let stream = GeneratedDataset { epoch in (epoch * 100)..<(epoch * 100 + 45) }

  func loader(rank: Int = 0, worldSize: Int = 1) -> StreamLoader<
    GeneratedDataset<Range<Int>>, [Int]
  > {
    StreamLoader(stream, batchSize: 8, rank: rank, worldSize: worldSize) { $0 }
  }

  @Test("ranks share the batches that one rank alone reads", arguments: [1, 2, 3, 8])
  func ranks(worldSize: Int) throws {
    let alone = loader()
    let ranks = (0..<worldSize).map { loader(rank: $0, worldSize: worldSize) }
    for epoch in 0..<2 {
      var all: [Int] = []
      while let whole = try alone.next() {
        let parts = try ranks.map { try #require(try $0.next()) }
        #expect(parts.flatMap { $0.content.prefix($0.count) } == whole.content)
        #expect(parts.flatMap(\.indices) == whole.indices)
        #expect(parts.allSatisfy { $0.globalCount == whole.count && $0.step == whole.step })
        all += whole.content
      }
      for rank in ranks { #expect(try rank.next() == nil) }
      #expect(all == Array((epoch * 100)..<(epoch * 100 + 45)))
    }
  }

  @Test("a restored stream goes on where it was, on another number of ranks too")
  func restore() throws {
    let whole = loader()
    for _ in 0..<9 { _ = try whole.next() }
    let state = whole.state
    #expect(state == LoaderState(seed: 0, epoch: 1, position: 16))
    let ranks = (0..<2).map { loader(rank: $0, worldSize: 2) }
    for rank in ranks { try rank.restore(state) }
    while let batch = try whole.next() {
      let parts = try ranks.map { try #require(try $0.next()) }
      #expect(parts.flatMap(\.content) == batch.content)
      #expect(parts.allSatisfy { $0.step == batch.step })
    }
    expectDataError(.mismatch, "ends after 45 records", "after 46") {
      try loader().restore(LoaderState(seed: 0, epoch: 0, position: 46))
    }
  }

  @Test("a stream shorter than the number of ranks is refused on the ranks without a record")
  func short() throws {
    let loader = StreamLoader(
      GeneratedDataset { _ in 0..<2 }, batchSize: 3, rank: 2, worldSize: 3
    ) { $0 }
    expectDataError(.tooSmall, "2 records", "rank 2 of 3") { _ = try loader.next() }
  }
}
