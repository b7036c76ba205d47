import Checkpoints
import Foundation
import NN
import Tensors
import Testing
import Tokenizers
import Transformers

/// Models in llama.cpp's files.
@Suite("GGUF files")
struct GGUFTests {
  private let inputs = ModelInputs(inputIds: tokens, attentionMask: mask)

  private func model(
    _ type: String, _ changes: [String: ConfigurationValue] = [:]
  ) throws -> any GenerativeModel & LabelledModel {
    try Generator(seed: 4).asDefault {
      let configuration = ModelConfiguration([
        "model_type": .string(type), "vocab_size": 40, "hidden_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
        "max_position_embeddings": 32, "head_dim": 16, "rope_theta": 5000.0, "rms_norm_eps": 0.0001,
      ])
      for (name, value) in changes { configuration[name] = value }
      let model = try AutoModelForCausalLM.fromConfiguration(configuration)
      // New norms are ones and new biases zeros, which would hide where they end up.
      for parameter in model.parameters() where parameter.shape.count == 1 {
        parameter.assign(.uniform(parameter.shape, from: 0.5, to: 1.5))
      }
      model.eval()
      return model
    }
  }

  private func logits(_ model: any LabelledModel) -> Tensor {
    noGrad { model(inputs, labels: nil).logits }
  }

  @Test(
    "a model is the same in a file as in memory, as far as its type tells",
    arguments: ["llama", "qwen2", "qwen3"], [GGUFType.f32, .f16, .q8_0, .q4_0])
  func roundTrip(kind: String, type: GGUFType) throws {
    try withFolder { folder in
      let original = try model(kind)
      let path = "\(folder)/model.gguf"
      try original.saveGGUF(path, type: type)
      let loaded = try AutoModelForCausalLM.fromPretrained(path)
      #expect(loaded.loadReport?.isClean == true)
      let bounds: [GGUFType: Double] = [.f32: 1e-5, .f16: 2e-3, .q8_0: 0.03, .q4_0: 0.5]
      let expected = logits(original)
      let error = logits(loaded).distance(to: expected) / expected.abs().max().item(Double.self)
      #expect(error < bounds[type] ?? 0)
      #expect(loaded.configuration["num_key_value_heads"]?.int == 2)
      let file = try GGUFFile(path: path)
      #expect(file.tensor("blk.1.ffn_up.weight")?.type == type)
      #expect(file.tensor("output_norm.weight")?.type == .f32)
    }
  }

