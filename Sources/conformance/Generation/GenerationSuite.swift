import Base
import Foundation
import Tensors
import Transformers

/// Whole runs of generate: `generation/NAME/` with a checkpoint, `cases.json` and
/// `cases.safetensors`. Each folder is a unit.
struct GenerationSuite: Suite {
  private let folder: URL
  let units: [String]

  init(path: URL) throws {
    let manager = FileManager.default
    func holds(_ url: URL) -> Bool {
      ["cases.json", "config.json"].allSatisfy {
        manager.fileExists(atPath: url.appendingPathComponent($0).path)
      }
    }
    if holds(path) {
      folder = path.deletingLastPathComponent()
      units = [path.lastPathComponent]
    } else {
      folder = path
      units = try manager.contentsOfDirectory(atPath: path.path)
        .filter { holds(path.appendingPathComponent($0)) }.sorted()
      guard !units.isEmpty else {
        throw RunnerError("\(path.path) holds no NAME/cases.json beside a checkpoint")
      }
    }
  }

  func checks(of unit: String) throws -> [Check] {
    let url = folder.appendingPathComponent(unit)
    let tensors = try TensorFile(url.appendingPathComponent("cases.safetensors"))
    let cases = try JSONValue(url.appendingPathComponent("cases.json"))["cases"]?.array ?? []
    let loaded = LoadedModel(path: url.path)
    return cases.map { item in
      let id = item["id"]?.string ?? "?"
      return Check(id: "\(id) \(item["label"]?.string ?? "")") {
        try GenerationCase(id: id, json: item, tensors: tensors).check(try loaded.model())
      }
    }
  }
}

/// A folder's model, loaded at the first case that needs it.
private final class LoadedModel {
  private let path: String
  private var loaded: (any GenerativeModel)?

  init(path: String) { self.path = path }

  func model() throws -> any GenerativeModel {
    if let loaded { return loaded }
    do {
      guard let model = try Pretrained.load(path) as? any GenerativeModel else {
        throw Unsupported("generation with this class")
      }
      loaded = model
      return model
    } catch let error as ModelError where error.problem == .unsupported {
      throw Unsupported("\(error)")
    }
  }
}

/// One run with its expected results.
private struct GenerationCase {
  let id: String
  let json: JSONValue
  let tensors: TensorFile

  func check(_ model: any GenerativeModel) throws {
    guard let name = json["input_ids"]?.string else { throw RunnerError("\(id): no input_ids") }
    var settings: [String: ConfigurationValue] = [:]
    var negative: [String: Tensor] = [:]
    for member in json["settings"]?.members ?? [] {
      if member.name.hasPrefix("negative_prompt") {
        negative[member.name] = member.value.array?.allPresent(\.ints).map { Tensor($0) }
        continue
      }
      settings[member.name] = ConfigurationValue(parsed: member.value)
    }
    var config = try GenerationConfig(settings: settings)
    config.outputScores = has("scores")
    config.outputLogits = has("logits")
    if let seed = json["seed"]?.int { manualSeed(UInt64(seed)) }
    let output = try model.generate(
      tensors.tensor("\(name).input_ids"),
      attentionMask: tensors.keys.contains("\(name).attention_mask")
        ? tensors.tensor("\(name).attention_mask") : nil, config: config,
      negativePromptIds: negative["negative_prompt_ids"],
      negativePromptAttentionMask: negative["negative_prompt_attention_mask"])
    try compare(output.sequences, "sequences")
    try compare(output.beamIndices?.to(.int64), "beam_indices")
    try compare(output.sequencesScores, "sequences_scores")
    try compare(output.logits.map { Tensor.stack($0, dim: 1) }, "logits")
    try compare(output.scores.map { Tensor.stack($0, dim: 1) }, "scores")
  }

  private func has(_ key: String) -> Bool { tensors.keys.contains("\(id).\(key)") }

  private func compare(_ got: Tensor?, _ key: String) throws {
    guard has(key) else { return }
    let expected = try tensors.tensor("\(id).\(key)")
    guard let got else { throw Mismatch("there are no \(key)") }
    try Comparison.check(
      got, expected.dtype.isInteger ? expected.to(.int64) : expected, key, Tolerance.outputs)
  }
}

extension ConfigurationValue {
  /// A value of a case file.
  init(parsed json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .number(let text):
      self = Int(text).map { .int($0) } ?? .double(Double(text) ?? .nan)
    case .string(let value): self = .string(value)
    case .array(let values): self = .list(values.map { ConfigurationValue(parsed: $0) })
    case .object(let members):
      self = .object(members.map { .init($0.name, ConfigurationValue(parsed: $0.value)) })
    }
  }
}
