import Foundation
import Tensors
import Testing
import TextTasks
import Tokenizers

@Suite("Collators")
struct CollatorTests {
  /// The tokenizer of the conformance cases: padding 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4.
  private func tokenizer() throws -> PreTrainedTokenizer {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
    return try AutoTokenizer.fromPretrained(
      root.appendingPathComponent("Conformance/huggingface/collators").path)
  }

  @Test("a field that is not filled up and differs in length is an error that names it")
  func differing() throws {
    let collator = DataCollatorWithPadding(try tokenizer())
    let features: [TextFeature] = [
      ["input_ids": .ints([2, 3]), "extra": .ints([1])],
      ["input_ids": .ints([2, 9, 3]), "extra": .ints([1, 2])],
    ]
    let error = #expect(throws: CollationError.self) { try collator(features) }
    #expect(error?.description.hasPrefix("extra has another length") == true)
  }

  @Test("a record that lacks a field is an error that says which")
  func lacking() throws {
    let features: [TextFeature] = [["x": .int(1), "label": .int(0)], ["x": .int(2)]]
    let error = #expect(throws: CollationError.self) { try DefaultDataCollator()(features) }
    #expect(error?.description.contains("record 1 of the batch has no label") == true)
  }

  @Test("several labels of a record are numbers, as their loss takes them; label_ids stay whole")
  func severalLabels() throws {
    let one = try DefaultDataCollator()([["label": .ints([1, 0])], ["label": .ints([0, 1])]])
    #expect(one["labels"]?.dtype == .float32 && one["labels"]?.shape == [2, 2])
    let ids = try DefaultDataCollator()([["label_ids": .ints([1, 0])]])
    #expect(ids["labels"]?.dtype == .int64)
  }

  @Test("a tokenizer without a padding token cannot fill up")
  func noPadding() throws {
    let bare = PreTrainedTokenizer(try tokenizer().backend)
    let error = #expect(throws: CollationError.self) {
      try DataCollatorWithPadding(bare)([["input_ids": .ints([2, 3])]])
    }
    #expect(error?.description.contains("no padding token") == true)
  }

  @Test("probabilities outside 0 to 1, or of more than 1 together, are refused")
  func probabilities() throws {
    let tokenizer = try tokenizer()
    var options = DataCollatorForLanguageModeling.Options()
    options.mlmProbability = 1.5
    #expect(throws: CollationError.self) {
      try DataCollatorForLanguageModeling(tokenizer, options)
    }
    options.mlmProbability = 0.15
    options.randomReplaceProb = 0.3
    #expect(throws: CollationError.self) {
      try DataCollatorForLanguageModeling(tokenizer, options)
    }
  }

  @Test("whole words are hidden together")
  func wholeWords() throws {
    var options = DataCollatorForLanguageModeling.Options()
    options.wholeWordMask = true
    options.mlmProbability = 0.5
    let collator = try DataCollatorForLanguageModeling(
      try tokenizer(), options, generator: Generator(seed: 3))
    // Words of two, one and three tokens between special ones.
    let feature: TextFeature = [
      "input_ids": .ints([2, 10, 11, 12, 13, 14, 15, 3]),
      "offset_mapping": .rows([
        [0, 0], [0, 2], [2, 4], [5, 8], [9, 10], [10, 11], [11, 14], [0, 0],
      ]),
    ]
    var seen = Set<[Bool]>()
    for _ in 0..<40 {
      let batch = try collator([feature])
      let hidden = batch["labels"]?.array(of: Int.self).map { $0 != -100 } ?? []
      #expect(hidden[0] == false && hidden[7] == false)
      #expect(hidden[1] == hidden[2] && hidden[4] == hidden[5] && hidden[5] == hidden[6])
      let ids = batch["input_ids"]?.array(of: Int.self) ?? []
      #expect(zip(ids, hidden).allSatisfy { ($0 == 4) == $1 })
      seen.insert(hidden)
    }
    #expect(seen.count > 4)
  }

  @Test("the decoder's tokens are made of labels where a way is given")
  func decoderTokens() throws {
    let collator = DataCollatorForSeq2Seq(try tokenizer(), decoderInputIds: { $0 + 1 })
    let batch = try collator([
      ["input_ids": .ints([2, 9, 3]), "labels": .ints([7])],
      ["input_ids": .ints([2, 3]), "labels": .ints([8, 9])],
    ])
    #expect(batch["labels"]?.array(of: Int.self) == [7, -100, 8, 9])
    #expect(batch["decoder_input_ids"]?.array(of: Int.self) == [8, -99, 9, 10])
  }
}
