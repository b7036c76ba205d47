import Datasets
import Foundation
import Synchronization
import Tensors
import Testing

/// Images with noise: what a dataset with a random transform makes.
private struct Noisy: Dataset, Sendable {
  let count = 50
  subscript(index: Int) -> (Tensor, Int) { (Tensor.randn([2, 3]) + index, index) }
}

@Suite("Worker threads of loaders", .timeLimit(.minutes(1)))
struct WorkerTests {
  private func values(_ workers: Int, prefetchFactor: Int = 2) -> [[Float]] {
    let loader = DataLoader(
      Noisy(), batchSize: 8, shuffle: true, workers: workers, prefetchFactor: prefetchFactor,
      seed: 4)
    var result: [[Float]] = []
    for _ in 0..<2 {
      for (x, y) in loader {
        #expect(x.shape == [y.count, 2, 3])
        result.append(x.array(of: Float.self) + y.array(of: Float.self))
      }
    }
    return result
  }

  @Test("batches are the same for any number of workers, in order, over epochs")
  func equal() {
    let alone = values(0)
    #expect(alone.count == 14)
    for workers in 1...5 { #expect(values(workers) == alone, "\(workers)") }
    #expect(values(3, prefetchFactor: 7) == alone)
    let plain = DataLoader(Noisy(), batchSize: 8, shuffle: true, seed: 4)
    #expect(
      plain.map { $0.0.array(of: Float.self) + $0.1.array(of: Float.self) } == Array(alone[..<7]))
  }

  @Test("a collation draws the same for any number of workers, and otherwise at each step")
  func collation() {
    func draws(_ workers: Int) -> [[Float]] {
      let loader = DataLoader(ArrayDataset(Array(0..<20)), batchSize: 5, workers: workers, seed: 2)
      {
        records in Tensor.rand([records.count])
      }
      return loader.map { $0.array(of: Float.self) }
    }
    let alone = draws(0)
    #expect(Set(alone).count == 4)
    #expect(draws(3) == alone)
  }

  @Test("a loader with workers goes on in the middle of an epoch, on any number of ranks")
  func resumed() throws {
    func loader(_ rank: Int, _ ranks: Int, _ workers: Int) -> DataLoader<Int, [Int]> {
      DataLoader(
        ArrayDataset(Array(0..<45)),
        batches: BatchSampler(RandomSampler(recordCount: 45, seed: 1), batchSize: 6), rank: rank,
        worldSize: ranks, workers: workers
      ) { $0 }
    }
    let whole = loader(0, 1, 0)
    for _ in 0..<3 { _ = try whole.next() }
    let ranks = (0..<2).map { loader($0, 2, 2) }
    for rank in ranks { try rank.restore(whole.state) }
    while let batch = try whole.next() {
      let parts = try ranks.map { try #require(try $0.next()) }
      #expect(parts.flatMap { $0.content.prefix($0.count) } == batch.content)
    }
  }

  @Test(
    "an error names its record and comes at its own batch, whoever read it", arguments: [0, 1, 4])
  func errors(workers: Int) throws {
    struct Broken: Error {}
    let faulty = ArrayDataset(Array(0..<45)).mapped { number -> Int in
      if number == 20 || number == 30 { throw Broken() }
      return number
    }
    let loader = DataLoader(faulty, batchSize: 8, workers: workers)
    #expect(try loader.next()?.content.array(of: Int.self) == Array(0..<8))
    #expect(try loader.next()?.count == 8)
    for _ in 0..<2 {
      let error = try #require(throws: RecordError.self) { try loader.next() }
      #expect(error.index == 20 && error.underlying is Broken)
    }
  }

  @Test("workers read no further ahead than asked, and stop when a loop is left")
  func bounded() throws {
    final class Reads: Sendable { let count = Mutex(0) }
    let seen = Reads()
    let counted = ArrayDataset(Array(0..<400)).mapped { number -> Int in
      seen.count.withLock { $0 += 1 }
      return number
    }
    let loader = DataLoader(counted, batchSize: 1, workers: 2, prefetchFactor: 3)
    var taken = 0
    for _ in loader {
      taken += 1
      if taken == 5 { break }
    }
    // Five taken, and at most six more begun before the loop was left.
    #expect(seen.count.withLock { $0 } <= 11)
    let before = loader.epoch
    #expect(loader.reduce(0) { total, _ in total + 1 } == 400 && loader.epoch == before + 2)
  }

  @Test("a batch that does not come in time is an error")
  func timeout() throws {
    let gate = DispatchSemaphore(value: 0)
    let slow = ArrayDataset([1, 2]).mapped { number -> Int in
      if number == 2 {
        gate.wait()
        // Whoever comes next goes through as well.
        gate.signal()
      }
      return number
    }
    // Long beside what the first batch takes on a busy machine.
    let loader = DataLoader(slow, batchSize: 1, workers: 2, timeout: .seconds(3))
    _ = try loader.next()
    expectDataError(.unreadable, "batch 1", "3.0 seconds") { _ = try loader.next() }
    gate.signal()
    #expect(try loader.next()?.content.array(of: Int.self) == [2])
  }

  @Test("an order drawn by a generator is PyTorch's in every epoch")
  func generator() throws {
    let loader = DataLoader(
      ArrayDataset(Array(0..<10)), batchSize: 10, shuffle: true, generator: Generator(seed: 7))
    // DataLoader(range(10), 10, shuffle=True, generator=torch.Generator().manual_seed(7)), twice.
    #expect(
      (0..<2).map { _ in loader.flatMap { $0.array(of: Int.self) } }
        == [[1, 3, 5, 7, 9, 4, 6, 2, 8, 0], [5, 1, 6, 0, 9, 7, 8, 4, 3, 2]])
  }

  @Test("a sampler or a batch sampler decides what is read")
  func samplers() {
    let numbers = ArrayDataset(Array(0..<6))
    let some = DataLoader(
      numbers, batchSize: 4, sampler: SubsetRandomSampler([1, 4, 5], seed: 2), workers: 1)
    #expect(some.flatMap { $0.array(of: Int.self) }.sorted() == [1, 4, 5])
    let batches = DataLoader(
      numbers, batchSampler: BatchSampler(SequentialSampler(numbers), batchSize: 4), workers: 2)
    #expect(batches.map { $0.array(of: Int.self) } == [[0, 1, 2, 3], [4, 5]])
  }

  @Test("datasets stand side by side, and streams one after another")
  func combined() throws {
    let pairs = StackDataset(ArrayDataset([1, 2, 3]), ArrayDataset(["a", "b", "c"]))
    let second = try pairs[1]
    #expect(pairs.count == 3 && second == (2, "b"))
    for (numbers, texts) in DataLoader(pairs, batchSize: 3, workers: 1) {
      #expect(numbers.array(of: Int.self) == [1, 2, 3] && texts == ["a", "b", "c"])
    }
    let chain = ChainDataset([GeneratedDataset { _ in 0..<3 }, GeneratedDataset { _ in 7..<9 }])
    var reader = try chain.reader(epoch: 0)
    #expect(try reader.skip(2) == 2)
    var rest: [Int] = []
    while let number = try reader.next() { rest.append(number) }
    #expect(rest == [2, 7, 8])
    var other = try chain.reader(epoch: 0)
    #expect(try other.skip(4) == 4 && other.next() == 8 && other.skip(3) == 0)
  }
}
