import Base

/// Where a configured value was written, for messages.
public enum ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
  /// A file, with the line and column counted from 1.
  case file(String, line: Int, column: Int)
  /// A command line option such as `--optimizer.lr`.
  case option(String)
  /// Nowhere: a default.
  case unwritten

  /// `configs/a.yaml:3:5`, `--optimizer.lr` or `the defaults`.
  public var description: String {
    switch self {
    case .file(let path, let line, let column): "\(path):\(line):\(column)"
    case .option(let name): name
    case .unwritten: "the defaults"
    }
  }

  /// The place on disk that a path written here means.
  package func expanded(
    _ text: String, of key: String, but words: [String]
  ) throws(ConfigurationError) -> String {
    if words.contains(text) { return text }
    do {
      return try UserPath.expanded(text)
    } catch {
      throw .badPath(key, self, problem: "\(error)")
    }
  }

  /// Whether the value came from the command line.
  package var isOption: Bool {
    if case .option = self { true } else { false }
  }
}

/// A value as it was written, before any key's type is known, together with its place.
///
/// Scalars keep their text: only the key that reads one decides whether `1e-5` is a number.
/// Two nodes are equal when their contents are; places do not count.
public struct ConfigurationNode: Sendable, Equatable {
  /// One `key: value` of a section.
  public struct Entry: Sendable, Equatable {
    /// The key.
    public var key: String
    /// Its value.
    public var node: ConfigurationNode

    /// Pairs a key with its value.
    public init(_ key: String, _ node: ConfigurationNode) {
      self.key = key
      self.node = node
    }
  }

  /// What was written.
  public indirect enum Content: Sendable, Equatable {
    /// A single value; `plain` is false where it stood in quotes and so can only be text.
    case scalar(String, plain: Bool)
    /// `[a, b]`
    case list([ConfigurationNode])
    /// `key: value` pairs in their order.
    case section([Entry])
  }

  /// What was written.
  public var content: Content
  /// Where it was written.
  public var place: ConfigurationPlace

  /// A node from its parts.
  public init(_ content: Content, at place: ConfigurationPlace = .unwritten) {
    self.content = content
    self.place = place
  }

  /// Equal contents, wherever they were written.
  public static func == (left: Self, right: Self) -> Bool { left.content == right.content }

  /// The value of a key that was not set.
  public static let null = ConfigurationNode(.scalar("null", plain: true))

  /// Whether this is YAML's null: nothing, `~` or `null`.
  public var isNull: Bool {
    guard case .scalar(let text, plain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  /// The text of an unquoted, non-null scalar, which may be a number, a truth value or a name.
  public var plainText: String? {
    guard case .scalar(let text, plain: true) = content, !isNull else { return nil }
    return text
  }

  /// The entries, when this is a section.
  public var entries: [Entry]? {
    guard case .section(let entries) = content else { return nil }
    return entries
  }

  /// What a message says was given: `the text "fast"`, `a list`, `0.5`.
  public var asGiven: String {
    switch content {
    case .list(let elements): "a list of \(elements.count)"
    case .section: "a section of keys"
    case .scalar(_, plain: true) where isNull: "nothing"
    case .scalar(let text, plain: true): Self.shortened(text)
    case .scalar(let text, plain: false): "the text \"\(Self.shortened(text))\""
    }
  }

  /// A text as a message quotes it: its beginning where it is long.
  package static func shortened(_ text: String) -> String {
    text.utf8.count <= 80 ? text : text.prefix(60) + "… (\(text.utf8.count) bytes)"
  }

  /// Sets the value at `path`, making sections on the way, as a command line override does.
  ///
  /// A scalar in the way, such as `optimizer: sgd`, is that section's `name`.
  package mutating func set(_ value: ConfigurationNode, at path: ArraySlice<String>) {
    guard let key = path.first else {
      content = value.content
      place = value.place
      return
    }
    var entries: [Entry]
    switch content {
    case .section(let present): entries = present
    case .scalar where !isNull: entries = [Entry("name", self)]
    default: entries = []
    }
    let index =
      entries.firstIndex { $0.key == key }
      ?? {
        entries.append(Entry(key, ConfigurationNode(.section([]), at: value.place)))
        return entries.count - 1
      }()
    entries[index].node.set(value, at: path.dropFirst())
    content = .section(entries)
  }
}
