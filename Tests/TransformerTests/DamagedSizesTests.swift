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
    _ fields: [String: ConfigurationValue], _ field: String, _ value: Int
  ) throws -> ModelError {
    var result: ModelError?
    try withFolder { folder in
      let configuration = ModelConfiguration(
        .object(fields.map { .init($0.key, $0.value) }))
      try AutoModelForCausalLM.fromConfiguration(configuration).savePretrained(folder)
      let file = URL(fileURLWithPath: "\(folder)/config.json")
      var saved = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
      saved[field] = value
      try JSONSerialization.data(withJSONObject: saved).write(to: file)
      result = try #require(throws: ModelError.self) {
        try AutoModelForCausalLM.fromPretrained(folder)
      }
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
