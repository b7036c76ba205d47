import Base
import NN
import Tensors
import Tokenizers

/// The parts that `modules.json` lists.
struct SentenceModules {
  private struct Entry {
    /// The last part of the class's name.
    var type: String
    /// The folder below the model's; empty for that itself.
    var path: String
  }

  private let entries: [Entry]
  private let root: ModelFolder

  /// - Throws: ``ModelError`` where the file is damaged or lists parts that are not there.
  init(_ folder: ModelFolder) throws {
    root = folder
    guard let list = try Self.json("modules.json", folder) else {
      entries = [Entry(type: "Transformer", path: "")]
      return
    }
    let file = "\(folder.path)/modules.json"
    entries = try (list.array ?? []).map { value in
      guard let type = value["type"]?.string, let path = value["path"]?.string,
        !path.hasPrefix("/"), !path.split(separator: "/").contains("..")
      else {
        throw ModelError(
          .damaged, path: file, "a part lacks its type or its path, or lies outside of the folder",
          remedy: "Download the folder again")
      }
      return Entry(type: type.split(separator: ".").last.map(String.init) ?? type, path: path)
    }
    let types = entries.map(\.type)
    let stages = ["Dense", "Normalize", "LayerNorm", "Dropout"]
    guard types.first == "Transformer", types.dropFirst().first.map({ $0 == "Pooling" }) ?? true,
      types.dropFirst(2).allSatisfy(stages.contains)
    else {
      throw ModelError(
        .unsupported, path: file, "its parts are \(types.joined(separator: ", "))",
        remedy:
          "A Transformer, a Pooling, and any of \(stages.joined(separator: ", ")) are supported")
    }
  }

  /// The value of a JSON file in a folder, or nil where there is none.
  static func json(_ name: String, _ folder: ModelFolder) throws -> JSONValue? {
    do {
      return try folder.json(name)
    } catch {
      throw ModelError(.damaged, path: error.path, error.problem, remedy: error.remedy)
    }
  }

  private func place(_ entry: Entry) throws -> ModelFolder {
    entry.path.isEmpty
      ? root : try ModelFolder.found("\(root.path)/\(entry.path)", revision: "main", cache: nil)
  }

  /// The folder of the model that makes states, and of its tokenizer.
  func encoderFolder() throws -> ModelFolder { try place(entries[0]) }

  /// The model that makes states; of an encoder-decoder, its encoder.
  func encoder(_ options: PretrainedOptions) throws -> PretrainedModel {
    let place = try encoderFolder()
    let type = try place.configuration()["model_type"]?.string
    let family = type.flatMap { ModelRegistry.family(of: $0) }
    let task: ModelTask = family?.tasks[.textEncoder] == nil ? .base : .textEncoder
    return try Pretrained.load(place.path, task: task, options)
  }

  /// The pooling; a mean where nothing is said.
  func pooling() throws -> SentencePooling {
    guard entries.count > 1 else { return SentencePooling([.mean]) }
    return try SentencePooling(try place(entries[1]).configuration())
  }

  /// What stands behind the pooling.
  /// - Parameter width: The width of the pooled vectors.
  func stages(width: Int, dtype: DType) throws -> [SentenceStage] {
    var width = width
    return try entries.dropFirst(2).map { entry in
      let stage = try stage(entry, width, dtype)
      width = stage.width(of: width)
      return stage
    }
  }

