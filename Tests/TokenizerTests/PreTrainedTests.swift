import Foundation
import Testing
import Tokenizers

@Suite("Tokenizers of folders")
struct PreTrainedTests {
  @Test("A call fills up, cuts and marks as it is told")
  func calls() throws {
    let tokenizer = try AutoTokenizer.fromPretrained(Cases.folder + "/calls/bert")
    var options = CallOptions()
    options.padding = .longest
    options.truncation = .longestFirst
    options.maxLength = 8
    options.padToMultipleOf = 8
    options.returnOffsetsMapping = true
    let batch = try tokenizer(["The quick brown fox", "a"], options)
    #expect(batch.inputIds.map(\.count) == [8, 8])
    #expect(batch.attentionMask?[1] == [1, 1, 1, 0, 0, 0, 0, 0])
    #expect(batch.offsetMapping?[0][1] == 0..<3)
    #expect(tokenizer.decode(batch.inputIds[1], skipSpecialTokens: true) == "a")
  }

  @Test("Padding without a padding token is an error that says what to do")
  func padding() throws {
    let tokenizer = PreTrainedTokenizer(
      try SmallTokenizer.make(
        preTokenizer: #"{"type": "WhitespaceSplit"}"#, model: SmallTokenizer.words))
    var options = CallOptions()
    options.padding = .longest
    #expect(throws: TokenizerError.self) { try tokenizer(["a b", "c"], options) }
  }

  @Test("A stride that leaves a window no room is refused however short the text is")
  func strides() throws {
    let tokenizer = try AutoTokenizer.fromPretrained(Cases.folder + "/calls/bert")
    var options = CallOptions(padding: false, truncation: true, maxLength: 5)
    options.stride = 3
    #expect(try tokenizer("a", options).inputIds[0].count == 3)
    options.stride = 4
    #expect(throws: TokenizerError.self) { try tokenizer("a", options) }
  }

  @Test("Folders without tokenizer.json are read from their vocabularies")
  func legacyFolders() throws {
    let bert = try AutoTokenizer.fromPretrained(Cases.folder + "/legacy/bert-vocab-txt")
    #expect(bert.modelMaxLength == 20 && bert.specialTokens.mask == "[MASK]")
    let gpt2 = try AutoTokenizer.fromPretrained(Cases.folder + "/legacy/gpt2-merges")
    #expect(gpt2.convertTokenToId("<|new|>") == 380)
    let llama = try AutoTokenizer.fromPretrained(Cases.folder + "/legacy/llama-sentencepiece")
    #expect(try llama.encode("").first == llama.bosTokenId)
  }

  @Test("A part that a folder calls null has no token, though the pipeline has its usual ones")
  func noToken() throws {
    try withFolder { folder in
      func write(_ name: String, _ text: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
      }
      try write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n")
      let lacking = #""tokenizer_class": "BertTokenizer", "pad_token": null, "cls_token": null"#
      try write("tokenizer_config.json", "{\(lacking)}")
      let tokenizer = try AutoTokenizer.fromPretrained(folder)
      #expect(tokenizer.padTokenId == nil && tokenizer.specialTokens.cls == nil)
      #expect(tokenizer.specialTokens.sep == "[SEP]")
      #expect(try tokenizer("the cat").inputIds[0] == [2, 5, 1, 3])
      // What an older file names stands.
      try write("special_tokens_map.json", #"{"pad_token": "[PAD]"}"#)
      let named = try AutoTokenizer.fromPretrained(folder)
      #expect(named.padTokenId == 0 && named.specialTokens.cls == nil)
    }
  }

  @Test("A SentencePiece model by itself takes what is spelled like a control piece for text")
  func sentencePiece() throws {
    let path = Cases.folder + "/legacy/llama-sentencepiece/tokenizer.model"
    let model = try Tokenizer(sentencePiece: path)
    let ids = try model.ids(of: "a</s>b")
    #expect(!ids.contains(2))
    #expect(model.decode(ids) == "a</s>b")
    // Its own dummy prefix stands before spaces, too.
    #expect(try model.encode(" a").ids.count == model.encode("a").ids.count + 1)
    #expect(throws: TokenizerError.self) { try Tokenizer(sentencePiece: path + ".none") }
  }

  @Test("What is saved is read again with its tokens and settings")
  func saving() throws {
    try withFolder { folder in
      var tokenizer = try AutoTokenizer.fromPretrained(Cases.folder + "/calls/gpt2")
      tokenizer.addTokens(["<extra>"], special: true)
      tokenizer.modelMaxLength = 77
      try tokenizer.savePretrained(folder)
      let again = try AutoTokenizer.fromPretrained(folder)
      #expect(again.specialTokens == tokenizer.specialTokens)
      #expect(again.modelMaxLength == 77)
      #expect(try again.encode("x<extra>y") == tokenizer.encode("x<extra>y"))
    }
  }

  @Test("A folder without a tokenizer, and a damaged one, are errors that name the file")
  func errors() throws {
    try withFolder { folder in
      let missing = #expect(throws: TokenizerError.self) {
        try AutoTokenizer.fromPretrained(folder)
      }
      #expect(missing?.description.contains("tokenizer.json") == true)
      try Data([0x0a, 0xff]).write(to: URL(fileURLWithPath: folder + "/spiece.model"))
      let damaged = #expect(throws: TokenizerError.self) {
        try AutoTokenizer.fromPretrained(folder)
      }
      #expect(damaged?.description.contains("spiece.model") == true)
    }
  }
}
