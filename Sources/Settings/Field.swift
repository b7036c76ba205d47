/// A key as help, suggestions and the command line see it.
public struct KeyDescription: Sendable {
  /// The full path, `optimizer.lr`.
  public let path: String
  /// The kind of value and its range.
  public let expectation: String
  /// The default, as it would be written or in words; nil where the key must be given.
  public let standard: String?
  /// What the key is for.
  public let help: String
  /// What `--key` alone means; nil where a value must follow.
  public let bareText: String?
  /// What can be named here, each with a line on it.
  public internal(set) var choices: [(name: String, summary: String)] = []
  /// The names whose key this is; empty for a key that is always there.
  public internal(set) var takers: [String] = []

  /// Whether both say the same.
  func isAlike(_ other: Self) -> Bool {
    path == other.path && expectation == other.expectation && standard == other.standard
      && help == other.help
  }

  init(
    path: String, expectation: String, standard: String?, help: String, bareText: String?,
    choices: [(name: String, summary: String)] = []
  ) {
    self.path = path
    self.expectation = expectation
    self.standard = standard
    self.help = help
    self.bareText = bareText
    self.choices = choices
  }
}

/// One key of a section: its name, type, limits and purpose, bound to the property that holds it.
public struct Field<Section: Sendable>: Sendable {
  /// The key, in snake case.
  public let name: String
  let isRequired: Bool
  let read: @Sendable (inout Section, ConfigurationNode, String) throws(ConfigurationError) -> Void
  let write: @Sendable (Section) -> ConfigurationNode
  package let describe: @Sendable (Section, String) -> [KeyDescription]

  init(
    name: String, isRequired: Bool,
    read:
      @escaping @Sendable (inout Section, ConfigurationNode, String) throws(ConfigurationError)
      -> Void,
    write: @escaping @Sendable (Section) -> ConfigurationNode,
    describe: @escaping @Sendable (Section, String) -> [KeyDescription]
  ) {
    self.name = name
    self.isRequired = isRequired
    self.read = read
    self.write = write
    self.describe = describe
  }

  /// A key with a single value.
  ///
  /// - Parameters:
  ///   - name: The key.
  ///   - property: The property that holds it, whose initial value is the key's default.
  ///   - limit: What numbers are allowed.
  ///   - required: Whether a configuration without this key is an error.
  ///   - bare: What the option means without a value, where the type does not say.
  ///   - standard: The default in words, where it depends on other keys.
  ///   - help: One line on what it is for, with its unit.
  ///   - checked: What else is done with a value that was read.
  public init<Value: ConfigurationConvertible>(
    _ name: String, _ property: WritableKeyPath<Section, Value> & Sendable, in limit: Limit? = nil,
    required: Bool = false, bare: String? = nil, standard: String? = nil, _ help: String,
    checked: (
      @Sendable (inout Value, String, ConfigurationPlace) throws(ConfigurationError) -> Void
    )? = nil
  ) {
    self.name = name
    isRequired = required
    read = { section, node, path throws(ConfigurationError) in
      guard var value = Value.read(node) else {
        if let limit, Value.self is Int.Type || Value.self is Int?.Type,
          let number = Double.read(node), number.rounded() == number
        {
          // A whole number that no Int holds.
          throw .outOfRange(
            path, node.place, allowed: limit.allowed(insteadOf: [number]), given: node.asGiven)
        }
        throw .wrongType(path, node.place, expected: Value.expectation, given: node.asGiven)
      }
      if let limit, !value.numbers.allSatisfy(limit.contains) {
        throw .outOfRange(
          path, node.place, allowed: limit.allowed(insteadOf: value.numbers),
          given: ConfigurationNode.shortened(value.node.yamlInline))
      }
      try checked?(&value, path, node.place)
      section[keyPath: property] = value
    }
    write = { $0[keyPath: property].node }
    describe = { section, path in
      [
        KeyDescription(
          path: path,
          expectation: Value.expectation + (limit.map { ", \($0.description)" } ?? ""),
          standard: required ? nil : standard ?? section[keyPath: property].node.yamlInline,
          help: help, bareText: bare ?? Value.bareText)
      ]
    }
  }

  /// A key that holds the path of a file or folder, which `UserPath` expands as it is read.
  ///
  /// - Parameters:
  ///   - name: The key, in snake case.
  ///   - property: The property that holds it.
  ///   - required: Whether it has to be given.
  ///   - words: What means something else than a path.
  ///   - bare: What `--key` alone means; nil where a value must follow.
  ///   - standard: The default in words, where it is not the section's value.
  ///   - help: What the key is for.
  public init(
    path name: String, _ property: WritableKeyPath<Section, String> & Sendable,
    required: Bool = false, words: [String] = [], bare: String? = nil, standard: String? = nil,
    _ help: String
  ) {
    self.init(
      name, property, required: required, bare: bare, standard: standard, help,
      checked: { value, path, place throws(ConfigurationError) in
        value = try place.expanded(value, of: path, but: words)
      })
  }

  /// The same for a path that may be left out.
  public init(
    path name: String, _ property: WritableKeyPath<Section, String?> & Sendable,
    words: [String] = [], bare: String? = nil, _ help: String
  ) {
    self.init(
      name, property, bare: bare, help,
      checked: { value, path, place throws(ConfigurationError) in
        value = try value.map { text throws(ConfigurationError) in
          try place.expanded(text, of: path, but: words)
        }
      })
  }

  /// A key that holds a section of further keys.
  public init<Inner: ConfigurationSection>(
    _ name: String, _ property: WritableKeyPath<Section, Inner> & Sendable
  ) {
    self.name = name
    isRequired = false
    read = { section, node, path throws(ConfigurationError) in
      section[keyPath: property] = try Inner(reading: node, at: path)
    }
    write = { $0[keyPath: property].written }
    describe = { section, path in
      Inner.fields.flatMap { $0.describe(section[keyPath: property], "\(path).\($0.name)") }
    }
  }
}
