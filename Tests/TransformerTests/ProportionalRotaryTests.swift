import Tensors
import Testing
import Transformers

/// Rotary embeddings of which only a share of the frequencies turns.
@Suite("Proportional rotary embeddings")
struct ProportionalRotaryTests {
  @Test("a share of 1 turns as usual, a smaller one otherwise, and none above 1 is taken")
  func shares() throws {
    func states(_ rotary: ConfigurationValue) throws -> Tensor {
      let model = try Generator(seed: 4).asDefault {
        try AutoModel.fromConfiguration(
          ModelConfiguration([
            "model_type": "llama", "vocab_size": 32, "hidden_size": 16, "intermediate_size": 24,
            "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
            "max_position_embeddings": 32, "rope_parameters": rotary,
          ]))
      }
      model.eval()
      let decoder = try #require(model as? DecoderModel)
      return noGrad { decoder(ModelInputs(inputIds: Tensor([[5, 6, 7, 8]]))).lastHiddenState }
    }
    let usual = try states(["rope_type": "default", "rope_theta": 100.0])
    let whole = try states([
      "rope_type": "proportional", "rope_theta": 100.0, "partial_rotary_factor": 1.0,
    ])
    let half = try states([
      "rope_type": "proportional", "rope_theta": 100.0, "partial_rotary_factor": 0.5,
    ])
    #expect(whole.distance(to: usual) == 0)
    #expect(half.distance(to: usual) > 1e-5)
    #expect(throws: ModelError.self) {
      try states(["rope_type": "proportional", "partial_rotary_factor": 1.5])
    }
  }
}
