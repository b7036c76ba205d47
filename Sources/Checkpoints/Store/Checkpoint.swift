import Base
import Foundation
import NN
import TensorFiles

/// A complete checkpoint on disk, whose checksums have been verified.
public struct Checkpoint: Sendable {
  /// The training step after which it was made.
  public let step: Int
  /// Its folder.
  public let path: String
  /// The names of its groups of tensors besides the model's.
  public let groupNames: [String]

  /// The largest whole number that counters of a checkpoint may have: what doubles hold exactly.
  package static let largestCount = 1 << 53

  /// Its files but for the manifest.
  package let files: [CheckpointFile]

  package static let modelFile = "model.safetensors"
  static let suffix = ".safetensors"
  package static let stateFile = "training-state.json"

  /// The file of a group of tensors.
  package static func file(of group: String) -> String { group + suffix }

  /// Opens a checkpoint's folder and verifies all of its files.
  /// - Throws: ``TensorFiles/CheckpointError`` that names the file that is missing, cut short or damaged.
  public init(path: String) throws(CheckpointError) {
    guard FileManager.default.fileExists(atPath: path) else {
      throw CheckpointError(
        .missing, path: path, "there is no such checkpoint", remedy: "Check the path")
    }
    let manifest = try Manifest(folder: path)
    try manifest.verify(folder: path)
    step = manifest.step
    self.path = path
    files = manifest.files
    let names = manifest.files.map(\.name)
    guard names.contains(Self.modelFile), names.contains(Self.stateFile) else {
      throw CheckpointError(
        .damaged, path: path, "the manifest does not list \(Self.modelFile) and \(Self.stateFile)",
        remedy: "Use an earlier checkpoint")
    }
    groupNames = names.filter { $0.hasSuffix(Self.suffix) && $0 != Self.modelFile }
      .map { String($0.dropLast(Self.suffix.count)) }
  }

  /// The model's weights.
  public func model() throws(CheckpointError) -> SafetensorsFile {
    try SafetensorsFile(path: "\(path)/\(Self.modelFile)")
  }

  /// A further group of tensors.
  /// - Throws: ``TensorFiles/CheckpointError`` where the checkpoint has no such group.
  public func group(_ name: String) throws(CheckpointError) -> SafetensorsFile {
    guard groupNames.contains(name) else {
      throw CheckpointError(
        .missing, path: path, "it has no tensors of “\(name)”, only of \(groupNames)",
        remedy: "Resume with the configuration that the run was started with")
    }
    return try SafetensorsFile(path: "\(path)/\(Self.file(of: name))")
  }

  /// A value of the training state.
  /// - Throws: ``TensorFiles/CheckpointError`` where there is no such value or it is of another form.
  public func state<Value: Decodable>(
    _ name: String, as type: Value.Type = Value.self
  ) throws(CheckpointError) -> Value {
    let file = "\(path)/\(Self.stateFile)"
    let contents = try mappedContents(of: file)
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    if let key = memberName { decoder.userInfo[key] = name }
    do throws(JSONReading.Fault) {
      return try JSONReading.decode(NamedValue<Value>.self, from: contents, with: decoder).value
    } catch {
      if error.description == "\(name) is missing" {
        throw CheckpointError(
          .missing, path: file, "it does not hold “\(name)”",
          remedy: "Resume with the configuration that the run was started with")
      }
      throw CheckpointError(
        .mismatch, path: file, "“\(name)” has another form than expected: \(error)",
        remedy: "Resume with the program and configuration that the run was started with")
    }
  }
}

/// Where the name of the member to decode stands in a decoder's user information.
private let memberName = CodingUserInfoKey(rawValue: "member")

/// One member of a JSON object, whose name the decoder's user information gives.
private struct NamedValue<Value: Decodable>: Decodable {

  struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var value: Value

  init(from decoder: any Decoder) throws {
    let name = memberName.flatMap { decoder.userInfo[$0] as? String } ?? ""
    value = try decoder.container(keyedBy: Name.self)
      .decode(Value.self, forKey: Name(stringValue: name))
  }
}
