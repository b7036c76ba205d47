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

  /// The selection as it is written: `name` first.
  var node: ConfigurationNode {
    ConfigurationNode(.section([.init("name", name.node)] + (section.entries ?? [])))
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

/// One line of a registry: a variant, and how the thing it names is made.
///
/// ```swift
/// let optimizers = [
///   Maker("sgd", "stochastic gradient descent", SGDOptions.self) { options, parameters in
///     SGD(parameters, lr: options.lr, momentum: options.momentum)
///   }
/// ]
/// let optimizer = try optimizers.make(configuration.optimizer, from: model.parameters())
/// ```
public struct Maker<Input, Product>: Sendable {
  /// The name and keys, for the catalog.
  public let variant: Variant
  let make: @Sendable (Selection, Input) throws -> Product

  /// Registers `make` under `name`; it gets the options that were configured and the input.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type,
    make: @escaping @Sendable (Options, Input) throws -> Product
  ) {
    variant = Variant(name, summary, options)
    self.make = { selection, input in try make(selection.options(Options.self), input) }
  }
}

extension Array {
  /// Makes what `selection` names.
  ///
  /// - Throws: `ConfigurationError.unknownChoice` where the registry has no such line, or what
  ///   making it throws.
  public func make<Input, Product>(_ selection: Selection, from input: Input) throws -> Product
  where Element == Maker<Input, Product> {
    guard let maker = first(where: { $0.variant.name == selection.name }) else {
      let names = map(\.variant.name)
      throw ConfigurationError.unknownChoice(
        "name", .unwritten, given: selection.name,
        nearest: nearestName(to: selection.name, among: names), known: names)
    }
    return try maker.make(selection, input)
  }
}
