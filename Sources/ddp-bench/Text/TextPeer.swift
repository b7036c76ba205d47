import ArgumentParser
import Base
import Foundation

/// Where Hugging Face's libraries are, to be measured in turn.
struct PeerOptions: ParsableArguments {
  @Option(
    help: "A Python with Hugging Face's libraries, which are measured in turn.",
    completion: .file(), transform: { try UserPath.expanded($0) })
  var python: String?

  mutating func validate() throws {
    if let python { try PeerScript.check(python) }
  }

  /// The peer; nil where none is wanted.
  /// - Parameters:
  ///   - library: What errors and tables call it.
  ///   - arguments: Those of text_peers.py, the number of threads among them.
  func peer(_ library: String, _ arguments: [String], threads: Int) throws -> TextPeer? {
    guard let python else { return nil }
    let script = try PeerScript("text_peers", PackageResources.text_peers_py)
    return TextPeer(
      library, script,
      try StepProcess(
        library, URL(fileURLWithPath: python), [script.path] + arguments, threads: threads))
  }
}

/// A process of Python that does with texts what we do.
final class TextPeer {
  /// What it is called.
  let library: String
  private let script: PeerScript
  private let process: StepProcess

  init(_ library: String, _ script: PeerScript, _ process: StepProcess) {
    (self.library, self.script, self.process) = (library, script, process)
  }

  deinit { script.remove() }

  /// How many seconds something takes once.
  func seconds(_ question: String) throws -> Double {
    let answer = try process.ask(question, within: 3600)
    guard let seconds = answer["median_s"]?.double, seconds > 0 else {
      throw StepProcess.Failure(description: "\(library) answered no time")
    }
    return seconds
  }
}

/// Measurements of ours and, in turn, of a peer.
struct TurnedTimes {
  private(set) var ours: [Double] = []
  private(set) var theirs: [Double] = []

  /// Adds a time of ours, and one of the peer's.
  mutating func add(_ seconds: Double, _ peer: TextPeer?, _ question: String) throws {
    ours.append(seconds)
    if let peer { theirs.append(try peer.seconds(question)) }
  }

  /// Ours in the middle.
  var median: Double { Self.median(ours) }

  /// What is said of the peer, whose rate is so much in a second: `; transformers 20.1 tokens/s, 1.50 times as
  /// fast`. Empty where there is none.
  func words(_ amount: Double, _ unit: String, _ peer: TextPeer?) -> String {
    guard let peer, !theirs.isEmpty else { return "" }
    // Pairs met the same machine.
    let ratio = Self.median(zip(ours, theirs).map { $1 / $0 })
    let rate = String(format: "%.1f", amount / Self.median(theirs))
    let times = String(format: "%.2f", ratio)
    return "; \(peer.library) \(rate) \(unit), \(times) times as fast"
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
