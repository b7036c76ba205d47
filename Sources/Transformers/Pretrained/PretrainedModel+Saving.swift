import Checkpoints
import Foundation
import NN

extension PretrainedModel {
  /// Writes a folder that transformers loads: `config.json` and `model.safetensors`, or several
  /// files with an index where the weights are larger than one may be, and generation_config.json
  /// for models that generate (`save_pretrained`).
  ///
  /// Tied weights are written once, under the name that transformers writes. Files of an earlier,
  /// larger model in the folder are removed.
  /// - Parameters:
  ///   - path: The folder, made where it is not there.
  ///   - maxShardSize: The most bytes of weights in a file.
  /// - Throws: `CheckpointError` where a file cannot be written, ``ModelError`` where adapters stand
  ///   beside the model's layers.
  public func savePretrained(_ path: String, maxShardSize: Int = 50_000_000_000) throws {
    guard !modules().contains(where: { $0 is LayerAdapter }) else {
      throw ModelError(
        .unsupported, path: path, "the model has adapters, which its folder has no place for",
        remedy: "Save them with PeftModel.savePretrained, or call mergeAndUnload first")
    }
    guard !modules().contains(where: { ($0 as? any AdaptableLayer)?.weight.blocks != nil }) else {
      throw ModelError(
        .unsupported, path: path, "weights are kept in blocks, which its folder has no place for",
        remedy: "Call unquantizeLinearWeights first")
    }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CheckpointError(
        .unwritable, path: path, "the folder cannot be made: \(error.localizedDescription)",
        remedy: "Check its parent's permissions")
    }
    let shards = Self.shards(storedTensors(), limit: maxShardSize)
    let names = Self.shardNames(shards.count)
    for (name, shard) in zip(names, shards) {
      try SafetensorsWriter.write(shard, to: "\(path)/\(name)")
    }
    if shards.count > 1 {
      try Self.write(Self.index(shards, names), to: "\(path)/model.safetensors.index.json")
    }
    // As in transformers, that of the first parameter: the model may have been converted since it was made.
    let dtype = parameters().lazy.map(\.dtype).first(where: \.isFloatingPoint)
    configuration["dtype"] = .string((dtype ?? configuration.dtype).description)
    configuration["torch_dtype"] = nil
    try Self.write(configuration.json, to: "\(path)/config.json")
    if let model = self as? any GenerativeModel {
      try model.generationConfig.save(to: "\(path)/generation_config.json")
    }
    Self.removeOthers(in: path, keeping: names)
  }

  /// Every parameter and lasting buffer once, under its first name.
  func storedTensors() -> [StoredTensor] {
    var seen = Set<ObjectIdentifier>()
    var result: [StoredTensor] = []
    forEachMember { name, member in
      switch member {
      case .parameter(let parameter) where seen.insert(ObjectIdentifier(parameter)).inserted:
        result.append(StoredTensor(name: savedName(name), parameter.value.detach()))
      case .buffer(let buffer)
      where buffer.isPersistent && seen.insert(ObjectIdentifier(buffer)).inserted:
        result.append(StoredTensor(name: savedName(name), buffer.value))
      default: break
      }
    }
    return result
  }

  /// Tensors in their order, in groups of at most `limit` bytes; a larger tensor stands alone.
  static func shards(_ tensors: [StoredTensor], limit: Int) -> [[StoredTensor]] {
    var shards: [[StoredTensor]] = [[]]
    var size = 0
    for tensor in tensors {
      let (sum, isOver) = size.addingReportingOverflow(tensor.bytes.count)
      if isOver || sum > limit, shards[shards.count - 1].isEmpty == false {
        shards.append([])
        size = 0
      }
      shards[shards.count - 1].append(tensor)
      size += tensor.bytes.count
    }
    return shards
  }

  private static func shardNames(_ count: Int) -> [String] {
    if count == 1 { return ["model.safetensors"] }
    func digits(_ number: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: Swift.max(0, 5 - text.count)) + text
    }
    return (1...count).map { "model-\(digits($0))-of-\(digits(count)).safetensors" }
  }

  private static func index(_ shards: [[StoredTensor]], _ names: [String]) -> String {
    let tensors = zip(names, shards).flatMap { name, shard in shard.map { ($0, name) } }
    let value = ConfigurationValue.object([
      .init(
        "metadata",
        .object([.init("total_size", .int(tensors.reduce(0) { $0 + $1.0.bytes.count }))])),
      .init("weight_map", .object(tensors.map { .init($0.0.name, .string($0.1)) })),
    ])
    return value.json() + "\n"
  }

  private static func write(_ text: String, to path: String) throws {
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(Data(text.utf8))
    }
  }

  /// Removes weights that an earlier save left, which a reader would take for this model's.
  private static func removeOthers(in path: String, keeping names: [String]) {
    let manager = FileManager.default
    for file in (try? manager.contentsOfDirectory(atPath: path)) ?? [] where !names.contains(file) {
      let isShard = file.hasPrefix("model-") && file.hasSuffix(".safetensors")
      let isIndex = file == "model.safetensors.index.json" && names.count == 1
      let isWhole = file == "model.safetensors"
      if isShard || isIndex || isWhole { try? manager.removeItem(atPath: "\(path)/\(file)") }
    }
  }
}
