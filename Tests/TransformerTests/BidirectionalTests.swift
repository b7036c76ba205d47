import Tensors
import Testing
import Transformers

/// Decoders whose tokens also see those behind them.
@Suite("Decoders that look both ways")
struct BidirectionalTests {
  @Test("of Gemma 3 a token sees both sides as far as half its window, and else what came before")
  func gemma3() throws {
    for looksBothWays in [true, false] {
      let model = try Generator(seed: 2).asDefault {
        try AutoModel.fromConfiguration(
          ModelConfiguration([
            "model_type": "gemma3_text", "vocab_size": 32, "hidden_size": 16,
            "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 1, "head_dim": 8, "max_position_embeddings": 32,
            "layer_types": ["sliding_attention"], "sliding_window": 4,
            "use_bidirectional_attention": .bool(looksBothWays),
          ]))
      }
      model.eval()
      let decoder = try #require(model as? DecoderModel)
      func states(_ last: Int) -> Tensor {
        noGrad { decoder(ModelInputs(inputIds: Tensor([[5, 6, 7, 8, 9, last]]))).lastHiddenState }
      }
      let (one, other) = (states(10), states(11))
      let changes = (0..<6).map { place in
        one.sliced(dim: 1, from: place, to: place + 1)
          .distance(to: other.sliced(dim: 1, from: place, to: place + 1)) > 1e-6
      }
      // A window of 4 over both sides reaches two tokens each way.
      #expect(
        changes
          == (looksBothWays
            ? [false, false, false, true, true, true] : [false, false, false, false, false, true]))
    }
  }
}
