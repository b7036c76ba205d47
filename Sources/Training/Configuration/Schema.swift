/// What numbers a key allows.
public struct Limit: Sendable {
  /// How a message says it: `at least 1`.
  public let description: String
  /// Where numbers end that no run needs, and beyond which sums and products could overflow; it is
  /// told only to who goes there.
  private var most = Double.infinity
  /// Below which float32 has no number but 0.
  private var least = -Double.infinity
  private let admits: @Sendable (Double) -> Bool

  private init(description: String, _ admits: @escaping @Sendable (Double) -> Bool) {
    self.description = description
    self.admits = admits
  }

  /// Whether a number is allowed.
  func contains(_ number: Double) -> Bool { number <= most && number >= least && admits(number) }

  /// What a message says of numbers of which one is not allowed.
  func allowed(insteadOf numbers: [Double]) -> String {
    if numbers.contains(where: { $0 > most }) { return "at most \(Self.shortDigits(most))" }
    let isTooSmall = numbers.contains { $0 < least && admits($0) }
    return isTooSmall ? "at least \(Self.shortDigits(least))" : description
  }

  private func upTo(_ most: Double) -> Limit {
    var limit = self
    limit.most = most
    return limit
  }

  /// x ≥ `bound`
  public static func atLeast(_ bound: Double) -> Limit {
    Limit(description: "at least \(shortDigits(bound))") { $0 >= bound }
  }
  /// x > `bound`
  public static func above(_ bound: Double) -> Limit {
    Limit(description: "above \(shortDigits(bound))") { $0 > bound }
  }
  /// `low` ≤ x < `high`
  public static func from(_ low: Double, below high: Double) -> Limit {
    Limit(description: "at least \(shortDigits(low)) and below \(shortDigits(high))") {
      $0 >= low && $0 < high
    }
  }
  /// `low` ≤ x ≤ `high`
  public static func between(_ low: Double, _ high: Double) -> Limit {
    Limit(description: "between \(shortDigits(low)) and \(shortDigits(high))") {
      $0 >= low && $0 <= high
    }
  }

  /// What counts things: from `low` to ``mostThings``.
  public static func count(from low: Int = 1) -> Limit {
    .atLeast(Double(low)).upTo(mostThings)
  }
  /// What counts steps: from `low` to ``mostSteps``.
  public static func steps(from low: Int = 1) -> Limit { .atLeast(Double(low)).upTo(mostSteps) }
  /// A number that float32 can hold, from `low` on.
  public static func float(from low: Double = 0) -> Limit { .atLeast(low).upTo(largestFloat) }

  /// A number above 0 that float32 can hold.
  public static var positiveFloat: Limit {
    var limit = Limit.above(0).upTo(largestFloat)
    limit.least = 1e-37
    return limit
  }

  /// More records, epochs or words than any machine has; products of two still fit 64 bits.
  public static let mostThings = 1e9
  /// More steps than any run makes; sums with other numbers of steps still fit 64 bits.
  public static let mostSteps = 1e15
  /// Just below the largest float32, in few digits.
  public static let largestFloat = 3e38

  private static func shortDigits(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? number.description
  }
}

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
}

/// One key of a section: its name, type, limits and purpose, bound to the property that holds it.
public struct Field<Section: Sendable>: Sendable {
  /// The key, in snake case.
  public let name: String
  let isRequired: Bool
  let read: @Sendable (inout Section, ConfigurationNode, String) throws(ConfigurationError) -> Void
  let write: @Sendable (Section) -> ConfigurationNode
  let describe: @Sendable (Section, String) -> [KeyDescription]

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

  /// A key that holds the path of a file or folder, which ``UserPath`` expands as it is read.
  ///
  /// - Parameter words: What means something else than a path.
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

