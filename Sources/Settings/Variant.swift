/// One of the things a section can name, such as the model `char-gpt`, with the keys it takes.
public struct Variant: Sendable {
  /// The word in the configuration.
  public let name: String
  /// One line for the help text.
  public let summary: String
  let keys: [String]
  let resolve: @Sendable (ConfigurationNode, String) throws(ConfigurationError) -> ConfigurationNode
  let describe: @Sendable (String) -> [KeyDescription]

  /// A variant whose keys are those of `Options`.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type
  ) {
    self.name = name
    self.summary = summary
    keys = Options.fields.map(\.name)
    resolve = { node, path throws(ConfigurationError) in
      try Options(reading: node, at: path).written
    }
    describe = { path in
      Options.fields.flatMap { $0.describe(Options(), "\(path).\($0.name)") }
    }
  }
}

/// A choice that was made among variants: its name, and every one of its keys resolved.
public struct Selection: Sendable, Equatable {
  /// Which variant.
  public let name: String
  /// Its section with every key.
  let section: ConfigurationNode

  /// A variant with the options given.
  public init<Options: ConfigurationSection>(_ name: String, _ options: Options) {
    self.name = name
    section = options.written
  }

  /// The options as the struct that the variant was registered with.
  ///
  /// - Throws: `ConfigurationError` where `Options` are another variant's.
  public func options<Options: ConfigurationSection>(
    _ type: Options.Type = Options.self
  ) throws(ConfigurationError) -> Options {
    try Options(reading: section, at: name)
  }

  /// Every key with its value, as it would be written.
  public var entries: [ConfigurationNode.Entry] { section.entries ?? [] }

  /// The selection as it is written: `name` first.
  package var node: ConfigurationNode {
    ConfigurationNode(.section([.init("name", name.node)] + entries))
  }

  /// Reads `name` and the keys of that variant; a bare word is the name alone, and no name means
  /// the standard one, where there is such.
  ///
  /// Where the command line changes the name, keys of the file that only other variants have
  /// are left out, so that `--optimizer.name sgd` need not know about a file's `betas`.
  init(
    reading node: ConfigurationNode, at path: String, among variants: [Variant], standard: String?
  ) throws(ConfigurationError) {
    var node = node
    if case .scalar = node.content, String.read(node) != nil {
      node = ConfigurationNode(.section([.init("name", node)]), at: node.place)
    }
    guard var entries = node.entries else {
      throw .wrongType(
        path, node.place, expected: "a name or a section with one", given: node.asGiven)
    }
    let names = variants.map(\.name)
    let nameNode: ConfigurationNode
    if let index = entries.firstIndex(where: { $0.key == "name" }) {
      nameNode = entries.remove(at: index).node
    } else if let standard {
      nameNode = standard.node
    } else {
      throw .missingKey(
        "\(path).name", remedy: "set it to one of \(names.joined(separator: ", "))")
    }
    guard let name = String.read(nameNode) else {
      throw .wrongType(
        "\(path).name", nameNode.place, expected: "one of \(names.joined(separator: ", "))",
        given: nameNode.asGiven)
    }
    guard let variant = variants.first(where: { $0.name == name }) else {
      throw .unknownChoice(
        "\(path).name", nameNode.place, given: name, nearest: nearestName(to: name, among: names),
        known: names)
    }
    if nameNode.place.isOption {
      let foreign = Set(variants.flatMap(\.keys)).subtracting(variant.keys)
      entries.removeAll { foreign.contains($0.key) && !$0.node.place.isOption }
    }
    self.name = name
    section = try variant.resolve(ConfigurationNode(.section(entries), at: node.place), path)
  }
}

extension Selection {
  /// Reads a list of selections, each a name or a section with one; a name alone is a list of it.
  static func list(
    reading node: ConfigurationNode, at path: String, among variants: [Variant]
  ) throws(ConfigurationError) -> [Selection] {
    let elements: [ConfigurationNode]
    switch node.content {
    case .list(let list): elements = list
    case .scalar(let text, plain: true) where !node.isNull:
      elements = text.split(separator: ",").map {
        ConfigurationNode(.scalar(String($0).trimmingPlainSpace(), plain: true), at: node.place)
      }
    case .section: elements = [node]
    default:
      throw .wrongType(path, node.place, expected: "a list of names", given: node.asGiven)
    }
    var selections: [Selection] = []
    for element in elements {
      selections.append(
        try Selection(reading: element, at: path, among: variants, standard: nil))
    }
    return selections
  }
}
