import Base
import Checkpoints
import Foundation
import Tensors

/// What a model's `config.json` says (`PretrainedConfig`), with a note of what has been read.
///
/// A family reads each field through the methods below, with the default that transformers' class
/// has. What a configuration says and no one read is an error in the end
/// (``requireAllHonoured(ignoring:)``): a setting is never dropped in silence.
public final class ModelConfiguration {
  /// Where the configuration was read, for messages.
  public let path: String
  /// The fields with their values, in the order of the file.
  public private(set) var fields: [ConfigurationValue.Member]
  /// The fields that have been read so far.
  public private(set) var honoured: Set<String> = []
  /// The dtype of the weights that a model of this configuration is made with.
  public var dtype: DType = .float32

  /// A configuration of given fields: `ModelConfiguration(["model_type": "bert"])`.
  public init(_ fields: ConfigurationValue, path: String = "configuration") {
    self.path = path
    self.fields = fields.members ?? []
  }

  /// Reads a `config.json`.
  /// - Throws: ``ModelError`` where it is no JSON object, `CheckpointError` where it cannot be read.
  public convenience init(path: String) throws {
    let json: JSONValue
    do {
      json = try JSONParser.parse([UInt8](mappedContents(of: path)))
    } catch let error as JSONParser.Fault {
      throw ModelError(
        .damaged, path: path, "it is not JSON: \(error.message) at byte \(error.position)",
        remedy: "Download or copy the file again")
    }
    let value = ConfigurationValue(json)
    guard value.members != nil else {
      throw ModelError(
        .damaged, path: path, "it is not a JSON object", remedy: "Download or copy the file again")
    }
    self.init(value, path: path)
  }

  /// The value of a field, unread; setting one replaces or adds it, nil takes it away.
  public subscript(name: String) -> ConfigurationValue? {
    get { fields.last { $0.name.utf8.elementsEqual(name.utf8) }?.value }
    set {
      let place = fields.lastIndex { $0.name.utf8.elementsEqual(name.utf8) }
      switch (place, newValue) {
      case (let place?, let value?): fields[place].value = value
      case (nil, let value?): fields.append(.init(name, value))
      case (_?, nil): fields.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
      case (nil, nil): break
      }
    }
  }

  /// The value of a field, which counts as read; nil where it is absent or null.
  public func value(_ name: String) -> ConfigurationValue? {
    honoured.insert(name)
    guard let value = self[name], value != .null else { return nil }
    return value
  }

  /// Gives fields the names that a family knows them by (`attribute_map`).
  public func rename(_ names: [String: String]) {
    for (index, field) in fields.enumerated() {
      if let name = names[field.name] { fields[index].name = name }
    }
  }

  /// Lets fields count as read: those that another class of the same family reads.
  public func note(_ names: some Sequence<String>) { honoured.formUnion(names) }

  /// The configuration as JSON, names in order, as transformers writes it.
  public var json: String { ConfigurationValue.object(fields).json() + "\n" }

  /// An error about a field.
  public func fault(
    _ field: String, _ message: String, remedy: String = "Correct the configuration"
  ) -> ModelError {
    ModelError(.unsupported, path: path, field: field, message, remedy: remedy)
  }
}
