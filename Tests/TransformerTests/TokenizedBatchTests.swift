import Foundation
import NN
import Tensors
import Testing
import Tokenizers
import Transformers

@Suite("Models of tokenized texts")
struct TokenizedBatchTests {
  /// Words and their pieces, as BERT's vocab.txt has them.
  private func tokenizer(in folder: String) throws -> PreTrainedTokenizer {
    let words = [
      "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "first", "text", "another", ".",
    ]
    try Data(words.joined(separator: "\n").utf8).write(to: URL(filePath: "\(folder)/vocab.txt"))
    try Data(#"{"tokenizer_class": "BertTokenizer"}"#.utf8)
      .write(to: URL(filePath: "\(folder)/tokenizer_config.json"))
    return try AutoTokenizer.fromPretrained(folder)
  }

  @Test("a batch that the tokenizer filled up goes into a model as it is")
  func batch() throws {
    try withFolder { folder in
      let tokenizer = try tokenizer(in: folder)
      let batch = try tokenizer(["a first text.", "another"], padding: true)
      #expect(batch.inputIds == [[2, 5, 6, 7, 9, 3], [2, 8, 3, 0, 0, 0]])
      let inputs = try ModelInputs(batch)
      #expect(inputs.inputIds.shape == [2, 6] && inputs.tokenTypeIds?.shape == [2, 6])
      #expect(inputs.attentionMask?.array() == [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0])
      let model = try AutoModelForSequenceClassification.fromConfiguration(tinyBert())
      model.eval()
      let output = try model(batch, labels: Tensor([0, 1]))
      #expect(output.logits.distance(to: model(inputs, labels: nil).logits) == 0)
      #expect(output.loss != nil)
      // Padding changes nothing.
      let alone = try model(tokenizer(["another"], padding: true)).logits
      #expect(output.logits[1...].distance(to: alone) < 1e-6)
      let cut = try tokenizer(
        ["a first text.", "another"], padding: true, truncation: true, maxLength: 4)
      #expect(cut.inputIds == [[2, 5, 6, 3], [2, 8, 3, 0]])
      let states = try AutoModel.fromConfiguration(tinyBert()).states(of: inputs)
      #expect(states.lastHiddenState.shape.prefix(2) == [2, 6])
    }
  }

  @Test("texts of different lengths that were not filled up are an error that says how")
  func ragged() throws {
    try withFolder { folder in
      let batch = try tokenizer(in: folder)(["a first text.", "another"])
      let error = #expect(throws: ModelError.self) { try ModelInputs(batch) }
      #expect("\(try #require(error))".contains("padding: true"))
    }
  }

  @Test("the commonest settings of generation are written in one line")
  func settings() throws {
    let config = GenerationConfig(maxNewTokens: 5, doSample: true, topP: 0.9)
    #expect(
      try config
        == GenerationConfig(settings: ["max_new_tokens": 5, "do_sample": true, "top_p": 0.9])
    )
  }
}
