import Settings
import Training
import Transformers

/// Keys of `vocabulary`: byte-level byte-pair encoding that is trained from the training records.
public struct VocabularyOptions: ConfigurationSection {
  /// The most tokens; nil for the tokenizer of the model's folder.
  public var size: Int?
  /// Pairs that come less often are not merged.
  public var minFrequency = 2
  /// The token that ends texts.
  public var endToken = "<|endoftext|>"
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "size", \.size, in: .between(257, 16_777_216), standard: "null: the folder's tokenizer",
      "the most tokens of a new vocabulary (byte-level BPE)"),
    Field("min_frequency", \.minFrequency, in: .count(), "how often a pair comes to be merged"),
    Field(
      "end_token", \.endToken, "the token that ends texts",
      checked: { value, path, place throws(ConfigurationError) in
        guard value.isEmpty else { return }
        throw .wrongType(path, place, expected: "a text of a character or more", given: "none")
      }),
  ]
}

/// The value of `architecture`: fields of a config.json.
public struct ArchitectureOptions: ConfigurationConvertible {
  /// The fields in their order.
  public var fields: [ConfigurationValue.Member] = []

  /// No fields.
  public init() {}

  /// A field's value.
  public subscript(name: String) -> ConfigurationValue? {
    fields.last { $0.name == name }?.value
  }

  /// What messages say is needed.
  public static let expectation = "a section of a config.json's fields"

  /// Reads a section of fields.
  public static func read(_ node: ConfigurationNode) -> ArchitectureOptions? {
    var options = ArchitectureOptions()
    if node.isNull { return options }
    guard let members = value(node).members else { return nil }
    options.fields = members
    return options
  }

  private static func value(_ node: ConfigurationNode) -> ConfigurationValue {
    switch node.content {
    case .section(let entries):
      return .object(entries.map { .init($0.key, value($0.node)) })
    case .list(let elements): return .list(elements.map(value))
    case .scalar(let text, _):
      if node.isNull { return .null }
      guard node.plainText != nil else { return .string(text) }
      if let whole = Int(text) { return .int(whole) }
      if let number = Double.read(node) { return .double(number) }
      return Bool.read(node).map(ConfigurationValue.bool) ?? .string(text)
    }
  }

  /// A section that reads back as these fields.
  public var node: ConfigurationNode { Self.node(.object(fields)) }

  private static func node(_ value: ConfigurationValue) -> ConfigurationNode {
    switch value {
    case .null: .null
    case .bool(let truth): truth.node
    case .int(let number): number.node
    case .double(let number): number.node
    case .string(let text): text.node
    case .list(let values): ConfigurationNode(.list(values.map(node)))
    case .object(let members):
      ConfigurationNode(.section(members.map { .init($0.name, node($0.value)) }))
    }
  }
}
