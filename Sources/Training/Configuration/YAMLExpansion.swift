import Base
import Settings
import Yams

/// Turns YAML's nodes into a configuration's: aliases and merge keys (`<<`) become what they stand for.
///
/// A few aliases of aliases can stand for more than any memory holds, so what they become is counted.
struct YAMLExpansion {
  /// Bytes that a configuration may have.
  static let maximumBytes = 1 << 20
  /// Values, keys included, that it may stand for.
  static let maximumNodes = 100_000
  /// How deep sections and lists may lie in each other.
  static let maximumDepth = 100

  private let place: (Mark?) -> ConfigurationPlace
  private var count = 0

  init(place: @escaping (Mark?) -> ConfigurationPlace) { self.place = place }

  /// Refuses what is too long, and what only takes time to be read: keys are compared while YAML is
  /// read, so that they must not be aliases of aliases.
  static func check(_ yaml: String, path: String) throws(ConfigurationError) {
    guard yaml.utf8.count <= maximumBytes else {
      throw .oversized(
        .file(path, line: 1, column: 1),
        problem: "\(yaml.utf8.count) bytes are more than the \(maximumBytes) of a configuration")
    }
    let bytes = Array(yaml.utf8)
    let aliases = bytes.count { $0 == UInt8(ascii: "*") }
    guard aliases > 16 else { return }
    var line = 1
    for text in yaml.lines {
      let words = text.split { $0 == " " || $0 == "\t" || $0 == "[" || $0 == "{" || $0 == "," }
      for (index, word) in words.enumerated() where word.hasPrefix("*") {
        let next = index + 1 < words.count ? words[index + 1] : ""
        if word.hasSuffix(":") || next.hasPrefix(":") || index > 0 && words[index - 1] == "?" {
          throw .malformed(
            .file(path, line: line, column: 1), problem: "a key must be a word, not an alias")
        }
      }
      line += 1
    }
  }

  /// What a node stands for.
  mutating func node(_ node: Node, depth: Int = 0) throws(ConfigurationError) -> ConfigurationNode {
    let here = place(node.mark)
    count += 1
    guard count <= Self.maximumNodes else {
      throw .oversized(
        here,
        problem: "with its aliases it stands for more than \(Self.maximumNodes) values")
    }
    guard depth <= Self.maximumDepth else {
      throw .oversized(here, problem: "sections and lists lie more than \(Self.maximumDepth) deep")
    }
    switch node {
    case .scalar(let scalar):
      return ConfigurationNode(.scalar(scalar.string, plain: scalar.style == .plain), at: here)
    case .sequence(let sequence):
      var elements: [ConfigurationNode] = []
      for element in sequence { elements.append(try self.node(element, depth: depth + 1)) }
      return ConfigurationNode(.list(elements), at: here)
    case .mapping(let mapping):
      return ConfigurationNode(.section(try entries(mapping, depth: depth)), at: here)
    case .alias:
      throw .malformed(here, problem: "an alias that refers to nothing")
    }
  }

  /// A mapping's own keys, before which come those of the mappings that it merges and does not have
  /// itself (https://yaml.org/type/merge.html).
  private mutating func entries(
    _ mapping: Node.Mapping, depth: Int
  ) throws(ConfigurationError) -> [ConfigurationNode.Entry] {
    var own: [ConfigurationNode.Entry] = []
    var merged: [ConfigurationNode.Entry] = []
    for (key, value) in mapping {
      guard case .scalar(let name) = key else {
        throw .malformed(place(key.mark), problem: "a key must be a word")
      }
      if name.string == "<<", name.style == .plain {
        merged += try sources(value, at: key.mark, depth: depth)
        continue
      }
      var node = try node(value, depth: depth + 1)
      // Messages point at the key: that is what must be corrected or removed.
      node.place = place(key.mark)
      own.append(ConfigurationNode.Entry(name.string, node))
    }
    guard !merged.isEmpty else { return own }
    var known = Set(own.map { Array($0.key.utf8) })
    // Of mappings in a list the earlier ones count.
    return merged.filter { known.insert(Array($0.key.utf8)).inserted } + own
  }

  /// The keys of what a merge key names: a mapping, or a list of them.
  private mutating func sources(
    _ value: Node, at mark: Mark?, depth: Int
  ) throws(ConfigurationError) -> [ConfigurationNode.Entry] {
    let mappings: [Node]
    if case .sequence(let list) = value { mappings = Array(list) } else { mappings = [value] }
    var entries: [ConfigurationNode.Entry] = []
    for mapping in mappings {
      guard let merged = try node(mapping, depth: depth + 1).entries else {
        throw .malformed(
          place(mark), problem: "<< takes a section, or a list of sections, as in <<: *defaults")
      }
      entries += merged
    }
    return entries
  }
}
