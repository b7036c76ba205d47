import Base
import Checkpoints
import Foundation
import NN
import Tensors

/// Adapters' folders: `adapter_config.json` and `adapter_model.safetensors`.
extension PeftModel {
  /// What PEFT writes before every name.
  private static let prefix = "base_model.model."

  /// Loads adapters from a folder that PEFT, or ``savePretrained(_:)``, wrote, and puts them beside the
  /// layers of a model (`PeftModel.from_pretrained`).
  /// - Parameters:
  ///   - model: The base model, which computes with the adapters from then on.
  ///   - path: The adapters' folder, or its name in the hub's cache.
  ///   - isTrainable: Whether the adapters train on.
  ///   - revision: The branch, tag or commit of a name in the hub's cache.
  ///   - cache: The hub's cache; by default the one that the environment names.
  /// - Throws: ``ModelError`` or `CheckpointError`, with the file, the field or tensor and a remedy.
  public static func fromPretrained(
    _ model: Module, _ path: String, isTrainable: Bool = false, revision: String = "main",
    cache: String? = nil
  ) throws -> PeftModel {
    let folder = try ModelFolder.found(path, revision: revision, cache: cache)
    guard let file = folder.file("adapter_config.json") else {
      throw ModelError(
        .missing, path: folder.path, "there is no adapter_config.json",
        remedy: "Name the folder that PEFT saved")
    }
    let config = try LoraConfig(try ModelConfiguration(path: file))
    // Memory comes with the values, when shapes have been compared.
    let peft = try Init.$isSkipped.withValue(true) {
      try Tensor.postponingMemory {
        try PeftModel(model, config, path: file, isTrainable: isTrainable)
      }
    }
    do {
      try peft.load(folder)
    } catch {
      peft.unload()
      throw error
    }
    return peft
  }

  private func load(_ folder: ModelFolder) throws {
    let names = ["adapter_model.safetensors", "adapter_model.bin"]
    guard let file = names.lazy.compactMap({ folder.file($0) }).first else {
      throw ModelError(
        .missing, path: folder.path,
        "there are no weights: none of \(names.joined(separator: ", "))",
        remedy: "Download the adapters again")
    }
    var targets: [[UInt8]: Member] = [:]
    model.forEachMember { targets[Array($0.utf8)] = $1 }
    var filled: Set<ObjectIdentifier> = []
    for tensor in try ShardedWeights.tensors(in: file)
    // What a module that trains in full was before: with bias "all", PEFT saves it, too.
    where !tensor.name.contains(".original_module.") {
      guard let name = name(of: tensor.name, in: targets), let target = targets[Array(name.utf8)]
      else {
        throw ModelError(
          .mismatch, path: file, "the model has no place for \(tensor.name)",
          remedy: "Load the adapters into the model that they were made for")
      }
      switch target {
      case .parameter(let parameter):
        guard parameter.shape == tensor.shape else {
          throw ModelError(
            .mismatch, path: file,
            "\(tensor.name) is \(tensor.shape) in the file, \(parameter.shape) in the model",
            remedy: "Load the adapters into the model that they were made for")
        }
        try tensor.copy(into: parameter.value.detach(), path: file)
        filled.insert(ObjectIdentifier(parameter))
      case .buffer(let buffer): buffer.value = try tensor.tensor(path: file).to(buffer.value.dtype)
      case .module: break
      }
    }
    let missing = stored.filter { !filled.contains(ObjectIdentifier($0.parameter)) && $0.isOwn }
    guard missing.isEmpty else {
      throw ModelError(
        .mismatch, path: file,
        "it lacks \(missing.map { Self.prefix + $0.name }.joined(separator: ", "))",
        remedy: "Download the adapters again")
    }
  }

  /// The model's name for a tensor of a file; nil where it has none.
  private func name(of name: String, in targets: [[UInt8]: Member]) -> String? {
    var own = name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : name
    own = own.replacing(".base_layer.", with: ".")
    // PEFT's older versions told the modules that train in full by an infix; with bias "all", newer ones
    // add the adapter's name to it.
    var candidates = [own]
    if let infix = own.range(of: ".modules_to_save.") {
      let (head, rest) = (own[..<infix.lowerBound], own[infix.upperBound...])
      own = "\(head).\(rest)"
      candidates = [own]
      if let dot = rest.firstIndex(of: ".") { candidates.append("\(head)\(rest[dot...])") }
    }
    if let model = model as? PretrainedModel { candidates += candidates.map(model.renamed) }
    return candidates.first { targets[Array($0.utf8)] != nil }
  }

  /// What a file of the adapters holds: parameters with their names in it, and whether a file has to
  /// hold them.
  private var stored: [(name: String, parameter: Parameter, isOwn: Bool)] {
    var result: [(name: String, parameter: Parameter, isOwn: Bool)] = []
    for (name, layer) in layers {
      let last = name.split(separator: ".").last.map(String.init) ?? name
      // PEFT writes the base weight of tables that it knows for such: a model's own, which is not that of
      // an encoder or a decoder.
      let isPart = name.hasSuffix("encoder.embed_tokens") || name.hasSuffix("decoder.embed_tokens")
      if ["embed_tokens", "lm_head"].contains(last), !isPart {
        result.append(("\(name).base_layer.weight", layer.weight, false))
      }
      if config.bias != .none, let bias = layer.ownBias {
        result.append(("\(name).base_layer.bias", bias, true))
      }
      for (own, parameter) in layer.adapter?.namedParameters() ?? [] {
        result.append(("\(name).\(own)", parameter, true))
      }
    }
    for (name, module) in savedModules {
      for (own, parameter) in module.namedParameters() {
        result.append(("\(name).\(own)", parameter, true))
      }
    }
    guard config.bias == .all else { return result }
    let known = Set(result.map { ObjectIdentifier($0.parameter) })
    for (name, parameter) in model.namedParameters()
    where (name == "bias" || name.hasSuffix(".bias"))
      && !known.contains(ObjectIdentifier(parameter))
    {
      result.append((name, parameter, true))
    }
    return result
  }

  /// The trained parameters by the names that files call them, such as
  /// `base_model.model.….q_proj.lora_A.weight`.
  public var namedAdapterParameters: [(name: String, parameter: Parameter)] {
    stored.filter(\.isOwn).map { (Self.prefix + $0.name, $0.parameter) }
  }

  /// Writes a folder that PEFT loads: `adapter_config.json` and `adapter_model.safetensors`, without the
  /// base model.
  /// - Parameter path: The folder, made where it is not there.
  /// - Throws: `CheckpointError` where a file cannot be written.
  public func savePretrained(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CheckpointError(
        .unwritable, path: path, "the folder cannot be made: \(error.localizedDescription)",
        remedy: "Check its parent's permissions")
    }
    let tensors = stored.map {
      StoredTensor(name: Self.prefix + $0.name, unmerged($0.parameter))
    }
    try SafetensorsWriter.write(tensors, to: "\(path)/adapter_model.safetensors")
    try AtomicFile.write(to: "\(path)/adapter_config.json") { sink throws(CheckpointError) in
      try sink.write(Data("\(config.fields.json())\n".utf8))
    }
  }
}
