extension Field {
  /// A key whose section is one of several registered variants, told apart by `name`.
  public init<Entry: Registrable>(
    _ name: String, _ property: WritableKeyPath<Section, Selection> & Sendable,
    among registry: Registry<Entry>, required: Bool = false
  ) {
    self.init(
      name: name, isRequired: required,
      read: { section, node, path throws(ConfigurationError) in
        section[keyPath: property] = try Selection(
          reading: node, at: path, among: registry.variants,
          standard: required ? nil : section[keyPath: property].name)
      },
      write: { $0[keyPath: property].node },
      describe: { section, path in
        [
          Self.choice(
            "\(path).name", "which \(name)", registry.variants,
            standard: required ? nil : section[keyPath: property].name)
        ] + Self.describe(registry.variants, path)
      })
  }

  /// A key that lists registered variants, each a name or a section with one; none by default.
  public init<Entry: Registrable>(
    _ name: String, _ property: WritableKeyPath<Section, [Selection]> & Sendable,
    eachAmong registry: Registry<Entry>, _ help: String
  ) {
    self.init(
      name: name, isRequired: false,
      read: { section, node, path throws(ConfigurationError) in
        section[keyPath: property] = try Selection.list(
          reading: node, at: path, among: registry.variants)
      },
      write: { ConfigurationNode(.list($0[keyPath: property].map(\.node))) },
      describe: { section, path in
        [
          KeyDescription(
            path: path, expectation: "a list of \(registry.noun)s",
            standard: section[keyPath: property].isEmpty
              ? "[]" : ConfigurationNode(.list(section[keyPath: property].map(\.node))).yamlInline,
            help: help, bareText: nil, choices: registry.variants.map { ($0.name, $0.summary) })
        ] + Self.describe(registry.variants, path)
      })
  }

  private static func choice(
    _ path: String, _ help: String, _ variants: [Variant], standard: String?
  ) -> KeyDescription {
    KeyDescription(
      path: path, expectation: "one of " + variants.map(\.name).joined(separator: ", "),
      standard: standard, help: help, bareText: nil,
      choices: variants.map { ($0.name, $0.summary) })
  }

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
