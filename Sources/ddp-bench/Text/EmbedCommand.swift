import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench embed`: texts a second, from characters to vectors.
struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Times sentence embeddings of the lines of a text.")

  @Argument(
    help: "A folder of sentence-transformers.", completion: .file(),
    transform: { try UserPath.expanded($0) })
  var folder: String

  @Argument(
    help: "A file with a text on each line.", completion: .file(),
    transform: { try UserPath.expanded($0) })
  var text: String

  @Option(help: "Texts that are computed together.")
  var batchSize = 32

  @Option(help: "Texts to take; all where it is left out.")
  var texts: Int?

  @Option(help: "Compute threads.")
  var threads: Int?

  @Option(help: "How often it is measured.")
  var repetitions = 3

  mutating func validate() throws {
    guard batchSize > 0, repetitions > 0, texts ?? 1 > 0, threads ?? 1 > 0 else {
      throw ValidationError("--batch-size, --texts, --threads and --repetitions must be positive")
    }
  }

  func run() throws {
    if let threads { Compute.setThreads(threads) }
    let content = try String(contentsOf: URL(fileURLWithPath: text), encoding: .utf8)
    let lines = content.split(whereSeparator: \.isNewline).prefix(texts ?? .max).map(String.init)
    guard !lines.isEmpty else { throw ValidationError("\(text) has no lines") }
    let model = try SentenceTransformer(folder)
    let tokens = try model.tokenized(Array(lines.prefix(1024)))
    let width = try model.encode([lines[0]]).shape[1]
    StandardStream.output.print(
      "\(lines.count) texts, vectors of \(width), the longest of \(tokens.inputIds.shape[1]) tokens; \(Compute.threads) threads"
    )
    let clock = ContinuousClock()
    let rates = try (0..<repetitions).map { _ in
      let time = try clock.measure { _ = try model.encode(lines, batchSize: batchSize) }
      return Double(lines.count) / (time / .seconds(1))
    }.sorted()
    StandardStream.output.print(
      String(
        format: "embed   %10.1f texts/s (%.1f to %.1f)", rates[rates.count / 2], rates[0],
        rates[rates.count - 1]))
  }
}
