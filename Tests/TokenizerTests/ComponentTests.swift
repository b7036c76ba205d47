import Testing
import Tokenizers

/// Parts of pipelines that a program adds under types of its own.
@Suite("Tokenizer components of one's own")
struct ComponentTests {
  @Test("A pre-tokenizer keeps the words that it names, with their offsets")
  func preTokenizer() throws {
    TokenizerComponents.register(preTokenizer: "ComponentTests.Letters") { settings in
      let dropped = settings.string("dropped") ?? ""
      return { text in
        text.indices.filter { String(text[$0]) != dropped }.map { $0..<text.index(after: $0) }
      }
    }
    let tokenizer = try SmallTokenizer.make(
      preTokenizer: #"{"type": "ComponentTests.Letters", "dropped": "é"}"#,
      model: SmallTokenizer.words)
    let encoding = try tokenizer.encode("aébc")
    #expect(encoding.ids == [1, 2, 3])
    #expect(encoding.offsets == [0..<1, 2..<3, 3..<4])
    #expect(try tokenizer.ids(of: "aébc") == [1, 2, 3])
  }

  @Test("It stands in a sequence with others, and words that overlap are cut")
  func sequence() throws {
    TokenizerComponents.register(preTokenizer: "ComponentTests.Twice") { _ in
      { [$0.startIndex..<$0.endIndex, $0.startIndex..<$0.endIndex] }
    }
    let tokenizer = try SmallTokenizer.make(
      preTokenizer: #"""
        {"type": "Sequence", "pretokenizers": [
          {"type": "WhitespaceSplit"}, {"type": "ComponentTests.Twice"}]}
        """#, model: SmallTokenizer.words)
    #expect(try tokenizer.encode("a b").ids == [1, 2])
  }

  @Test("A normalizer changes code points, and offsets stay the original's")
  func normalizer() throws {
    TokenizerComponents.register(normalizer: "ComponentTests.Spelled") { _ in
      { scalar in scalar == "ß" ? "a b" : scalar == "x" ? "" : String(scalar) }
    }
    let tokenizer = try SmallTokenizer.make(
      normalizer: #"{"type": "ComponentTests.Spelled"}"#,
      preTokenizer: #"{"type": "WhitespaceSplit"}"#, model: SmallTokenizer.words)
    let encoding = try tokenizer.encode("xß c")
    #expect(encoding.ids == [1, 2, 3])
    #expect(encoding.offsets == [1..<2, 1..<2, 3..<4])
  }

  @Test("A decoder puts tokens together")
  func decoder() throws {
    TokenizerComponents.register(decoder: "ComponentTests.Dashed") { settings in
      let dash = settings.string("dash") ?? "-"
      return { tokens in tokens.enumerated().map { $0 == 0 ? $1 : dash + $1 } }
    }
    let tokenizer = try SmallTokenizer.make(
      decoder: #"{"type": "ComponentTests.Dashed", "dash": "–"}"#, model: SmallTokenizer.words)
    #expect(tokenizer.decode([1, 3]) == "a–c")
  }

  @Test("What a part says of its settings is the file's error")
  func errors() {
    struct Refusal: Error, CustomStringConvertible { let description = "least is missing" }
    TokenizerComponents.register(preTokenizer: "ComponentTests.Choosy") { _ in throw Refusal() }
    let error = #expect(throws: TokenizerError.self) {
      try SmallTokenizer.make(
        preTokenizer: #"{"type": "ComponentTests.Choosy"}"#, model: SmallTokenizer.words)
    }
    #expect(error?.description.contains("least is missing") == true)
  }
}
