import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench embed`: texts a second, from characters to vectors.
struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Times sentence embeddings of the lines of a text.",
    discussion: "--python measures sentence-transformers in turn with us.")

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

  @OptionGroup var peers: PeerOptions

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
    let peer = try peers.peer(
      "sentence-transformers",
      ["embed", folder, "\(Compute.threads)", "\(lines.count)", "\(batchSize)", text],
      threads: Compute.threads)
    _ = try peer?.seconds("texts")
    var times = TurnedTimes()
    for _ in 0..<repetitions {
      let time = try clock.measure { _ = try model.encode(lines, batchSize: batchSize) }
      try times.add(time / .seconds(1), peer, "texts")
    }
    let count = Double(lines.count)
    let rates = times.ours.map { count / $0 }
    StandardStream.output.print(
      String(
        format: "embed   %10.1f texts/s (%.1f to %.1f)", count / times.median, rates.min() ?? 0,
        rates.max() ?? 0) + times.words(count, "texts/s", peer))
  }
}
