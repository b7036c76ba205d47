import Datasets
import Foundation
import Tensors
import Testing

/// Records that are as random as an augmentation makes them.
private struct Augmented: Dataset, Sendable {
  let count = 23
  subscript(index: Int) -> [Double] {
    let noise = Tensor.randn([2]).array(of: Double.self)
    let dropped = F.dropout(Tensor.ones([4]), p: 0.5).array(of: Double.self)
    return [Double(index)] + noise + dropped
  }
}

@Suite("Random draws of records", .timeLimit(.minutes(1)))
struct RecordDrawTests {
  /// What each record of two epochs was, by epoch and index.
  private func records(
    ranks: Int, prefetch: Int, seed: UInt64 = 3, draws: UInt64? = nil
  ) throws -> [[Int]: [Double]] {
    var result: [[Int]: [Double]] = [:]
    for rank in 0..<ranks {
      let batches = BatchSampler(RandomSampler(recordCount: 23, seed: seed), batchSize: 6)
      let loader =
        prefetch == 0
        ? DataLoader(Augmented(), batches: batches, rank: rank, worldSize: ranks, seed: draws) {
          $0
        }
        : DataLoader(
          Augmented(), batches: batches, rank: rank, worldSize: ranks, prefetch: prefetch,
          seed: draws
        ) { $0 }
      for epoch in 0..<2 {
        while let batch = try loader.next() {
          // Draws of the training loop move the thread's own generator.
          _ = Tensor.randn([rank + 1])
          for (index, record) in zip(batch.indices, batch.content) {
            result[[epoch, index]] = record
          }
        }
      }
    }
    return result
  }

  @Test("record i of epoch e draws the same on any rank, of any number, read ahead or not")
  func keyed() throws {
    let alone = try records(ranks: 1, prefetch: 0)
    #expect(alone.count == 46)
    for (ranks, prefetch) in [(1, 1), (1, 3), (2, 0), (3, 2), (4, 1)] {
      #expect(try records(ranks: ranks, prefetch: prefetch) == alone, "\(ranks) \(prefetch)")
    }
    // Every record of every epoch draws numbers of its own, and so does every seed.
    #expect(Set(alone.values.map { $0[1] }).count == 46)
    let other = try records(ranks: 1, prefetch: 2, draws: 4)
    #expect(alone.allSatisfy { other[$0.key]?[1] != $0.value[1] })
  }

  @Test("the generator of a record can be asked for by itself")
  func explicit() throws {
    let record = try #require(try records(ranks: 1, prefetch: 2)[[1, 7]])
    let generator = Generator.keyed(seed: 3, epoch: 1, index: 7)
    #expect(Tensor.randn([2], generator: generator).array(of: Double.self) == Array(record[1...2]))
  }

  @Test("reading draws nothing from the thread's own generator")
  func untouched() throws {
    let generator = Generator(seed: 9)
    let state = generator.state
    _ = try generator.asDefault {
      let batches = BatchSampler(SequentialSampler(recordCount: 23), batchSize: 6)
      let loader = DataLoader(Augmented(), batches: batches) { $0 }
      return try loader.next()
    }
    #expect(generator.state == state)
  }

  @Test("records of a stream draw the same on any number of ranks")
  func streams() throws {
    let stream = GeneratedDataset { _ in
      (0..<10).lazy.map { [Double($0), Tensor.randn([1]).item(Double.self)] }
    }
    func read(_ ranks: Int) throws -> [Int: [Double]] {
      var result: [Int: [Double]] = [:]
      for rank in 0..<ranks {
        let loader = StreamLoader(stream, batchSize: 4, rank: rank, worldSize: ranks, seed: 5) {
          $0
        }
        while let batch = try loader.next() {
          for (index, record) in zip(batch.indices, batch.content) { result[index] = record }
        }
      }
      return result
    }
    let alone = try read(1)
    #expect(try alone.count == 10 && read(2) == alone && read(4) == alone)
  }

  /// 0 ..< 20 in an order that is drawn from a buffer of four while it is read.
  private struct Shuffled: Sequence, IteratorProtocol {
    private var waiting: [Int] = []
    private var coming = 0..<20
    mutating func next() -> Int? {
      while waiting.count < 4, let number = coming.popFirst() { waiting.append(number) }
      if waiting.isEmpty { return nil }
      return waiting.remove(at: Tensor.randint(0, waiting.count, [1]).item(Int.self))
    }
  }

  @Test("a stream that draws its order has the same one on every rank, and after a restart")
  func drawnOrder() throws {
    func loader(_ rank: Int, of ranks: Int) -> StreamLoader<GeneratedDataset<Shuffled>, [Int]> {
      StreamLoader(
        GeneratedDataset { _ in Shuffled() }, batchSize: 5, rank: rank, worldSize: ranks, seed: 2
      ) { $0 }
    }
    let alone = loader(0, of: 1)
    var order: [Int] = []
    while let batch = try alone.next() { order += batch.content }
    #expect(order.sorted() == Array(0..<20) && order != Array(0..<20))
    for ranks in [2, 3, 5] {
      for rank in 0..<ranks {
        let (straight, resumed) = (loader(rank, of: ranks), loader(rank, of: ranks))
        _ = try straight.next()
        try resumed.restore(straight.state)
        for other in [straight, resumed] {
          while let batch = try other.next() {
            #expect(batch.content == batch.indices.map { order[$0] }, "\(rank) of \(ranks)")
          }
        }
      }
    }
  }
}
