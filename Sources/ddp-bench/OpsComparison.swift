import ArgumentParser
import Base
import Foundation

/// One operator's times as they are written down, one JSON object a line.
struct OpsRecord {
  /// What was timed.
  struct Key: Hashable {
    let name: String
    let size: Int
    let threads: Int

    var label: String {
      name.padding(toLength: 18, withPad: " ", startingAt: 0) + String(format: "%8d", size)
    }
  }

  let key: Key
  /// Nanoseconds a call.
  let forward: Double
  /// Nanoseconds a walk back; nil where there is none.
  let backward: Double?

  var json: String {
    let walk = backward.map { String(format: "%.0f", $0) } ?? "null"
    return String(
      format: #"{"name": "%@", "size": %d, "threads": %d, "forward_ns": %.0f, "backward_ns": %@}"#,
      key.name, key.size, key.threads, forward, walk)
  }

  /// The records of a file, one a line; empty lines are passed over.
  static func read(_ path: String) throws -> [OpsRecord] {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw ValidationError("\(path) cannot be read: \(error.localizedDescription)")
    }
    return try text.lines.enumerated().compactMap { number, line in
      if line.allSatisfy(\.isWhitespace) { return nil }
      guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(line.utf8)) else {
        throw ValidationError(
          "\(path), line \(number + 1): no JSON object with name, size, threads, forward_ns and backward_ns"
        )
      }
      return OpsRecord(
        key: Key(name: fields.name, size: fields.size, threads: fields.threads),
        forward: fields.forward_ns, backward: fields.backward_ns)
    }
  }

  /// The shortest times of every case.
  static func best(_ records: [OpsRecord]) -> [Key: OpsRecord] {
    Dictionary(records.map { ($0.key, $0) }) { a, b in
      OpsRecord(
        key: a.key, forward: min(a.forward, b.forward),
        backward: [a.backward, b.backward].compactMap { $0 }.min())
    }
  }

  private struct Fields: Decodable {
    let name: String
    let size: Int
    let threads: Int
    let forward_ns: Double
    let backward_ns: Double?
  }
}

/// Our times beside a peer's.
struct OpsComparison {
  private let peer: [OpsRecord.Key: OpsRecord]

  init(peer: [OpsRecord]) { self.peer = OpsRecord.best(peer) }

  static let heading =
    "operator              size    forward us      peer us   ratio   backward us      peer us   ratio"

  /// Whether the peer has times of a case.
  func covers(_ key: OpsRecord.Key) -> Bool { peer[key] != nil }

  /// Our time, the peer's and their ratio, forward and backward.
  func row(_ ours: OpsRecord) -> String {
    var row = ours.key.label
    guard let theirs = peer[ours.key] else { return row }
    row += columns(ours.forward, theirs.forward)
    if let mine = ours.backward, let other = theirs.backward { row += columns(mine, other) }
    return row
  }

  private func columns(_ ours: Double, _ theirs: Double) -> String {
    String(format: "%14.2f %12.2f %7.2f", ours / 1e3, theirs / 1e3, ours / theirs)
  }

  /// For every size the geometric mean of the ratios, forward and backward entries alike, and how
  /// many are beyond bounds.
  func summary(of records: [OpsRecord]) -> String {
    var lines = ["", "    size  entries  geometric mean  above 1.0  above 1.5  above 2.0"]
    for size in Set(records.map(\.key.size)).sorted() {
      let ratios = records.filter { $0.key.size == size }.flatMap { ours -> [Double] in
        guard let theirs = peer[ours.key] else { return [] }
        let walk = ours.backward.flatMap { mine in theirs.backward.map { mine / $0 } }
        return [ours.forward / theirs.forward] + (walk.map { [$0] } ?? [])
      }
      if ratios.isEmpty { continue }
      let mean = exp(ratios.map { log($0) }.reduce(0, +) / Double(ratios.count))
      func above(_ bound: Double) -> Int { ratios.count { $0 > bound } }
      lines.append(
        String(
          format: "%8d %8d %15.3f %10d %10d %10d", size, ratios.count, mean, above(1), above(1.5),
          above(2)))
    }
    return lines.joined(separator: "\n")
  }
}
