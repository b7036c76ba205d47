import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench data`: batches a second of a loader.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data",
    abstract: "Times a DataLoader on images of MNIST's size.",
    discussion: """
      A record is 784 bytes, made a float32 tensor [1, 28, 28] from 0 to 1, with a class. Batches are \
      shuffled and collated by default, and nothing is done with them. docs/benchmarks.md has the same \
      loop for PyTorch.
      """)

  @Option(help: "Threads that read; with 0 the caller does.")
  var workers = 0

  @Option(help: "Records of a batch.")
  var batchSize = 64

  @Option(help: "Records of an epoch.")
  var records = 60_000

  @Option(help: "How often an epoch is measured.")
  var repetitions = 5

  mutating func validate() throws {
    guard workers >= 0, batchSize > 0, records > 0, repetitions > 0 else {
      throw ValidationError(
        "--batch-size, --records and --repetitions must be positive, --workers not negative")
    }
  }

  func run() throws {
    // One thread computes in each worker, as in PyTorch's.
    Compute.setThreads(1)
    let loader = DataLoader(
      PixelRecords(count: records), batchSize: batchSize, shuffle: true, workers: workers)
    let clock = ContinuousClock()
    var batches = 0
    let rates = try (0..<repetitions).map { _ in
      batches = 0
      let time = try clock.measure {
        while try loader.next() != nil { batches += 1 }
      }
      return Double(batches) / (time / .seconds(1))
    }.sorted()
    let median = rates[rates.count / 2]
    StandardStream.output.print(
      "\(workers) workers, \(batches) batches of \(batchSize): "
        + String(
          format: "%.0f batches/s (%.0f to %.0f), %.0f records/s", median, rates[0],
          rates[rates.count - 1], median * Double(records) / Double(batches)))
  }
}

/// Images of bytes in memory, each made a tensor when it is read.
private struct PixelRecords: Dataset, Sendable {
  let count: Int
  private let bytes: [UInt8]
  private static let size = 28 * 28

  init(count: Int) {
    self.count = count
    bytes = (0..<count * Self.size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
  }

  subscript(index: Int) -> (Tensor, Int) {
    let pixels = Array(bytes[index * Self.size..<(index + 1) * Self.size])
    return (Tensor(pixels, shape: [1, 28, 28]).to(.float32) / 255, index % 10)
  }
}
