import Checkpoints
import NN
import Tensors
import Tokenizers

/// A model in a GGUF file: its configuration, and its tensors under transformers' names.
struct GGUFModel {
  private let file: GGUFFile
  private let layout: GGUFLayout

  /// Opens a file.
  /// - Throws: `CheckpointError` where it is damaged, ``ModelError`` where its architecture is not read.
  init(_ path: String) throws {
    file = try GGUFFile(path: path)
    if let parts = file["split.count"]?.int, parts > 1 {
      throw ModelError(
        .unsupported, path: path, field: "split.count", "the file is one of \(parts) parts",
        remedy: "Join them with llama.cpp (llama-gguf-split --merge)")
    }
    guard let name = file["general.architecture"]?.string, let layout = GGUFLayout(name) else {
      throw ModelError(
        .unsupported, path: path, field: "general.architecture",
        "models of the architecture \(file["general.architecture"]?.string ?? "none") are not read",
        remedy: "Convert the model to transformers' format")
    }
    self.layout = layout
  }

  private func fault(_ key: String, _ message: String) -> ModelError {
    ModelError(
      .unsupported, path: file.path, field: key, message,
      remedy: "Convert the model to transformers' format")
  }

  /// The configuration that transformers would have.
  /// - Throws: ``ModelError`` that names a setting that is not followed.
  func configuration() throws -> ModelConfiguration {
    let rows = file.tensor("token_embd.weight")?.shape.first ?? 0
    func token(_ name: String) throws -> Int? {
      let key = "tokenizer.ggml.\(name)_token_id"
      guard let value = file[key] else { return nil }
      // Files say that there is none by the largest number.
      guard value.int != Int(UInt32.max), value.int != -1 else { return nil }
      guard let id = value.int, 0..<rows ~= id else {
        throw ModelError(
          .damaged, path: file.path, field: key, "it is none of the \(rows) tokens",
          remedy: "Convert the model again")
      }
      return id
    }
    let prefix = layout.architecture + "."
    var known = Set((GGUFLayout.settings.map(\.key) + GGUFLayout.redundant).map { prefix + $0 })
    var members: [ConfigurationValue.Member] = [
      .init("model_type", .string(layout.architecture)),
      .init("vocab_size", .int(rows)),
      .init("tie_word_embeddings", .bool(file.tensor("output.weight") == nil)),
    ]
    for (key, field) in GGUFLayout.settings {
      guard let value = file[prefix + key] else { continue }
      guard let number = value.number else {
        throw fault(prefix + key, "layers that differ in it are not supported")
      }
      members.append(.init(field, value.int.map { .int($0) } ?? .double(number)))
    }
    if let id = try token("bos") { members.append(.init("bos_token_id", .int(id))) }
    // What ends a turn of a conversation ends a text, too.
    let (end, turn) = (try token("eos"), try token("eot"))
    let ends = [end, turn == end ? nil : turn].compactMap { $0 }
    if let first = ends.first {
      let value: ConfigurationValue = ends.count > 1 ? .list(ends.map { .int($0) }) : .int(first)
      members.append(.init("eos_token_id", value))
    }
    if layout.architecture == "llama", file.tensor("blk.0.attn_q.bias") != nil {
      members.append(.init("attention_bias", true))
    }
    known.formUnion(try addScaling(&members, prefix))
    try check(prefix)
    let configuration = ModelConfiguration(.object(members), path: file.path)
    for (key, value) in file.metadata where key.hasPrefix(prefix) && !known.contains(key) {
      let isNothing = value.number == 0 || value == .bool(false)
      if !isNothing { throw fault(key, "the setting is not honoured") }
    }
    return configuration
  }

