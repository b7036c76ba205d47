import Foundation
import Yams

/// The keys of a configuration with their values, as one list.
package enum ConfigurationFacts {
  /// One key: `optimizer.lr` and `0.001`.
  package struct Entry: Sendable, Equatable {
    /// The key with those above it, joined with dots.
    package let key: String
    /// The value as it is written; a list is `[1, 2]`.
    package let value: String
  }

  /// Why a file is no configuration, as a clause.
  package struct Fault: Error, CustomStringConvertible {
    /// The clause.
    package let description: String
    init(_ description: String) { self.description = description }
  }

  /// The most values that are read: aliases can make very many of a short file.
  private static let mostValues = 10_000

  /// The longest file that is read, in bytes.
  private static let mostBytes = 1 << 20

  /// Reads YAML.
  package static func read(_ file: Data) throws(Fault) -> [Entry] {
    guard file.count <= mostBytes else { throw Fault("it has more than \(mostBytes) bytes") }
    guard let text = String(validating: file, as: UTF8.self) else {
      throw Fault("it is not UTF-8")
    }
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch {
      throw Fault("it is not YAML: \("\(error)".prefix { !$0.isNewline })")
    }
    var entries: [Entry] = []
    var left = mostValues
    if let root { try add(root, "", &entries, &left, depth: 0) }
    return entries
  }

  private static func add(
    _ node: Node, _ key: String, _ entries: inout [Entry], _ left: inout Int, depth: Int
  ) throws(Fault) {
    left -= 1
    guard left > 0, depth < 100 else { throw Fault("it holds too many values") }
    switch node {
    case .mapping(let mapping):
      for (name, value) in mapping {
        let word = name.string ?? "?"
        try add(value, key.isEmpty ? word : "\(key).\(word)", &entries, &left, depth: depth + 1)
      }
      if mapping.isEmpty, !key.isEmpty { entries.append(Entry(key: key, value: "{}")) }
    default:
      entries.append(Entry(key: key, value: try words(node, &left, depth: depth)))
    }
  }

  private static func words(
    _ node: Node, _ left: inout Int, depth: Int
  ) throws(Fault) -> String {
    left -= 1
    guard left > 0, depth < 100 else { throw Fault("it holds too many values") }
    switch node {
    case .scalar(let scalar): return scalar.string
    case .sequence(let sequence):
      var parts: [String] = []
      for value in sequence { parts.append(try words(value, &left, depth: depth + 1)) }
      return "[\(parts.joined(separator: ", "))]"
    case .mapping(let mapping):
      var parts: [String] = []
      for (name, value) in mapping {
        parts.append("\(name.string ?? "?"): \(try words(value, &left, depth: depth + 1))")
      }
      return "{\(parts.joined(separator: ", "))}"
    case .alias: return "*"
    }
  }
}
