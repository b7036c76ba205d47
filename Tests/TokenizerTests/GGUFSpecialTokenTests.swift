import Base
import Foundation
import Testing
import Tokenizers

/// The tokens of GGUF files that have a part to play, and files that contradict themselves.
@Suite("Special tokens of GGUF files")
struct GGUFSpecialTokenTests {
  private let llama: [(text: String, type: Int64, score: Float)] = [
    ("<unk>", 2, 0), ("<s>", 3, 0), ("</s>", 3, 0), ("▁", 1, -1), ("a", 1, -2), ("b", 1, -3),
    ("<end of turn>", 4, 0), ("[PAD7]", 5, -1000), ("  ", 4, 0), ("[PAD9]", 5, -1000),
  ]
  private let t5: [(text: String, type: Int64, score: Float)] = [
    ("<pad>", 3, 0), ("<stop>", 3, 0), ("<unk>", 2, 0), ("▁a", 1, -2), ("▁", 1, -3), ("a", 1, -4),
  ]

  @Test("The unknown token is found within a text, as a special one")
  func unknown() throws {
    for tokens in [llama, t5] {
      let file = SmallGGUF(model: tokens.count == 6 ? "t5" : "llama", tokens)
      let id = tokens.count == 6 ? 2 : 0
      let tokenizer = try file.tokenizer()
      let ids = try tokenizer.backend.encode("a<unk>a", addSpecialTokens: false).ids
      #expect(ids.count { $0 == id } == 1, "\(ids)")
      #expect(!tokenizer.decode(ids, skipSpecialTokens: true).contains("unk"))
    }
    let bytes: [(text: String, type: Int64, score: Float)] = [
      ("a", 1, 0), ("[UNK]", 2, 0), ("<end>", 3, 0),
    ]
    var file = SmallGGUF(model: "gpt2", bytes)
    file["tokenizer.ggml.pre"] = .string("gpt-2")
    #expect(try file.tokenizer()("a[UNK]a").inputIds[0] == [0, 1, 0])
  }

  @Test("A token with spaces in it that ends texts has its own id, in texts and at their end")
  func spaces() throws {
    var file = SmallGGUF(model: "llama", llama)
    file["tokenizer.ggml.eos_token_id"] = .unsigned(6)
    file["tokenizer.ggml.add_eos_token"] = .bool(true)
    let tokenizer = try file.tokenizer()
    #expect(tokenizer.eosTokenId == 6 && tokenizer.specialTokens.eos == "<end of turn>")
    #expect(try tokenizer("a").inputIds[0] == [1, 3, 4, 6])
    #expect(try tokenizer("a<end of turn>").inputIds[0] == [1, 3, 4, 6, 6])
    #expect(tokenizer.decode([4, 6]) == "a<end of turn>")
    // Spaces alone are the vocabulary's marks.
    #expect(tokenizer.backend.tokenToId("▁▁") == 8)
  }

  @Test("A token of filling that pads texts has its own id, and others are no tokens")
  func filling() throws {
    var file = SmallGGUF(model: "llama", llama)
    file["tokenizer.ggml.padding_token_id"] = .unsigned(7)
    let tokenizer = try file.tokenizer()
    #expect(tokenizer.padTokenId == 7 && tokenizer.specialTokens.pad == "[PAD7]")
    #expect(tokenizer.backend.tokenToId("[PAD9]") == nil)
    file["tokenizer.ggml.eos_token_id"] = .unsigned(9)
    file["tokenizer.ggml.add_eos_token"] = .bool(true)
    #expect(try file.tokenizer()("a").inputIds[0] == [1, 3, 4, 9])
  }