  /// A key whose section is one of several registered variants, told apart by `name`.
  public init(
    _ name: String, _ property: WritableKeyPath<Section, Selection> & Sendable,
    among variants: [Variant], required: Bool = false
  ) {
    self.name = name
    isRequired = required
    read = { section, node, path throws(ConfigurationError) in
      section[keyPath: property] = try Selection(
        reading: node, at: path, among: variants,
        standard: required ? nil : section[keyPath: property].name)
    }
    write = { $0[keyPath: property].node }
    describe = { section, path in
      [
        KeyDescription(
          path: "\(path).name",
          expectation: "one of " + variants.map(\.name).joined(separator: ", "),
          standard: required ? nil : section[keyPath: property].name, help: "which \(name)",
          bareText: nil, choices: variants.map { ($0.name, $0.summary) })
      ] + Self.describe(variants, path)
    }
  }
}

extension Field {
  /// The variants' keys; those that follow each other with the same keys are described once.
  private static func describe(_ variants: [Variant], _ path: String) -> [KeyDescription] {
    var groups: [(names: [String], keys: [KeyDescription])] = []
    for variant in variants {
      let keys = variant.describe(path)
      if let last = groups.last, last.keys.count == keys.count,
        zip(last.keys, keys).allSatisfy({ $0.isAlike($1) })
      {
        groups[groups.count - 1].names.append(variant.name)
      } else {
        groups.append(([variant.name], keys))
      }
    }
    return groups.flatMap { group in
      group.keys.map { key in
        var key = key
        key.takers = group.names
        return key
      }
    }
  }
}

/// A group of keys that a Swift struct holds. The struct's initial values are the defaults, so
/// that a key, its type, default, limits and purpose each stand once.
///
/// ```swift
/// struct CheckpointConfiguration: ConfigurationSection {
///   var keep = 2
///   static let fields: [Field<Self>] = [
///     Field("keep", \.keep, in: .atLeast(1), "how many of the newest checkpoints stay")
///   ]
/// }
/// ```
public protocol ConfigurationSection: Sendable, Equatable {
  /// Every key at its default.
  init()
  /// The keys, in the order in which they are printed.
  static var fields: [Field<Self>] { get }
  /// What is wrong between keys that are each right: (key, problem, remedy).
  var conflicts: [(key: String, problem: String, remedy: String)] { get }
}

extension ConfigurationSection {
  /// No rules between keys, unless a section states some.
  public var conflicts: [(key: String, problem: String, remedy: String)] { [] }

  /// Reads the section that `node` spells; keys that it leaves out keep their defaults.
  ///
  /// - Throws: The first key that is unknown, missing, of the wrong type, out of range or in
  ///   conflict with another.
  public init(reading node: ConfigurationNode, at path: String) throws(ConfigurationError) {
    self.init()
    try read(node, at: path, fields: Self.fields)
  }

  /// The section with every key, as it would be written.
  public var written: ConfigurationNode { written(Self.fields) }

  func written(_ fields: [Field<Self>]) -> ConfigurationNode {
    ConfigurationNode(.section(fields.map { .init($0.name, $0.write(self)) }))
  }

  mutating func read(
    _ node: ConfigurationNode, at path: String, fields: [Field<Self>]
  ) throws(ConfigurationError) {
    let prefix = path.isEmpty ? "" : "\(path)."
    guard let entries = node.isNull ? [] : node.entries else {
      throw .wrongType(
        path.isEmpty ? "the configuration" : path, node.place, expected: "a section of keys",
        given: node.asGiven)
    }
    let known = fields.map(\.name)
    for entry in entries {
      guard let field = fields.first(where: { $0.name == entry.key }) else {
        throw .unknownKey(
          prefix + entry.key, entry.node.place,
          nearest: nearestName(to: entry.key, among: known).map { prefix + $0 }, known: known)
      }
      try field.read(&self, entry.node, prefix + entry.key)
    }
    for field in fields where field.isRequired {
      guard entries.contains(where: { $0.key == field.name }) else {
        let help = field.describe(self, prefix + field.name).first
        throw .missingKey(
          prefix + field.name,
          remedy: "set it to \(help?.expectation ?? "a value") (\(help?.help ?? field.name))")
      }
    }
    for conflict in conflicts {
      throw .conflict(
        prefix + conflict.key, problem: conflict.problem, remedy: conflict.remedy)
    }
  }
}
