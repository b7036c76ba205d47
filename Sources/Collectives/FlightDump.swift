import Base
import Foundation

/// A recorder as it was written down: `rank-2.json` in a run's folder `flight`.
public struct FlightDump: Sendable, Codable {
  /// One operation; times are nanoseconds of the node's monotonic clock.
  public struct Operation: Sendable, Codable {
    /// Its number in the recorder.
    public let number: UInt64
    /// Its group, and the rank there.
    public let group: String, rank: Int
    /// Its number in the group; 0 for messages.
    public let sequence: UInt64
    /// What it was, in words.
    public let kind: String, label: String, dtype: String
    /// Elements.
    public let count: Int
    /// Of those that reduce.
    public let reduction: String?
    /// Of all-reduces.
    public let algorithm: String?
    /// The root, or a message's peer.
    public let root: Int
    /// The training step.
    public let step: Int
    /// `scheduled` until it begins, then `pending`, at last `done`, `mismatch` or `failed`.
    public let state: String
    /// When it was issued, began and ended; 0 for what has not happened.
    public let issuedNs: UInt64, begunNs: UInt64, endedNs: UInt64

    /// Such as `all-reduce of fc1.weight f32[512] (sum)`.
    public var words: String {
      var text = kind
      if !label.isEmpty { text += " of \(label)" }
      // As in messages, a label that ends with a shape of its own is kept apart from the size.
      if label.hasSuffix("]") || label.hasSuffix(")") { text += "," }
      if kind != "barrier" { text += " \(dtype)[\(count)]" }
      return text + (reduction.map { " (\($0))" } ?? "")
    }
  }

  /// The rank whose recorder it is, the rank that wrote it, and how many there are.
  public let rank: Int, writtenBy: Int, worldSize: Int
  /// Where it was written, and why.
  public let host: String, reason: String
  /// When it was written: nanoseconds since 1970, and of the monotonic clock.
  public let timeNs: Int64, clockNs: UInt64
  /// Where the training was.
  public let step: Int, phase: String
  /// The last operations, oldest first; behind those that have begun, those that have not.
  public let operations: [Operation]
  /// How many more have not begun.
  public let unlisted: Int

  /// Those that have begun.
  public var begun: [Operation] { operations.filter { $0.state != "scheduled" } }
  /// Those that were issued and have not begun.
  public var scheduled: [Operation] { operations.filter { $0.state == "scheduled" } }

  /// What is impossible in it, if anything.
  private var fault: String? {
    if !(1...1 << 20).contains(worldSize) { return "a world of \(worldSize) ranks is impossible" }
    if !(0..<worldSize).contains(rank) { return "rank \(rank) of \(worldSize) is impossible" }
    if timeNs < 0 { return "the time \(timeNs) is impossible" }
    return (0...1 << 40).contains(unlisted) ? nil : "\(unlisted) unlisted operations are impossible"
  }

  /// All dumps of a run, by rank; `folder` is the run's, or its folder `flight`.
  /// - Throws: ``FlightError`` where there are none or one cannot be read.
  public static func read(_ folder: String) throws(FlightError) -> [FlightDump] {
    let files = FileManager.default
    let inner = "\(folder)/flight"
    let place = files.fileExists(atPath: inner) ? inner : folder
    let names = ((try? files.contentsOfDirectory(atPath: place)) ?? [])
      .filter { $0.hasPrefix("rank-") && $0.hasSuffix(".json") }
    guard !names.isEmpty else { throw .none(place) }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    var dumps: [FlightDump] = []
    for name in names {
      let path = "\(place)/\(name)"
      guard let contents = files.contents(atPath: path) else {
        throw .unreadable(path, "it cannot be opened")
      }
      do throws(JSONReading.Fault) {
        let dump = try JSONReading.decode(Self.self, from: contents, with: decoder)
        if let fault = dump.fault { throw JSONReading.Fault(fault) }
        dumps.append(dump)
      } catch {
        throw .unreadable(path, "\(error)")
      }
    }
    return dumps.sorted { $0.rank < $1.rank }
  }
}

/// Dumps of recorders that cannot be read.
public enum FlightError: Error, CustomStringConvertible {
  /// The folder holds none.
  case none(String)
  /// A file is not a dump.
  case unreadable(String, String)

  /// Path and remedy.
  public var description: String {
    switch self {
    case .none(let path):
      "\(path) holds no rank-*.json; they are written when a run fails, or when its workers get SIGUSR2"
    case .unreadable(let path, let reason): "\(path) is not a flight recorder's dump: \(reason)"
    }
  }
}