  /// Asks whether the file has the tensors that its settings tell of, and settings agree.
  private func check(_ prefix: String) throws {
    func setting(_ key: String) -> Int? { file[prefix + key]?.int }
    func disagree(_ key: String, _ found: String, _ expected: Int, _ what: String) -> ModelError {
      ModelError(
        .mismatch, path: file.path, field: prefix + key, "\(found) is not \(expected), \(what)",
        remedy: "Convert the model again")
    }
    guard let layers = setting("block_count"), layers > 0,
      let heads = setting("attention.head_count"),
      heads > 0, let width = setting("embedding_length"), width > 0
    else {
      throw ModelError(
        .damaged, path: file.path, field: prefix + "block_count",
        "its layers, heads (attention.head_count) or width (embedding_length) are not given",
        remedy: "Convert the model again")
    }
    let size = setting("attention.key_length") ?? width / heads
    for key in ["rope.dimension_count", "attention.value_length"] {
      if let found = setting(key), found != size {
        throw disagree(key, "\(found)", size, "the size of a head, and others are not read")
      }
    }
    let inner = (0..<layers).lazy.flatMap { layer in
      layout.innerNames.lazy.map { "blk.\(layer).\($0)" }
    }
    let missing = { file.tensor($0) == nil } as (String) -> Bool
    if let name = GGUFLayout.outerNames.first(where: missing) ?? inner.first(where: missing) {
      throw ModelError(
        .missing, path: file.path, field: name, "the tensor is not in the file",
        remedy: CheckpointError.copyAgain)
    }
    // Before a model is made of sizes that are far beyond what is there.
    for (tensor, dimension, key, count) in [
      ("token_embd.weight", 0, "vocab_size", 1), ("token_embd.weight", 1, "embedding_length", 1),
      ("blk.0.ffn_up.weight", 0, "feed_forward_length", 1),
      ("blk.0.attn_q.weight", 0, "attention.head_count", size),
      ("blk.0.attn_k.weight", 0, "attention.head_count_kv", size),
    ] {
      guard let found = setting(key) else { continue }
      guard let shape = file.tensor(tensor)?.shape, shape.count == 2 else {
        throw fault(tensor, "it is no matrix")
      }
      let (rows, overflow) = found.multipliedReportingOverflow(by: count)
      guard !overflow, rows == shape[dimension] else {
        let what = count == 1 ? "\(found)" : "\(found) of size \(count)"
        throw disagree(key, what, shape[dimension], "size \(dimension) of \(tensor)")
      }
    }
    guard file[prefix + "attention.causal"] != .bool(false) else {
      throw fault(prefix + "attention.causal", "a model that sees what follows is not read")
    }
    for entry in file.tensors {
      let parts = entry.name.split(separator: ".")
      guard parts.count > 1, parts[0] == "blk", let layer = Int(parts[1]), layer >= layers else {
        continue
      }
      throw fault(entry.name, "there is no place for the tensor among \(layers) layers")
    }
  }

  /// Adds how positions are stretched.
  /// - Returns: The keys that were read.
  private func addScaling(
    _ members: inout [ConfigurationValue.Member], _ prefix: String
  ) throws -> Set<String> {
    let keys = ["type", "factor", "original_context_length", "finetuned"].map {
      "\(prefix)rope.scaling.\($0)"
    }
    let kind = file[keys[0]]?.string ?? "none"
    if let factors = file.tensor("rope_freqs.weight") {
      // Each frequency is divided by a factor of its own, whatever the text's length.
      let list = ConfigurationValue.list(
        factors.tensor().to(.float64).array(of: Double.self).map { .double($0) })
      let length = file["\(prefix)context_length"]?.int ?? 0
      members.append(
        .init(
          "rope_scaling",
          [
            "rope_type": "longrope", "short_factor": list, "long_factor": list,
            "attention_factor": 1.0, "original_max_position_embeddings": .int(length),
          ]))
      guard kind == "none" else { throw fault(keys[0], "\(kind) beside rope_freqs.weight") }
      return Set(keys)
    }
    switch kind {
    case "none": break
    case "linear":
      guard let factor = file[keys[1]]?.number else { throw fault(keys[1], "it is missing") }
      members.append(.init("rope_scaling", ["rope_type": "linear", "factor": .double(factor)]))
    default: throw fault(keys[0], "positions are stretched by \(kind), which is not read")
    }
    return Set(keys)
  }

  /// The type that the weights have where none is asked for.
  var dtype: DType { file.tensor("token_embd.weight")?.type == .bf16 ? .bfloat16 : .float32 }

  /// The tensors under transformers' names, blocks as float32.
  /// - Throws: ``ModelError`` that names a tensor that has no place.
  func tensors() throws -> [(tensor: StoredTensor, file: String)] {
    let heads = (
      queries: file["\(layout.architecture).attention.head_count"]?.int ?? 0,
      keys: file["\(layout.architecture).attention.head_count_kv"]?.int
        ?? file["\(layout.architecture).attention.head_count"]?.int ?? 0
    )
    return try file.tensors.filter { $0.name != "rope_freqs.weight" }.map { entry in
      guard let name = layout.name(of: entry.name) else {
        throw fault(entry.name, "there is no place for the tensor")
      }
      let moved = entry.name.contains(".attn_q.") || entry.name.contains(".attn_k.")
      if let stored = entry.type.stored, !(moved && layout.interleavesRows) {
        return (
          StoredTensor(name: name, dtype: stored, shape: entry.shape, bytes: entry.bytes), file.path
        )
      }
      let tensor = noGrad {
        layout.reordered(entry.tensor(), entry.name, heads: heads, toFile: false)
      }
      return (StoredTensor(name: name, tensor), file.path)
    }
  }
}

