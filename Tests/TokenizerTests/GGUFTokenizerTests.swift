import Base
import Foundation
import Testing
import Tokenizers

/// Tokenizers inside llama.cpp's files.
@Suite("Tokenizers of GGUF files")
struct GGUFTokenizerTests {
  static let folder = Cases.folder + "/gguf-tokenizers"

  @Test(
    "A file's ids and texts are those of the tokenizer.json that it was converted from",
    arguments: ["gpt2", "llama3", "sp-bpe", "bert-cased", "unigram"])
  func cases(name: String) throws {
    let path = "\(Self.folder)/\(name)"
    let tokenizer = try AutoTokenizer.fromPretrained("\(path)/model.gguf")
    let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(path)/cases.json"))
    let cases = try #require(try JSONParser.parse([UInt8](bytes))["cases"]?.array)
    #expect(cases.count > 10)
    for item in cases {
      let text = try #require(item["text"]?.string)
      let ids = try tokenizer(text, textPair: item["pair"]?.string).inputIds[0]
      #expect(ids == item["ids"]?.array?.compactMap(\.int), "\(text)")
      #expect(tokenizer.decode(ids) == item["decoded"]?.string)
      #expect(tokenizer.decode(ids, skipSpecialTokens: true) == item["decoded_skip"]?.string)
    }
  }

  @Test("A folder is read by the only file in it, and a tokenizer beside the file comes first")
  func folders() throws {
    try withFolder { folder in
      let files = FileManager.default
      try files.copyItem(atPath: "\(Self.folder)/gpt2/model.gguf", toPath: "\(folder)/a.gguf")
      let inside = try AutoTokenizer.fromPretrained(folder)
      #expect(inside.eosTokenId == 0 && inside.count == 900)
      try files.copyItem(atPath: "\(Self.folder)/llama3/model.gguf", toPath: "\(folder)/b.gguf")
      #expect(throws: TokenizerError.self) { try AutoTokenizer.fromPretrained(folder) }
      #expect(try AutoTokenizer.fromPretrained("\(folder)/b.gguf").bosTokenId == 0)
      try AutoTokenizer.fromPretrained(Cases.folder + "/calls/bert").savePretrained(folder)
      #expect(try AutoTokenizer.fromPretrained("\(folder)/b.gguf").specialTokens.cls == "[CLS]")
    }
  }

