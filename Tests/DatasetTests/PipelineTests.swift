import Datasets
import Foundation
import Synchronization
import Tensors
import Testing

/// A number and one that is drawn.
@Sendable private func noise(_ x: Int) -> [Int] {
  [x, Tensor.randint(0, 1000, [1]).item(Int.self)]
}

/// Pipelines of numbers, each of which keeps elements in places of its own.
private let pipelines: [(name: String, pipeline: Pipeline<[Int]>)] = {
  let numbers = Pipeline.from(slices: Array(0..<23))
  let shuffled = numbers.shuffle(buffer: 7, seed: 3)
  return [
    ("slices", numbers.map { [$0] }),
    ("map", numbers.map { noise($0) }),
    ("parallel map", numbers.map(parallel: 3, seed: 1) { noise($0) }),
    ("filter", numbers.filter { $0 % 3 > 0 }.map { [$0] }),
    ("shuffle", shuffled.map { noise($0) }),
    ("map before shuffle", numbers.map { noise($0) }.shuffle(buffer: 5)),
    ("batch", shuffled.window(size: 4)),
    ("window", shuffled.window(size: 4, shift: 2)),
    ("far windows", shuffled.window(size: 2, shift: 5, dropRemainder: true)),
    ("bucket", shuffled.bucketByLength(boundaries: [5, 15], batchSizes: [2, 4, 3]) { $0 }),
    ("unbatch", shuffled.window(size: 4).map { $0.map { [$0] } }.unbatch()),
    ("cache", shuffled.cache().repeat(2).map { noise($0) }),
    ("prefetch", shuffled.map { noise($0) }.prefetch(3)),
    ("repeat", shuffled.repeat(3).map { noise($0) }),
    ("repeat and take", shuffled.map { noise($0) }.repeat().take(50)),
    ("skip", shuffled.skip(6).map { [$0] }),
    ("shard", shuffled.shard(count: 4, index: 2).map { [$0] }),
    ("zip", shuffled.zip(numbers.repeat(2)).map { [$0.0, $0.1] }),
    ("concatenate", shuffled.concatenate(numbers).shuffle(buffer: 9).map { [$0] }),
    ("enumerate", shuffled.enumerate().map(parallel: 2) { [$0.0] + noise($0.1) }),
    (
      "interleave",
      shuffled.interleave(cycle: 3, block: 2) { x in
        Pipeline.from(slices: Array(x * 100..<x * 100 + x % 5)).shuffle(buffer: 3)
      }.map { noise($0) }.shuffle(buffer: 4)
    ),
    (
      "stream",
      Pipeline.from(stream: GeneratedDataset { _ in 0..<20 }).shuffle(buffer: 6).map { [$0] }
    ),
    (
      "all of it",
      shuffled.map(parallel: 2) { noise($0) }.filter { $0[1] % 5 > 0 }.repeat(2).shuffle(buffer: 8)
        .window(size: 3, shift: 2).map { $0.flatMap { $0 } }.prefetch(2)
    ),
  ]
}()

@Suite("Pipelines", .timeLimit(.minutes(1)))
struct PipelineTests {
  private func rest(_ reader: PipelineReader<[Int]>) throws -> [[Int]] {
    var elements: [[Int]] = []
    while let element = try reader.next() { elements.append(element) }
    #expect(try reader.next() == nil)
    return elements
  }

  @Test("a restored reader goes on as if it had never stopped", arguments: pipelines.map(\.name))
  func restored(name: String) throws {
    let pipeline = try #require(pipelines.first { $0.name == name }).pipeline
    for epoch in [0, 2] {
      let whole = try rest(pipeline.reader(epoch: epoch))
      #expect(try rest(pipeline.reader(epoch: epoch)) == whole && whole.count > 3)
      for stop in 0...whole.count {
        let reader = try pipeline.reader(epoch: epoch)
        for _ in 0..<stop { _ = try reader.next() }
        let json = try JSONEncoder().encode(try reader.state())
        let resumed = try pipeline.reader()
        try resumed.restore(try JSONDecoder().decode(PipelineState.self, from: json))
        #expect(try rest(resumed) == Array(whole[stop...]), "\(name), after \(stop)")
        // Taking the state changes nothing, and a reader that has gone on can go back.
        if stop % 5 == 0 {
          #expect(try rest(reader) == Array(whole[stop...]))
          try reader.restore(try JSONDecoder().decode(PipelineState.self, from: json))
          #expect(try rest(reader) == Array(whole[stop...]))
        }
      }
    }
  }

