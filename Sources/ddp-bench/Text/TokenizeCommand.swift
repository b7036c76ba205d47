import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench tokenize`: megabytes of text a second, with and without offsets.
struct TokenizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Times a tokenizer on a text: loading, ids alone, and ids with offsets.",
    discussion: """
      The text's ids are the same in all ways of computing them, or nothing is timed. --expect reads \
      ids that another library gave, white space between them, and compares them first. A megabyte is \
      a million bytes of UTF-8. "cold" is the first run of a tokenizer that was just loaded. \
      --python measures the tokenizers library in turn with us.
      """)

  @Argument(
    help: "A tokenizer.json.", completion: .file(), transform: { try UserPath.expanded($0) })
  var tokenizer: String

  @Argument(
    help: "A file with text in UTF-8.", completion: .file(),
    transform: { try UserPath.expanded($0) })
  var text: String

  @Option(
    help: "A file with the ids that the whole text must give.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var expect: String?

  @Option(help: "Seconds to measure each way for.")
  var seconds = 2.0

  @Option(help: "Threads of the batch of lines.")
  var threads: Int?

  @OptionGroup var peers: PeerOptions

  mutating func validate() throws {
    guard seconds > 0 else { throw ValidationError("--seconds must be positive") }
    if let threads, threads < 1 { throw ValidationError("--threads must be positive") }
  }

  func run() throws {
    let content = try String(contentsOf: URL(fileURLWithPath: text), encoding: .utf8)
    let megabytes = Double(content.utf8.count) / 1e6
    let clock = ContinuousClock()
    var loads: [Double] = []
    for _ in 0..<5 {
      loads.append(try clock.measure { _ = try Tokenizer(path: tokenizer) } / .milliseconds(1))
    }
    var pipeline = try Tokenizer(path: tokenizer)
    // The whole text is read, as by the peer.
    (pipeline.truncation, pipeline.padding) = (nil, nil)
    var ids: [Int] = []
    let cold = try clock.measure { ids = try pipeline.ids(of: content) } / .seconds(1)
    let full = try pipeline.encode(content, addSpecialTokens: false)
    guard full.ids == ids else { throw ValidationError("ids with and without offsets differ") }
    if let expect { try compare(ids, expect) }
    StandardStream.output.print("\(ids.count) ids of \(String(format: "%.2f", megabytes)) MB")
    StandardStream.output.print(
      "load            \(String(format: "%8.1f", loads.sorted()[2])) ms (median of 5)")
    report("cold", cold, megabytes, "")
    let peer = try peers.peer(
      "tokenizers", ["tokenize", tokenizer, "\(threads ?? Compute.threads)", text],
      threads: threads ?? Compute.threads)
    try report("ids", megabytes, peer, clock) { _ = try pipeline.ids(of: content) }
    try report("offsets", megabytes, peer, clock) { _ = try pipeline.encode(content) }
    let lines = content.split(whereSeparator: \.isNewline).map { Tokenizer.Input.text(String($0)) }
    try report("lines", megabytes, peer, clock) {
      _ = try pipeline.encodeBatch(lines, offsets: false, threads: threads)
    }
  }

  private func compare(_ ids: [Int], _ path: String) throws {
    let file = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
    let expected = file.split(whereSeparator: \.isWhitespace).map { Int($0) }
    if let place = zip(ids, expected).enumerated().first(where: { $1.0 != $1.1 })?.offset {
      throw ValidationError("id \(place) is \(ids[place]), and \(path) has another")
    }
    guard ids.count == expected.count else {
      throw ValidationError("\(ids.count) ids, and \(path) has \(expected.count)")
    }
    StandardStream.output.print("ids equal those of \(path)")
  }

  /// How the ways are called in the table.
  private static let labels = [
    "cold": "ids, cold", "ids": "ids", "offsets": "with offsets", "lines": "batch of lines",
  ]

  private func report(
    _ way: String, _ megabytes: Double, _ peer: TextPeer?, _ clock: ContinuousClock,
    _ body: () throws -> Void
  ) throws {
    _ = try peer?.seconds(way)
    var times = TurnedTimes()
    let end = clock.now + .seconds(seconds)
    while clock.now < end || times.ours.count < 3 {
      try times.add(try clock.measure(body) / .seconds(1), peer, way)
    }
    report(way, times.median, megabytes, times.words(megabytes, "MB/s", peer))
  }

  private func report(_ way: String, _ time: Double, _ megabytes: Double, _ words: String) {
    let label = (Self.labels[way] ?? way).padding(toLength: 15, withPad: " ", startingAt: 0)
    StandardStream.output.print(
      "\(label) \(String(format: "%8.1f", megabytes / time)) MB/s\(words)")
  }
}
