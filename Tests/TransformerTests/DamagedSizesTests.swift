import Checkpoints
import Foundation
import NN
import Tensors
import Testing
import Transformers

/// Configurations whose sizes are not those of the weights.
@Suite("Damaged sizes")
struct DamagedSizesTests {
  /// Saves a small model, and says what is wrong when a field of its config.json is another number.
  private func error(
    _ fields: [String: ConfigurationValue], _ field: String, _ value: Int,
    load: (String) throws -> Void = { _ = try AutoModelForCausalLM.fromPretrained($0) }
  ) throws -> ModelError {
    var result: ModelError?
    try withFolder { folder in
      let configuration = ModelConfiguration(
        .object(fields.map { .init($0.key, $0.value) }))
      try AutoModel.fromConfiguration(configuration).savePretrained(folder)
      let file = URL(fileURLWithPath: "\(folder)/config.json")
      var saved = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      saved[field] = value
      try JSONSerialization.data(withJSONObject: saved).write(to: file)
      result = try #require(throws: ModelError.self) { try load(folder) }
    }
    return try #require(result)
  }

  private let llama: [String: ConfigurationValue] = [
    "model_type": "llama", "vocab_size": 3000, "hidden_size": 8, "num_hidden_layers": 2,
    "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 16,
    "max_position_embeddings": 32,
  ]
  private let gpt2: [String: ConfigurationValue] = [
    "model_type": "gpt2", "vocab_size": 50, "n_embd": 8, "n_layer": 1, "n_head": 2,
    "n_positions": 16,
  ]

  @Test(
    "a size beyond all weights is an error that names the field and the largest weight",
    arguments: [
      ("hidden_size", 1_000_000_000), ("vocab_size", 1_000_000_000), ("head_dim", 1 << 40),
      ("num_hidden_layers", 1_000_000_000), ("intermediate_size", 1 << 60),
    ])
  func absurd(field: String, value: Int) throws {
    let error = try error(llama, field, value)
    #expect(error.field == field && error.description.contains("\(value)"), "\(error)")
    #expect(error.description.contains("[3000, 8]"), "\(error)")
  }