  @Test("The file's chat template is the tokenizer's, and one beside the file comes first")
  func chat() throws {
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try FileManager.default.copyItem(
        atPath: "\(Self.folder)/llama3/model.gguf", toPath: path)
      let tokenizer = try AutoTokenizer.fromPretrained(path)
      let messages: [TemplateValue] = [["role": "user", "content": "Hi"]]
      #expect(try tokenizer.renderChatTemplate(messages) == "<|begin_of_text|>user: Hi\n")
      try Data("beside".utf8).write(to: URL(fileURLWithPath: "\(folder)/chat_template.jinja"))
      #expect(try AutoTokenizer.fromPretrained(path).renderChatTemplate(messages) == "beside")
    }
  }

  @Test("A WordPiece token that begins with a combining mark begins a word")
  func combiningMark() throws {
    let tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁क", "▁\u{93E}", "\u{93E}"]
    var file = SmallGGUF(pre: "default")
    file["general.architecture"] = .string("bert")
    file["tokenizer.ggml.model"] = .string("bert")
    file["tokenizer.ggml.tokens"] = .array(tokens.map { .string($0) })
    file["tokenizer.ggml.token_type"] = .array((0..<tokens.count).map { .signed($0 < 4 ? 3 : 1) })
    for (key, id) in [("bos", 2), ("cls", 2), ("seperator", 3), ("padding", 0), ("unknown", 1)] {
      file["tokenizer.ggml.\(key)_token_id"] = .unsigned(UInt64(id))
    }
    let tokenizer = try file.tokenizer()
    #expect(try tokenizer("\u{93E} क\u{93E}").inputIds[0] == [2, 5, 4, 6, 3])
  }

  @Test(
    "Every name of a pre-tokenizer makes a tokenizer, and others are errors that name themselves")
  func names() throws {
    let error = try #require(throws: TokenizerError.self) {
      try SmallGGUF(pre: "no-such-name").tokenizer()
    }
    #expect(error.description.contains("tokenizer.ggml.pre is \"no-such-name\""))
    let list = try #require(error.description.components(separatedBy: "known are ").last)
    let names = list.components(separatedBy: ". Put")[0].components(separatedBy: ", ")
    #expect(names.count > 30 && names.contains("deepseek-llm") && names.contains("tekken"))
    for name in names {
      let tokenizer = try SmallGGUF(pre: name).tokenizer()
      let text = "It's 1234 — naïve 日本語\r\n  x = 5;"
      let ids = try tokenizer.backend.ids(of: text)
      #expect(tokenizer.decode(ids) == text, "\(name)")
    }
  }

  @Test("Names divide numbers as their models do")
  func numbers() throws {
    for (name, words) in [
      ("gpt-2", ["12345"]), ("smollm", ["1", "2", "3", "4", "5"]), ("llama-bpe", ["123", "45"]),
      ("qwen2", ["1", "2", "3", "4", "5"]), ("gpt-4o", ["123", "45"]), ("falcon", ["123", "45"]),
      ("deepseek-v3", ["123", "45"]),
    ] {
      let tokenizer = try SmallGGUF(pre: name).tokenizer()
      let encoding = try tokenizer.backend.encode("12345", addSpecialTokens: false)
      let numbers = encoding.wordIds.compactMap { $0 }
      let found = Set(numbers).sorted().map { word in
        zip("12345", numbers).filter { $0.1 == word }.map { String($0.0) }.joined()
      }
      #expect(found == words, "\(name)")
    }
  }

  @Test("A file that says what cannot be is an error that names the key")
  func faults() throws {
    for (change, word) in [
      ({ $0.pairs.removeAll { $0.key == "tokenizer.ggml.tokens" } }, "tokenizer.ggml.tokens"),
      ({ $0.pairs.removeAll { $0.key == "tokenizer.ggml.merges" } }, "tokenizer.ggml.merges"),
      ({ $0["tokenizer.ggml.model"] = .string("rwkv") }, "\"rwkv\""),
      ({ $0["tokenizer.ggml.bos_token_id"] = .unsigned(1 << 20) }, "bos_token_id"),
      ({ $0["tokenizer.ggml.token_type"] = .array([.signed(1)]) }, "token_type has 1 entries"),
      ({ $0["tokenizer.ggml.merges"] = .array([.string("nosuch pair")]) }, "merge 1"),
    ] as [((inout SmallGGUF) -> Void, String)] {
      var file = SmallGGUF(pre: "gpt-2")
      change(&file)
      let error = try #require(throws: TokenizerError.self) { try file.tokenizer() }
      #expect(error.description.contains(word), "\(error)")
    }
    // A number that stands for none.
    var file = SmallGGUF(pre: "gpt-2")
    file["tokenizer.ggml.bos_token_id"] = .unsigned(UInt64(UInt32.max))
    #expect(try file.tokenizer().bosTokenId == nil)
  }

  @Test("A file that holds a whole tokenizer.json is that tokenizer")
  func whole() throws {
    let path = Cases.folder + "/tokenizers/unigram/tokenizer.json"
    var file = SmallGGUF(pre: "no-such-name")
    file["tokenizer.huggingface.json"] = .string(try String(contentsOfFile: path, encoding: .utf8))
    file["tokenizer.ggml.eos_token_id"] = .unsigned(1)
    let tokenizer = try file.tokenizer()
    let text = "The quick brown fox"
    #expect(try tokenizer(text).inputIds[0] == Tokenizer(path: path).encode(text).ids)
    #expect(tokenizer.specialTokens.eos == "</s>")
  }
}