  @Test("A token that files name as special is so, whatever its type")
  func types() throws {
    var bert = SmallGGUF(
      model: "bert",
      ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁a", "b"].map { (text: $0, type: 1, score: 0) })
    for (key, id) in [("cls", 2), ("seperator", 3), ("padding", 0), ("unknown", 1)] {
      bert["tokenizer.ggml.\(key)_token_id"] = .unsigned(UInt64(id))
    }
    let tokenizer = try bert.tokenizer()
    #expect(try tokenizer("ab c[PAD]").inputIds[0] == [2, 4, 5, 1, 0, 3])
    #expect(tokenizer.decode([2, 4, 5, 3], skipSpecialTokens: true) == "ab")
  }

  @Test("A Unigram file's texts end with the token that it names, the second, or none")
  func ends() throws {
    var file = SmallGGUF(model: "t5", t5)
    let usual = try file.tokenizer()
    #expect(try usual("a").inputIds[0] == [3, 1] && usual.eosTokenId == 1)
    #expect(usual.padTokenId == 0 && usual.unkTokenId == 2)
    file["tokenizer.ggml.eos_token_id"] = .unsigned(0)
    #expect(try file.tokenizer()("a").inputIds[0] == [3, 0])
    file["tokenizer.ggml.eos_token_id"] = .unsigned(UInt64(UInt32.max))
    file["tokenizer.ggml.unknown_token_id"] = .unsigned(UInt64(UInt32.max))
    let none = try file.tokenizer()
    #expect(try none("a").inputIds[0] == [3] && none.eosTokenId == nil && none.unkTokenId == nil)
  }

  @Test("A file that was cut off is an error that says so and what to do")
  func cut() throws {
    try withFolder { folder in
      let whole = GGUFTokenizerTests.folder + "/gpt2/model.gguf"
      let data = try Data(contentsOf: URL(fileURLWithPath: whole))
      for length in [0, 4, 23, 300, 3000] {
        let path = "\(folder)/model.gguf"
        try data.prefix(length).write(to: URL(fileURLWithPath: path))
        let error = try #require(throws: TokenizerError.self) {
          try AutoTokenizer.fromPretrained(path)
        }
        #expect(error.description.contains("model.gguf: "), "\(error)")
        #expect(error.description.hasSuffix("download or copy the file again"), "\(error)")
      }
    }
  }

  @Test("A value of another type or size than its key has is an error that names both")
  func faults() throws {
    let many = GGUFValue.array((0..<6).map { .signed($0 == 3 ? 9 : 1) })
    let words = GGUFValue.array((0..<6).map { .string("\($0)") })
    let whole = GGUFValue.array((0..<6).map { .signed($0) })
    let nan = GGUFValue.array((0..<6).map { .float($0 == 4 ? .nan : -1) })
    for (key, value, problem) in [
      ("tokens", .string("abc"), "is no list of texts"),
      ("tokens", whole, "is no list of texts"),
      ("token_type", words, "is no list of whole numbers"),
      ("token_type", .string("1"), "is no list of whole numbers"),
      ("token_type", many, "is 9 for token 3"),
      ("scores", whole, "is no list of floats"),
      ("scores", .float(1), "is no list of floats"),
      ("scores", nan, "is nan for token 4"),
      ("scores", .array([.float(1)]), "has 1 entries for 6 tokens"),
      ("precompiled_charsmap", .string("abc"), "is no list of bytes"),
      ("precompiled_charsmap", words, "is no list of bytes"),
      ("precompiled_charsmap", .array([.signed(256)]), "is no list of bytes"),
      ("precompiled_charsmap", .array([.unsigned(7), .unsigned(0)]), "is damaged"),
      ("eos_token_id", .unsigned(6), "is 6, and there are 6 tokens"),
      ("eos_token_id", .string("</s>"), "is no whole number"),
      ("unknown_token_id", .float(2), "is no whole number"),
      ("eot_token_id", .unsigned(99), "is 99, and there are 6 tokens"),
      ("add_eos_token", .string("yes"), "is neither true nor false"),
      ("add_bos_token", .unsigned(1), "is neither true nor false"),
      ("model", .unsigned(1), "is no text"),
    ] as [(String, GGUFValue, String)] {
      var file = SmallGGUF(model: "t5", t5)
      file["tokenizer.ggml.\(key)"] = value
      let error = try #require(throws: TokenizerError.self, "\(key) \(problem)") {
        try file.tokenizer()
      }
      #expect(error.description.contains("tokenizer.ggml.\(key)"), "\(error)")
      #expect(error.description.contains(problem), "\(error)")
      #expect(error.description.contains("model.gguf"), "\(error)")
    }
    for (key, value, problem) in [
      ("tokenizer.ggml.pre", .bool(true), "is no text"),
      ("tokenizer.ggml.merges", .string("a b"), "is no list of texts"),
      ("tokenizer.ggml.merges", .array([.signed(1)]), "is no list of texts"),
      ("tokenizer.chat_template", .unsigned(1), "is no text"),
      ("tokenizer.chat_templates", .string("tool_use"), "is no list of texts"),
      ("general.architecture", .unsigned(1), "is no text"),
      ("tokenizer.huggingface.json", .bool(true), "is no text"),
    ] as [(String, GGUFValue, String)] {
      var file = SmallGGUF(pre: "default")
      file[key] = value
      let error = try #require(throws: TokenizerError.self, "\(key) \(problem)") {
        try file.tokenizer()
      }
      #expect(error.description.contains(key), "\(error)")
      #expect(error.description.contains(problem), "\(error)")
    }
  }
}
