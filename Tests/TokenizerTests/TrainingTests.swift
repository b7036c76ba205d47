import Testing
import Tokenizers

@Suite("Training vocabularies")
struct TrainingTests {
  private let texts = [
    "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
    "the lowest of the low and the newest of the new",
  ]

  @Test("Pairs are merged by their counts, and of equals the lower ids first")
  func mergesPairs() throws {
    var blueprint = TokenizerBlueprint()
    blueprint.preTokenizer = #"{"type": "WhitespaceSplit"}"#
    var trainer = BPETrainer()
    trainer.vocabularySize = 18
    let counts = try WordCounts(of: [texts[0]], by: blueprint)
    let tokenizer = try Tokenizer(blueprint, trainedBy: trainer, on: counts)
    #expect(counts["newest"] == 6)
    #expect(try tokenizer.encode("lowest").ids.map { tokenizer.idToToken($0) } == ["low", "est"])
  }

  @Test("Counts of several workers join to the counts of one, in any order")
  func countsJoin() throws {
    let blueprint = TokenizerBlueprint.metaspace()
    let whole = try WordCounts(of: texts, by: blueprint)
    let parts = try texts.map { try WordCounts(of: [$0], by: blueprint) }
    for order in [[0, 1], [1, 0]] {
      var joined = WordCounts()
      for index in order { joined.merge(try WordCounts(encoded: parts[index].encoded())) }
      #expect(joined == whole)
      #expect(joined.encoded() == whole.encoded())
    }
    #expect(throws: TokenizerError.self) { try WordCounts(encoded: [1, 2, 3]) }
  }

  @Test("Every trainer makes the same vocabulary again, and one that encodes its texts")
  func trainersRepeat() throws {
    func check(_ blueprint: TokenizerBlueprint, _ trainer: some VocabularyTrainer) throws {
      let counts = try WordCounts(of: texts, by: blueprint)
      let tokenizer = try Tokenizer(blueprint, trainedBy: trainer, on: counts)
      let again = try Tokenizer(blueprint, trainedBy: trainer, on: counts)
      #expect(tokenizer.json() == again.json())
      for text in texts { #expect(try !tokenizer.ids(of: text).contains(0)) }
    }
    let unknown = AddedToken("<unk>", special: true)
    var bytes = BPETrainer()
    bytes.initialAlphabet = BPETrainer.byteLevelAlphabet
    bytes.specialTokens = [AddedToken("<|end|>", special: true)]
    bytes.vocabularySize = 300
    try check(.byteLevel(), bytes)
    var pieces = WordPieceTrainer()
    pieces.merging.specialTokens = [AddedToken("[UNK]", special: true)]
    try check(.bert(), pieces)
    var unigram = UnigramTrainer()
    unigram.vocabularySize = 40
    unigram.specialTokens = [unknown]
    unigram.unknownToken = "<unk>"
    try check(.metaspace(), unigram)
    var words = WordLevelTrainer()
    words.specialTokens = [unknown]
    try check(.words(), words)
  }

  @Test("A vocabulary too small for its characters is refused")
  func refusesSmallVocabularies() throws {
    var trainer = UnigramTrainer()
    trainer.vocabularySize = 3
    let counts = try WordCounts(of: texts, by: .metaspace())
    #expect(throws: TokenizerError.self) {
      try Tokenizer(.metaspace(), trainedBy: trainer, on: counts)
    }
  }
}
