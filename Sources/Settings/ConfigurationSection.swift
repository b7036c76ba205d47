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

  package func written(_ fields: [Field<Self>]) -> ConfigurationNode {
    ConfigurationNode(.section(fields.map { .init($0.name, $0.write(self)) }))
  }

  package mutating func read(
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