  @Test("steps give what they promise")
  func steps() {
    let numbers = Pipeline.from(slices: Array(0..<10))
    #expect(Array(numbers) == Array(0..<10) && numbers.recordCount == 10)
    #expect(Array(numbers.filter { $0 % 2 == 0 }.map { $0 * 10 }) == [0, 20, 40, 60, 80])
    #expect(Array(numbers.map(parallel: 4) { $0 * 2 }) == Array(stride(from: 0, to: 20, by: 2)))
    #expect(Array(numbers.skip(2).take(3)) == [2, 3, 4])
    #expect(Array(numbers.shard(count: 3, index: 1)) == [1, 4, 7])
    #expect(Array(numbers.window(size: 4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
    #expect(Array(numbers.window(size: 4, dropRemainder: true)).count == 2)
    #expect(
      Array(numbers.window(size: 3, shift: 4)) == [[0, 1, 2], [4, 5, 6], [8, 9]])
    #expect(Array(numbers.window(size: 9, shift: 1, dropRemainder: true)).map(\.[0]) == [0, 1])
    #expect(numbers.enumerate().map { $0.0 - $0.1 }.allSatisfy { $0 == 0 })
    #expect(Array(numbers.concatenate(numbers.take(2))) == Array(0..<10) + [0, 1])
    #expect(numbers.zip(numbers.skip(4)).map { $0.1 - $0.0 } == Array(repeating: 4, count: 6))
    #expect(Array(numbers.take(2).repeat(3)) == [0, 1, 0, 1, 0, 1])
    #expect(Array(numbers.take(0).repeat()).isEmpty)
    #expect(
      Array(numbers.take(4).interleave(cycle: 2) { Pipeline.from(slices: [$0, $0 + 10, $0 + 20]) })
        == [0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23])
    #expect(Array(numbers.take(2).flatMap { Pipeline.from(slices: [$0, $0]) }) == [0, 0, 1, 1])
  }

  @Test("known counts are those that come")
  func counts() throws {
    for (name, pipeline) in pipelines {
      guard let count = pipeline.recordCount else { continue }
      #expect(try rest(pipeline.reader()).count == count, "\(name)")
    }
    #expect(pipelines.count { $0.pipeline.recordCount != nil } > 12)
  }

  @Test("a shuffled pass holds every element once, in another order each epoch and each seed")
  func shuffled() throws {
    let numbers = Pipeline.from(slices: Array(0..<100))
    func order(_ buffer: Int, _ seed: UInt64, _ epoch: Int) throws -> [Int] {
      let reader = try numbers.shuffle(buffer: buffer, seed: seed).reader(epoch: epoch)
      return Array(IteratorSequence(PipelineIteratorBox(reader)))
    }
    let orders = try [order(100, 0, 0), order(100, 0, 1), order(100, 1, 0), order(10, 0, 0)]
    #expect(orders.allSatisfy { $0.sorted() == Array(0..<100) } && Set(orders).count == 4)
    // A buffer of ten lets nothing come more than nine places early.
    #expect(try order(10, 5, 3).enumerated().allSatisfy { $1 - $0 < 10 })
    let passes = Array(numbers.shuffle(buffer: 100).repeat(2))
    #expect(passes[..<100].sorted() == Array(0..<100) && passes[..<100] != passes[100...])
  }

  private struct PipelineIteratorBox: IteratorProtocol {
    let reader: PipelineReader<Int>
    init(_ reader: PipelineReader<Int>) { self.reader = reader }
    func next() -> Int? { try? reader.next() }
  }

  @Test("draws follow from seed, epoch and index, however many threads compute")
  func draws() throws {
    let numbers = Pipeline.from(slices: Array(0..<12))
    func drawn(_ parallel: Int, _ epoch: Int) throws -> [Float] {
      let reader = try numbers.map(parallel: parallel, seed: 9) { _ in
        Tensor.rand([1]).item(Float.self)
      }.reader(epoch: epoch)
      return try (0..<12).compactMap { _ in try reader.next() }
    }
    let expected = (0..<12).map {
      Tensor.rand([1], generator: .keyed(seed: 9, epoch: 1, index: $0)).item(Float.self)
    }
    for parallel in 1...4 { #expect(try drawn(parallel, 1) == expected) }
    #expect(try drawn(1, 0) != expected)
    // Two steps that draw have draws of their own.
    let two = numbers.map { _ in Tensor.rand([1]).item(Float.self) }.map {
      $0 == Tensor.rand([1]).item(Float.self)
    }
    #expect(!two.contains(true))
  }

  @Test("batches collate by themselves, with and without filling up")
  func batches() {
    let images = Tensor.arange(0, 24).reshaped(6, 4)
    let labels = Tensor.arange(0, 6)
    let pairs = Pipeline.from(slices: images, labels).batch(4)
    var shapes: [[Int]] = []
    for (x, y) in pairs { shapes += [x.shape, y.shape] }
    #expect(shapes == [[4, 4], [4], [2, 4], [2]])
    #expect(pairs.unbatch().map { $0.1.item(Int.self) } == Array(0..<6))
    let texts = Pipeline.from(slices: [([1], 0), ([2, 3], 1), ([4, 5, 6], 2)])
    let padded = Array(texts.paddedBatch(2, padding: -1))
    #expect(padded.map { $0.0.array(of: Int.self) } == [[1, -1, 2, 3], [4, 5, 6]])
    #expect(padded.map { $0.1.array(of: Int.self) } == [[0, 1], [2]])
    let alone = texts.map { $0.0 }.paddedBatch(3, padding: 0, dropRemainder: true)
    #expect(alone.map(\.shape) == [[3, 3]])
    let buckets = Pipeline.from(slices: [5, 1, 9, 2, 8, 3, 7])
      .bucketByLength(boundaries: [4], batchSizes: [2, 3]) { $0 }
    #expect(Array(buckets) == [[1, 2], [5, 9, 8], [3], [7]])
  }

  @Test("a cache reads its source once, over repetitions and loops")
  func cached() {
    final class Reads: Sendable { let count = Mutex(0) }
    let reads = Reads()
    let cached = Pipeline.from(slices: [1, 2, 3]).map { number -> Int in
      reads.count.withLock { $0 += 1 }
      return number
    }.cache()
    #expect(Array(cached.take(2)) == [1, 2])
    #expect(Array(cached.repeat(3)) == [1, 2, 3, 1, 2, 3, 1, 2, 3])
    #expect(Array(cached) == [1, 2, 3] && reads.count.withLock { $0 } == 5)
  }

  @Test(
    "a cache that is filled anew, as in another process, has the order of the pass that filled it")
  func refilled() throws {
    func fresh() -> Pipeline<Int> {
      Pipeline.from(slices: Array(0..<8)).shuffle(buffer: 8).cache().repeat(3).shuffle(buffer: 3)
    }
    let whole = Array(fresh())
    for stop in 0...24 {
      let reader = try fresh().reader()
      for _ in 0..<stop { _ = try reader.next() }
      let resumed = try fresh().reader()
      try resumed.restore(try reader.state())
      var rest: [Int] = []
      while let number = try resumed.next() { rest.append(number) }
      #expect(rest == Array(whole[stop...]), "after \(stop)")
    }
  }

  @Test("errors come at their own element, also from other threads")
  func errors() throws {
    struct Broken: Error {}
    let faulty = Pipeline.from(slices: Array(0..<9)).map(parallel: 3) { number -> Int in
      if number == 5 { throw Broken() }
      return number
    }
    for pipeline in [faulty, faulty.prefetch(2), faulty.map(parallel: 2) { $0 }] {
      let reader = try pipeline.reader()
      for number in 0..<5 { #expect(try reader.next() == number) }
      #expect(throws: Broken.self) { try reader.next() }
    }
  }

  @Test("a state of another pipeline is refused")
  func refused() throws {
    let numbers = Pipeline.from(slices: Array(0..<9))
    let state = try numbers.shuffle(buffer: 3).reader().state()
    expectDataError(.mismatch, "another pipeline") {
      try numbers.window(size: 2).reader().restore(state)
    }
    let longer = try Pipeline.from(slices: Array(0..<10)).reader().state()
    expectDataError(.mismatch, "10 records") { try numbers.reader().restore(longer) }
  }

  @Test("a stream loader deals a pipeline's elements to ranks and knows its batches")
  func ranks() throws {
    let pipeline = Pipeline.from(slices: Array(0..<22)).shuffle(buffer: 9).filter { $0 != 4 }
    func loader(_ rank: Int, _ ranks: Int) -> StreamLoader<Pipeline<Int>, [Int]> {
      StreamLoader(pipeline, batchSize: 4, rank: rank, worldSize: ranks) { $0 }
    }
    let alone = loader(0, 1)
    let ranks = (0..<2).map { loader($0, 2) }
    #expect(alone.batchCount == 6)
    for _ in 0..<2 {
      while let batch = try alone.next() {
        let parts = try ranks.map { try #require(try $0.next()) }
        #expect(parts.flatMap { $0.content.prefix($0.count) } == batch.content)
      }
      for rank in ranks { #expect(try rank.next() == nil) }
    }
  }
}
