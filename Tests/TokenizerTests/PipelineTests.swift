import Foundation
import Testing
import Tokenizers

@Suite("Tokenizer pipelines")
struct PipelineTests {
  @Test("Encoding without offsets gives the ids that encoding with offsets gives")
  func idsAgree() throws {
    for name in ["bert-cased", "gpt2", "llama3", "sp-bpe", "unigram"] {
      let tokenizer = try Cases.tokenizer(name)
      for text in ["", " ", "Hello world", "don't\r\n\r\nnaïve 你好 123456", "e\u{301}\u{323}"] {
        let full = try tokenizer.encode(text, addSpecialTokens: false)
        #expect(try tokenizer.ids(of: text) == full.ids)
        #expect(full.offsets.count == full.count)
      }
    }
  }

  @Test("A batch gives what its texts give one by one, for any number of threads")
  func batchesAgree() throws {
    let tokenizer = try Cases.tokenizer("gpt2")
    let texts = (0..<300).map { "text number \($0), naïve and 你好" }
    let single = try texts.map { try tokenizer.encode($0) }
    for threads in [1, 2, 5] {
      let batch = try tokenizer.encodeBatch(texts.map { .text($0) }, threads: threads)
      #expect(batch == single)
    }
  }

  @Test("Added tokens take white space and whole words as their rules say")
  func addedTokens() throws {
    var tokenizer = try SmallTokenizer.make(
      preTokenizer: #"{"type": "WhitespaceSplit"}"#, model: SmallTokenizer.words)
    tokenizer.addTokens([
      AddedToken("<m>", lstrip: true, special: true), AddedToken("b", singleWord: true),
    ])
    let encoding = try tokenizer.encode("a   <m> b abc")
    #expect(encoding.ids == [1, 4, 2, 0])
    #expect(tokenizer.tokens(of: encoding) == ["a", "   <m>", "b", "<unk>"])
    #expect(encoding.offsets == [0..<1, 1..<7, 8..<9, 10..<13])
  }

  @Test("A token of the model keeps its text where an added token of its id is normalized")
  func prependedTokens() throws {
    let tokenizer = try SmallTokenizer.make(
      normalizer: #"{"type": "Prepend", "prepend": "▁"}"#,
      added: """
        [{"id": 3, "content": "ab", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false}]
        """,
      model: """
        {"type": "BPE", "unk_token": null, "vocab": {"a": 0, "b": 1, "▁": 2, "ab": 3, "x": 4},
        "merges": ["a b"]}
        """)
    let behind = try tokenizer.encode("xab")
    #expect(behind.ids == [2, 4, 3])
    #expect(tokenizer.tokens(of: behind) == ["▁", "x", "ab"])
    #expect(tokenizer.tokens(of: try tokenizer.encode("ab")) == ["▁ab"])
    #expect(tokenizer.decode([3]) == "▁ab")
  }

  @Test("Characters that a model without an unknown token drops move the offsets behind them")
  func offsetsBehindDroppedCharacters() throws {
    let tokenizer = try SmallTokenizer.make(
      model: """
        {"type": "BPE", "unk_token": null, "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3},
        "merges": ["a b"]}
        """)
    for count in [1, 20] {
      let encoding = try tokenizer.encode(String(repeating: "abqc", count: count))
      #expect(encoding.ids == Array(repeatElement([2, 3], count: count).joined()))
      #expect(encoding.offsets.last == 3 * count - 1..<3 * count)
    }
  }

  @Test("A text is cut into windows that overlap")
  func windows() throws {
    var tokenizer = try SmallTokenizer.make(
      preTokenizer: #"{"type": "WhitespaceSplit"}"#, model: SmallTokenizer.words)
    tokenizer.truncation = Truncation(maxLength: 3, stride: 1)
    let encoding = try tokenizer.encode("a b c a b c")
    #expect(encoding.ids == [1, 2, 3])
    #expect(encoding.overflowing.map(\.ids) == [[3, 1, 2], [2, 3]])
    tokenizer.truncation = Truncation(maxLength: 1, stride: 1)
    #expect(throws: TokenizerError.self) { try tokenizer.encode("a b") }
  }

  @Test("Lengths beyond any text are refused in padding, and end with the token in a decoder")
  func hugeLengths() throws {
    var tokenizer = try SmallTokenizer.make(
      decoder: #"{"type": "Strip", "content": "a", "start": 9223372036854775807, "stop": 1}"#,
      model: SmallTokenizer.words)
    #expect(tokenizer.decode([1]) == "")
    #expect(tokenizer.decode([2]) == "b")
    for padding in [
      Padding(length: .max), Padding(length: 1 << 40), Padding(multipleOf: .max),
      Padding(length: .max - 1, multipleOf: 8), Padding(multipleOf: 1 << 40),
    ] {
      tokenizer.padding = padding
      let refused = #expect(throws: TokenizerError.self) { try tokenizer.encode("a") }
      #expect(refused?.description.contains("16777216") == true)
    }
  }

  @Test("What is damaged or unknown is named")
  func errors() throws {
    let unknown = #expect(throws: TokenizerError.self) {
      try SmallTokenizer.make(preTokenizer: #"{"type": "Magic"}"#, model: SmallTokenizer.words)
    }
    #expect(unknown?.description.contains("Magic") == true)
    let pattern = #expect(throws: TokenizerError.self) {
      try SmallTokenizer.make(
        preTokenizer:
          #"{"type": "Split", "pattern": {"Regex": "(a)\\1"}, "behavior": "Isolated", "invert": false}"#,
        model: SmallTokenizer.words)
    }
    #expect(pattern?.description.contains("back-reference") == true)
    #expect(throws: TokenizerError.self) { try Tokenizer(path: "/nowhere/tokenizer.json") }
    #expect(throws: TokenizerError.self) { try Tokenizer(json: [0x7b, 0xff]) }
    #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(#"{"model": "#.utf8)) }
  }

  @Test("Ids beyond the vocabulary are left out of a text")
  func foreignIDs() throws {
    let tokenizer = try Cases.tokenizer("gpt2")
    let ids = try tokenizer.ids(of: "Hello world")
    #expect(tokenizer.decode([-1] + ids + [1 << 40]) == "Hello world")
  }

  @Test("A tokenizer that is saved and read again is the same")
  func saving() throws {
    try withFolder { folder in
      for name in ["bert-cased", "gpt2", "sp-bpe", "unigram"] {
        let tokenizer = try Cases.tokenizer(name)
        try tokenizer.save(to: folder + "/tokenizer.json")
        let again = try Tokenizer(path: folder + "/tokenizer.json")
        let text = "Hello wörld, 你好 don't <s> 42"
        #expect(try again.encode(text) == tokenizer.encode(text))
        #expect(again.json() == tokenizer.json())
      }
    }
  }

  @Test("A text of one long word takes time in proportion to its length")
  func longWords() throws {
    for name in ["gpt2", "sp-bpe", "unigram", "bert-cased"] {
      let text = String(repeating: "abcd", count: 50_000)
      #expect(try !Cases.tokenizer(name).ids(of: text).isEmpty)
    }
  }

  /// Ids that tokenizers 0.23.3 gives: with scores rounded to the nearest number, 46 dashes become
  /// 14 + 16 + 16, and 9 become 1 + 2 + 6.
  @Test("Divisions of equal score fall as with the reference's reading of scores")
  func ties() throws {
    let scores = [
      "-5.634362561759566", "-8.338726765549037", "-10.840286951261135", "-11.422582058221161",
      "-9.506555916659401",
    ]
    let pieces = zip([1, 2, 6, 14, 16], scores).map { length, score in
      "[\"\(String(repeating: "-", count: length))\",\(score)]"
    }
    let json = """
      {"version":"1.0","added_tokens":[],"model":{"type":"Unigram","unk_id":0,
      "byte_fallback":false,"vocab":[["<unk>",0.0],\(pieces.joined(separator: ","))]}}
      """
    let tokenizer = try Tokenizer(json: Array(json.utf8))
    #expect(try tokenizer.ids(of: String(repeating: "-", count: 9)) == [1, 3, 2])
    #expect(try tokenizer.ids(of: String(repeating: "-", count: 46)) == [5, 5, 4])
  }

  @Test(
    "Scores that are no numbers of JSON are refused",
    arguments: ["", "-", "01", "1.", ".5", "+1", "0x1p3", "inf", "1e", "1e999", "NaN"])
  func scores(text: String) {
    let json = """
      {"version":"1.0","added_tokens":[],"model":{"type":"Unigram","unk_id":0,
      "vocab":[["<unk>",0.0],["a",\(text)]]}}
      """
    #expect(throws: TokenizerError.self) { try Tokenizer(json: Array(json.utf8)) }
  }

  @Test("a token that is looked for in normalized text stands for its own normalized form")
  func normalizedAddedTokens() throws {
    // As tokenizers 0.23 tells them; special or not, only tokens that are not normalized stay as written.
    let file = """
      {"version": "1.0", "added_tokens": [
       {"id": 2, "content": "ABC", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": false},
       {"id": 3, "content": "DEF", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": true, "special": true},
       {"id": 4, "content": "GHI", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": false},
       {"id": 5, "content": "JKL", "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true}],
       "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
       "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "x": 1}, "unk_token": "<unk>"}}
      """
    let tokenizer = try Tokenizer(json: Array(file.utf8))
    #expect((2..<6).map { tokenizer.idToToken($0) } == ["abc", "def", "GHI", "JKL"])
    #expect(tokenizer.decode([2, 3, 4, 5]) == "abc def GHI JKL")
    #expect(tokenizer.decode([2, 3, 4, 5], skipSpecialTokens: true) == "abc def GHI")
    let encoding = try tokenizer.encode("ABC x def GHI JKL")
    #expect(encoding.ids == [2, 1, 3, 4, 5])
    #expect(tokenizer.tokens(of: encoding) == ["abc", "x", "def", "GHI", "JKL"])
    #expect(String(decoding: tokenizer.json(), as: UTF8.self).contains("\"content\": \"ABC\""))
  }

  @Test("A character that a BPE without an unknown token drops moves the offsets behind it")
  func droppedCharacters() throws {
    let tokenizer = try SmallTokenizer.make(
      preTokenizer: #"{"type": "WhitespaceSplit"}"#,
      model: #"""
        {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]], "unk_token": null}
        """#)
    let encoding = try tokenizer.encode("éab x a")
    #expect(encoding.ids == [2, 0])
    #expect(encoding.offsets == [0..<1, 6..<7])
  }

  @Test(
    "Tokens that count more bytes than their word has keep the places that tokenizers gives them")
  func prefixesInBytes() throws {
    let bytes = (0..<256).map { String(format: "\"<0x%02X>\": %d", $0, $0 + 3) }
    let tokenizer = try SmallTokenizer.make(
      preTokenizer: #"{"type": "WhitespaceSplit"}"#,
      model: """
        {"type": "BPE", "vocab": {"a": 0, "##b": 1, "c": 2, \(bytes.joined(separator: ", "))},
        "merges": [], "unk_token": null, "continuing_subword_prefix": "##", "byte_fallback": true}
        """)
    let encoding = try tokenizer.encode("c a@b")
    #expect(encoding.ids == [2, 0, 0x26, 0x26, 0x43, 1])
    #expect(encoding.offsets == [0..<1, 2..<3, 3..<4, 4..<5, 3..<4, 4..<5])
  }
}