  private func stage(_ entry: Entry, _ width: Int, _ dtype: DType) throws -> SentenceStage {
    // A norm without settings has no folder where it was cloned, since Git keeps no empty ones.
    if entry.type == "Normalize", root.file("\(entry.path)/config.json") == nil {
      return SentenceNormalize()
    }
    let folder = try place(entry)
    let configuration = try folder.configuration()
    for name in ["module_input_name", "module_output_name"] {
      try configuration.expect(name, "sentence_embedding")
    }
    func checked(_ name: String) throws -> Int {
      let found = try configuration.size(name, width)
      guard found == width else {
        throw configuration.fault(name, "\(found) is not \(width), the width that the part gets")
      }
      return found
    }
    let stage: SentenceStage
    switch entry.type {
    case "Dropout": stage = SentenceDropout(try configuration.probability("dropout", 0.2))
    case "LayerNorm": stage = SentenceLayerNorm(try checked("dimension"), dtype: dtype)
    case "Dense":
      // Memory comes with the values, when shapes have been compared.
      stage = try Init.$isSkipped.withValue(true) {
        try Tensor.postponingMemory {
          SentenceDense(
            try checked("in_features"), try configuration.size("out_features", width),
            bias: try configuration.bool("bias", true),
            activation: try activation(configuration),
            usesResidual: try configuration.bool("use_residual", false), dtype: dtype)
        }
      }
    default: stage = SentenceNormalize()
    }
    try configuration.requireAllHonoured()
    try fill(stage, from: folder)
    return stage
  }

  private func activation(_ configuration: ModelConfiguration) throws -> SentenceDense.Activation {
    let path = try configuration.string(
      "activation_function", "torch.nn.modules.activation.Tanh")
    let word = path.split(separator: ".").last.map(String.init) ?? path
    guard let activation = SentenceDense.Activation(rawValue: word) else {
      let known = SentenceDense.Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw configuration.fault(
        "activation_function", "no activation is called “\(path)”", remedy: "Known are \(known)")
    }
    return activation
  }

  private func fill(_ stage: SentenceStage, from folder: ModelFolder) throws {
    let parameters = stage.namedParameters()
    guard !parameters.isEmpty else { return }
    let tensors = try folder.weights()
    for (name, parameter) in parameters {
      guard let entry = tensors.first(where: { $0.tensor.name == name }) else {
        throw ModelError(
          .mismatch, path: folder.path, "the weights lack \(name)",
          remedy: "Download the folder again")
      }
      guard entry.tensor.shape == parameter.shape else {
        throw ModelError(
          .mismatch, path: entry.file,
          "\(name) is \(entry.tensor.shape) in the file, \(parameter.shape) by the configuration",
          remedy: "Download the folder again")
      }
      try entry.tensor.copy(into: parameter.value.detach(), path: entry.file)
    }
  }
}

/// What a folder's JSON files say of how texts become vectors.
struct SentenceSettings {
  var prompts: [String: String] = [:]
  var defaultPromptName: String?
  var similarity = SentenceSimilarity.cosine
  /// The most tokens that are read (`max_seq_length`), where the folder says it.
  var maxSequenceLength: Int?
  /// Whether texts are lowercased first.
  var lowercases = false

  /// - Parameter encoder: The folder of the model that makes states.
  init(_ folder: ModelFolder, encoder: ModelFolder) throws {
    if let value = try SentenceModules.json("sentence_bert_config.json", encoder) {
      maxSequenceLength = value["max_seq_length"]?.int
      lowercases = value["do_lower_case"]?.bool ?? false
      if let length = maxSequenceLength, length < 1 {
        throw ModelError(
          .damaged, path: "\(encoder.path)/sentence_bert_config.json", field: "max_seq_length",
          "\(length) is no length", remedy: "Correct it, or remove the field")
      }
    }
    let name = "config_sentence_transformers.json"
    guard let value = try SentenceModules.json(name, folder) else { return }
    for member in value["prompts"]?.members ?? [] { prompts[member.name] = member.value.string }
    defaultPromptName = value["default_prompt_name"]?.string
    guard let word = value["similarity_fn_name"]?.string else { return }
    guard let function = SentenceSimilarity(rawValue: word == "dot_product" ? "dot" : word) else {
      throw ModelError(
        .unsupported, path: "\(folder.path)/\(name)", field: "similarity_fn_name",
        "no similarity is called “\(word)”",
        remedy: "Known are cosine, dot, euclidean and manhattan")
    }
    similarity = function
  }
}
