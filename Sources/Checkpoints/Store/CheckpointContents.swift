import Base
import Foundation
import NN
import TensorFiles
import Tensors

/// Everything that one checkpoint holds, gathered before it is written.
///
/// Tensors go to safetensors files: the weights to `model.safetensors`, each further group to
/// `GROUP.safetensors`. Everything else (scheduler, random state, data position, bucket order) is
/// a named value in `training-state.json`.
public struct CheckpointContents: Sendable {
  /// The model's weights.
  public var model: [StoredTensor]
  /// Further tensors, such as `optimizer`'s, by the name of their group.
  public var groups: [String: [StoredTensor]] = [:]
  /// The values of the training state, each as JSON, by name.
  package var state: [String: Data] = [:]

  /// The contents of a checkpoint of the given weights.
  public init(model: [StoredTensor]) { self.model = model }

  /// The contents of a checkpoint of a module's state.
  public init(model: StateDict) { self.model = model.stored() }

  /// The contents of a checkpoint of tensors that nobody changes any more, which are not copied.
  package init(lending model: StateDict) { self.model = model.lent() }

  /// Adds or replaces a value of the training state.
  ///
  /// Numbers come back bit for bit: `Double`s are written with as many digits as that takes, and
  /// infinities and NaN as words.
  public mutating func setState(_ name: String, _ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    state[name] = try encoder.encode(value)
  }

  /// The bytes of `training-state.json`.
  package var stateFile: Data {
    let lines = state.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
      "\(quotedJSON($0.key)): \(String(decoding: $0.value, as: UTF8.self))"
    }
    return Data("{\n\(lines.joined(separator: ",\n"))\n}\n".utf8)
  }
}

extension StateDict {
  /// The entries as bytes to be saved.
  public func stored() -> [StoredTensor] { map { StoredTensor(name: $0.name, $0.tensor) } }

  /// The entries as bytes to be saved, in the tensors' own memory: nobody may change it any more, as nobody
  /// changes a state that was copied to be saved.
  package func lent() -> [StoredTensor] {
    map { StoredTensor(name: $0.name, lending: $0.tensor) }
  }
}