extension PretrainedModel {
  /// Writes a GGUF file with the model's settings and weights, for families of Llama's shape (Llama,
  /// Qwen 2, Qwen 3).
  ///
  /// Matrices are written in a type, those whose rows are no whole blocks as F16; vectors as F32.
  /// - Parameters:
  ///   - path: The file.
  ///   - type: The matrices' type.
  ///   - tokenizer: The tokenizer that the file carries, chat templates included; nil for a file without.
  /// - Throws: ``ModelError`` where the family or a setting is not written, `TokenizerError` where the
  ///   tokenizer has no place in such files, `CheckpointError` where the file cannot be written.
  public func saveGGUF(
    _ path: String, type: GGUFType = .f16, tokenizer: PreTrainedTokenizer? = nil
  ) throws {
    let kind = configuration["model_type"]?.string ?? ""
    guard let layout = GGUFLayout(kind), let decoder = self as? any GenerativeModel else {
      throw ModelError(
        .unsupported, path: path, "models of the type “\(kind)” are not written as GGUF",
        remedy: "Save a Llama, Qwen 2 or Qwen 3 that tells the next token")
    }
    guard let settings = (decoder.modules().lazy.compactMap { $0 as? DecoderModel }.first)?.settings
    else { fail("saveGGUF", "\(Self.self) holds no decoder") }
    for field in ["rope_scaling", "mlp_bias", "use_sliding_window"] {
      guard let value = configuration[field], value != .null, value != false else { continue }
      throw ModelError(
        .unsupported, path: path, field: field, "the setting is not written as GGUF",
        remedy: "Save the model with savePretrained")
    }
    let rotary = configuration["rope_parameters"]
    guard ["default", nil].contains(rotary?["rope_type"]?.string) else {
      throw ModelError(
        .unsupported, path: path, field: "rope_parameters", "the setting is not written as GGUF",
        remedy: "Save the model with savePretrained")
    }
    let theta = rotary?["rope_theta"]?.double ?? configuration["rope_theta"]?.double ?? 10_000
    let prefix = layout.architecture + "."
    func size(_ number: Int) -> GGUFValue { .unsigned(UInt64(number)) }
    var metadata: [(key: String, value: GGUFValue)] = [
      ("general.architecture", .string(layout.architecture)),
      ("\(prefix)context_length", size(settings.maxPositions)),
      ("\(prefix)embedding_length", size(settings.hidden)),
      ("\(prefix)block_count", size(settings.layers)),
      ("\(prefix)feed_forward_length", size(settings.intermediate)),
      ("\(prefix)attention.head_count", size(settings.heads)),
      ("\(prefix)attention.head_count_kv", size(settings.keyValueHeads)),
      ("\(prefix)attention.key_length", size(settings.headSize)),
      ("\(prefix)attention.value_length", size(settings.headSize)),
      ("\(prefix)rope.dimension_count", size(settings.headSize)),
      (
        "\(prefix)attention.layer_norm_rms_epsilon",
        .float(Float(configuration["rms_norm_eps"]?.double ?? 1e-6))
      ),
      ("\(prefix)rope.freq_base", .float(Float(theta))),
      ("\(prefix)vocab_size", size(settings.vocabulary)),
    ]
    if let tokenizer {
      metadata += try tokenizer.ggufMetadata(count: settings.vocabulary)
    }
    for name in ["bos_token_id", "eos_token_id"] {
      let key = "tokenizer.ggml.\(name)"
      if let id = configuration[name]?.int, id >= 0, !metadata.contains(where: { $0.key == key }) {
        metadata.append((key, size(id)))
      }
    }
    let heads = (queries: settings.heads, keys: settings.keyValueHeads)
    var seen: Set<ObjectIdentifier> = []
    var tensors: [(name: String, tensor: Tensor, type: GGUFType)] = []
    for (name, parameter) in namedParameters()
    where seen.insert(ObjectIdentifier(parameter)).inserted {
      guard let saved = layout.savedName(of: name) else {
        throw ModelError(
          .unsupported, path: path, "\(name) has no place in the file",
          remedy: "Save the model with savePretrained")
      }
      let value = parameter.value.detach()
      let isWhole = (value.shape.last ?? 1) % type.blockSize == 0
      tensors.append(
        (
          saved, noGrad { layout.reordered(value, saved, heads: heads, toFile: true) },
          value.rank < 2 ? .f32 : isWhole ? type : .f16
        ))
    }
    try GGUFWriter.write(tensors, metadata: metadata, to: path)
  }
}