  @Test("a size that another weight has is an error with both shapes and the field")
  func wrong() throws {
    let error = try error(llama, "intermediate_size", 3000)
    #expect(
      error.description.contains(
        "model.layers.0.mlp.down_proj.weight is [8, 16] in the file, [8, 3000] in the model"),
      "\(error)")
    #expect(error.description.contains("intermediate_size is 3000"), "\(error)")
  }

  @Test("a table that no memory would hold is compared, not made")
  func table() throws {
    let error = try error(gpt2, "n_positions", 2_000_000_000)
    #expect(
      error.description.contains("[16, 8] in the file, [2000000000, 8] in the model"), "\(error)")
    #expect(error.description.contains("n_positions is 2000000000"), "\(error)")
  }

  private let bert: [String: ConfigurationValue] = [
    "model_type": "bert", "vocab_size": 50, "hidden_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 16,
    "type_vocab_size": 2,
  ]

  @Test(
    "the rows of a table, and labels, are an error that names the field",
    arguments: ["max_position_embeddings", "type_vocab_size"])
  func rows(field: String) throws {
    let error = try error(bert, field, 2_000_000_000) { _ = try AutoModel.fromPretrained($0) }
    #expect(error.description.contains("\(field) is 2000000000"), "\(error)")
    #expect(error.description.contains("[2000000000, 8] in the model"), "\(error)")
  }

  @Test(
    "weights that may be new take no more memory than any model's do",
    arguments: [
      ("hidden_size", 65536), ("hidden_size", 1 << 30), ("intermediate_size", 1 << 40),
      ("max_position_embeddings", 1 << 30), ("type_vocab_size", 1 << 31),
      ("num_hidden_layers", 65536), ("vocab_size", 1 << 30), ("num_labels", 1 << 30),
      ("num_attention_heads", Int.max),
    ])
  func new(field: String, value: Int) throws {
    for ignores in [true, false] where ignores || field == "num_labels" {
      let error = try error(bert, field, value) {
        _ = try AutoModelForSequenceClassification.fromPretrained(
          $0, ignoreMismatchedSizes: ignores)
      }
      #expect(error.description.contains("\(value)"), "\(error)")
      #expect(error.description.contains(field), "\(error)")
    }
  }

  @Test("a head of another size is new where that is asked for")
  func head() throws {
    try withFolder { folder in
      try AutoModelForSequenceClassification.fromConfiguration(
        ModelConfiguration(.object(bert.map { .init($0.key, $0.value) }))
      ).savePretrained(folder)
      let model = try AutoModelForSequenceClassification.fromPretrained(
        folder, overrides: ["num_labels": 5000, "max_position_embeddings": 4000],
        ignoreMismatchedSizes: true)
      let report = model.loadReport
      #expect(report?.mismatched.map(\.expected) == [[4000, 8], [5000], [5000, 8]], "\(report)")
    }
  }

  @Test(
    "a new model is not made of sizes that no model has",
    arguments: [
      ("hidden_size", 1 << 30), ("head_dim", Int.max), ("num_key_value_heads", Int.min),
      ("num_hidden_layers", 1 << 31), ("intermediate_size", 1 << 62),
    ])
  func made(field: String, value: Int) throws {
    let fields = llama.filter { $0.key != field }.map {
      ConfigurationValue.Member($0.key, $0.value)
    }
    let configuration = ModelConfiguration(.object(fields + [.init(field, .int(value))]))
    let error = try #require(throws: ModelError.self) {
      try AutoModelForCausalLM.fromConfiguration(configuration)
    }
    #expect(error.field == field && error.description.contains("\(value)"), "\(error)")
  }

  @Test("the rank of adapters is compared with their weights before it takes memory")
  func rank() throws {
    try withFolder { folder in
      let model = try AutoModelForCausalLM.fromConfiguration(
        ModelConfiguration(.object(llama.map { .init($0.key, $0.value) })))
      let peft = try PeftModel(model, LoraConfig(r: 2, targetModules: ["q_proj"]))
      try peft.savePretrained(folder)
      peft.unload()
      let path = "\(folder)/adapter_config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      for (rank, words) in [
        (1 << 20, "q_proj.lora_A.weight is [2, 8] in the file, [1048576, 8] in the model"),
        (1 << 21, "a rank is a number from 1 to 1048576, not 2097152"),
        (1 << 62, "4611686018427387904 is no size"),
      ] {
        let changed = text.replacing("\"r\": 2", with: "\"r\": \(rank)")
        #expect(changed != text)
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: ModelError.self) {
          try PeftModel.fromPretrained(model, folder)
        }
        #expect(error.description.contains(words), "\(error)")
      }
    }
  }

  @Test("the width of a sentence model's layer is compared with its weights")
  func width() throws {
    try withFolder { folder in
      let path = "\(folder)/model"
      try FileManager.default.copyItem(
        atPath: SentenceTests.folder("mean-dense"), toPath: path)
      let file = "\(path)/2_Dense/config.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      try text.replacing("12", with: "2147483648").write(
        toFile: file, atomically: true, encoding: .utf8)
      let error = try #require(throws: ModelError.self) { try SentenceTransformer(path) }
      #expect(error.description.contains("[2147483648, 32] by the configuration"), "\(error)")
    }
  }

  @Test("tensors that are made without memory get theirs, with their values, when they are read")
  func postponed() {
    let (ones, sum, empty) = Tensor.postponingMemory {
      let ones = Tensor.ones([2, 3])
      let huge = Tensor.empty([1 << 30, 1 << 20])
      #expect(huge.shape == [1 << 30, 1 << 20])
      return (ones, (Tensor.full([4], 2.5) + 1).sum(), Tensor.zeros([0]))
    }
    #expect(ones.array(of: Float.self) == [1, 1, 1, 1, 1, 1])
    #expect(sum.item(Float.self) == 14 && empty.count == 0)
  }
}