  @Test(
    "a tokenizer goes into the file and comes out of it the same",
    arguments: ["tokenizers/gpt2", "tokenizers/llama3", "tokenizers/sp-bpe", "calls/gpt2"])
  func tokenizer(name: String) throws {
    let cases = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Conformance/huggingface/\(name)").path
    try withFolder { folder in
      var original = try AutoTokenizer.fromPretrained(cases)
      var special = SpecialTokens()
      if name == "tokenizers/llama3" { special.bos = "<|begin_of_text|>" }
      if name == "tokenizers/sp-bpe" { (special.bos, special.unk) = ("<s>", "<unk>") }
      original.addSpecialTokens(special)
      let model = try model("llama", ["vocab_size": .int(original.count + 3)])
      let path = "\(folder)/model.gguf"
      try model.saveGGUF(path, type: .f32, tokenizer: original)
      let file = try GGUFFile(path: path)
      #expect(file["tokenizer.ggml.tokens"]?.array?.count == original.count + 3)
      let again = try AutoTokenizer.fromPretrained(path)
      #expect(again.count == original.count && again.bosTokenId == original.bosTokenId)
      for text in ["Hello world", " a  b's 1234 ", "日本語 🙂\n\n\tx", "", "naïve"] {
        #expect(try again(text).inputIds == original(text).inputIds, "\(text)")
      }
      #expect(try again.chatTemplates() == original.chatTemplates())
      let small = try self.model("llama", ["vocab_size": 40])
      #expect(throws: TokenizerError.self) { try small.saveGGUF(path, tokenizer: original) }
    }
    let bert = try AutoTokenizer.fromPretrained(
      (cases as NSString).deletingLastPathComponent + "/../calls/bert")
    #expect(throws: TokenizerError.self) {
      try model("llama", ["vocab_size": 1000]).saveGGUF("/nowhere/x.gguf", tokenizer: bert)
    }
  }

  @Test("what ends a turn of a conversation ends a text")
  func turns() throws {
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try model("llama", ["eos_token_id": 2]).saveGGUF(path, type: .f32)
      let file = try GGUFFile(path: path)
      let metadata = file.metadata + [("tokenizer.ggml.eot_token_id", .unsigned(5))]
      try GGUFWriter.write(
        file.tensors.map { ($0.name, $0.tensor(), $0.type) }, metadata: metadata, to: path)
      let model = try AutoModelForCausalLM.fromPretrained(path)
      #expect(model.generationConfig.eosTokenId == [2, 5])
    }
  }

  @Test("a token that the model has no row for is an error that names the key")
  func beyond() throws {
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try model("llama").saveGGUF(path, type: .f32)
      let file = try GGUFFile(path: path)
      for (name, value) in [
        ("bos", .unsigned(1 << 20)), ("eos", .signed(-2)), ("eot", .string("</s>")),
      ] as [(String, GGUFValue)] {
        let key = "tokenizer.ggml.\(name)_token_id"
        try GGUFWriter.write(
          file.tensors.map { ($0.name, $0.tensor(), $0.type) },
          metadata: file.metadata.filter { $0.key != key }
            + [
              ("tokenizer.ggml.eos_token_id", .unsigned(UInt64(UInt32.max))), (key, value),
            ].suffix(name == "eos" ? 1 : 2), to: path)
        let error = try #require(throws: ModelError.self) {
          try AutoModelForCausalLM.fromPretrained(path)
        }
        #expect(error.field == key && error.description.contains("none of the"), "\(error)")
      }
    }
  }

  @Test("tied weights stay tied, and biases of queries are read")
  func variants() throws {
    for changes in [["tie_word_embeddings": true], ["attention_bias": true]]
      as [[String: ConfigurationValue]]
    {
      try withFolder { folder in
        let original = try model("llama", changes)
        try original.saveGGUF("\(folder)/model.gguf", type: .f32)
        let loaded = try Pretrained.load("\(folder)/model.gguf", .init(dtype: .float32))
        guard let loaded = loaded as? any LabelledModel else { return }
        #expect(logits(loaded).distance(to: logits(original)) < 1e-5)
      }
    }
  }

  @Test("what is not followed is an error that names it")
  func refusals() throws {
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try model("llama").saveGGUF(path, type: .f32)
      let file = try GGUFFile(path: path)
      let tensors = file.tensors.map { ($0.name, $0.tensor(), $0.type) }
      func error(
        _ more: [(key: String, value: GGUFValue)],
        _ others: [(name: String, tensor: Tensor, type: GGUFType)] = [],
        without key: String = ""
      ) throws -> String {
        let kept = file.metadata.filter { $0.key != key }
        try GGUFWriter.write(tensors + others, metadata: kept + more, to: "\(folder)/other.gguf")
        return #expect(throws: ModelError.self) {
          _ = try Pretrained.load("\(folder)/other.gguf")
        }?.description ?? ""
      }
      #expect(try error([("llama.expert_count", .unsigned(8))]).contains("llama.expert_count"))
      #expect(try error([("llama.rope.scaling.type", .string("yarn"))]).contains("yarn"))
      let mamba: [(key: String, value: GGUFValue)] = [("general.architecture", .string("mamba"))]
      #expect(try error(mamba, without: "general.architecture").contains("mamba"))
      let extra: [(name: String, tensor: Tensor, type: GGUFType)] = [
        ("blk.0.ffn_gate_inp.weight", Tensor.zeros([2, 2]), .f32)
      ]
      #expect(try error([], extra).contains("ffn_gate_inp"))
      #expect(throws: ModelError.self) {
        try model("llama", ["rope_scaling": ["rope_type": "linear", "factor": 2.0]])
          .saveGGUF(path)
      }
    }
  }

  @Test("settings that contradict the tensors are errors that name them, before a model is made")
  func contradictions() throws {
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try model("llama").saveGGUF(path, type: .f32)
      let file = try GGUFFile(path: path)
      func error(
        _ key: String, _ value: GGUFValue, without tensor: String = ""
      ) throws -> String {
        let tensors = file.tensors.filter { $0.name != tensor }
          .map { ($0.name, $0.tensor(), $0.type) }
        let kept = file.metadata.filter { $0.key != key }
        try GGUFWriter.write(tensors, metadata: kept + [(key, value)], to: "\(folder)/other.gguf")
        return #expect(throws: ModelError.self) {
          _ = try Pretrained.load("\(folder)/other.gguf")
        }?.description ?? ""
      }
      for (key, value) in [
        ("rope.dimension_count", 8), ("attention.value_length", 8), ("vocab_size", 41),
        ("embedding_length", 2_000_000_000), ("feed_forward_length", 2_000_000_000),
        ("attention.head_count", 8), ("attention.head_count_kv", 4),
      ] as [(String, UInt64)] {
        #expect(try error("llama.\(key)", .unsigned(value)).contains("llama.\(key)"))
      }
      #expect(try error("llama.attention.causal", .bool(false)).contains("attention.causal"))
      #expect(try error("llama.block_count", .unsigned(1)).contains("blk.1."))
      #expect(try error("llama.block_count", .unsigned(4_000_000_000)).contains("blk.2."))
      #expect(try error("split.count", .unsigned(3)).contains("one of 3 parts"))
      #expect(try error("x", .bool(true), without: "blk.1.ffn_up.weight").contains("blk.1.ffn_up"))
      #expect(try error("x", .bool(true), without: "output_norm.weight").contains("output_norm"))
    }
  }

  @Test("a folder without other weights is the model of its GGUF file")
  func folders() throws {
    try withFolder { folder in
      let original = try model("qwen3")
      try original.saveGGUF("\(folder)/a.gguf", type: .f32)
      try Data(#"{"max_new_tokens": 3}"#.utf8)
        .write(to: URL(fileURLWithPath: "\(folder)/generation_config.json"))
      let loaded = try AutoModelForCausalLM.fromPretrained(folder)
      #expect(logits(loaded).distance(to: logits(original)) < 1e-5)
      #expect(loaded.generationConfig.maxNewTokens == 3)
      let anew = try Pretrained.make("\(folder)/a.gguf", task: nil)
      #expect(anew.configuration["model_type"] == "qwen3" && anew is any GenerativeModel)
      try original.saveGGUF("\(folder)/b.gguf", type: .f16)
      let error = #expect(throws: ModelError.self) { _ = try Pretrained.load(folder) }
      #expect(error?.message.contains("a.gguf, b.gguf") == true)
      // Other weights come first.
      try original.savePretrained(folder)
      #expect(try Pretrained.load(folder).configuration.path.hasSuffix("config.json"))
      let gone = #expect(throws: ModelError.self) { _ = try Pretrained.load("\(folder)/c.gguf") }
      #expect(gone?.description.contains("does not exist") == true)
    }
  }

  @Test("damaged files are errors, whatever they claim")
  func damage() throws {
    func bytes(_ pieces: [UInt8]...) -> Data { Data(pieces.flatMap { $0 }) }
    func number(_ value: UInt64, _ count: Int = 8) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let magic = Array("GGUF".utf8)
    let many = UInt64.max
    for contents in [
      bytes(magic), bytes(magic, number(3, 4), number(many), number(0)),
      bytes(magic, number(3, 4), number(0), number(many)),
      bytes(magic, number(1, 4), number(0), number(0)),
      bytes(magic, number(3, 4), number(0), number(1), number(many)),
      // A list of lists of lists … of more elements than there are bytes.
      bytes(
        magic, number(3, 4), number(0), number(1), number(1), [97], number(9, 4), number(9, 4),
        number(many)),
      // A tensor whose sizes multiply beyond any memory.
      bytes(
        magic, number(3, 4), number(1), number(0), number(1), [97], number(2, 4),
        number(1 << 40), number(1 << 40), number(0, 4), number(0), [UInt8](repeating: 0, count: 64)),
    ] {
      #expect(throws: CheckpointError.self) { try GGUFFile(contents: contents, path: "x.gguf") }
    }
  }
}
