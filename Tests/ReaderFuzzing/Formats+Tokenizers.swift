import Checkpoints
import Foundation
import Tokenizers

/// Files of tokenizers, which encode and decode a text once they are read.
extension Formats {
  static var tokenizers: [Format] {
    let text = "a b ab é 12, x"
    return [
      Format("tokenizer-json", samples) { bytes, _ in
        let tokenizer = try Tokenizer(json: bytes)
        let encoding = try tokenizer.encode(text)
        _ = try tokenizer.ids(of: text)
        _ = tokenizer.decode(encoding.ids)
      },
      Format("vocab-txt", [Array("[UNK]\n[CLS]\n[SEP]\na\r\n##b\né\n".utf8)]) { bytes, folder in
        try put(
          Array(#"{"tokenizer_class": "BertTokenizer"}"#.utf8), "\(folder)/tokenizer_config.json")
        try put(bytes, "\(folder)/vocab.txt")
        let tokenizer = try AutoTokenizer.fromPretrained(folder)
        _ = tokenizer.decode(try tokenizer([text]).inputIds[0])
      },
      Format("gguf-tokenizer", ggufSamples) { bytes, folder in
        try put(bytes, "\(folder)/model.gguf")
        let tokenizer = try AutoTokenizer.fromPretrained("\(folder)/model.gguf")
        _ = tokenizer.decode(try tokenizer([text]).inputIds[0])
        _ = try tokenizer.chatTemplates()
      },
    ]
  }

  /// A small GGUF file with a tokenizer of each model.
  private static var ggufSamples: [[UInt8]] {
    ["gpt2", "llama", "bert", "t5"].map { model in
      let tokens = ["<unk>", "<s>", "</s>", "[CLS]", "[SEP]", "▁", "a", "b", "ab", "▁ab", "<0x41>"]
      let types: [Int64] = [2, 3, 3, 3, 3, 1, 1, 1, 1, 4, 6]
      let metadata: [(key: String, value: GGUFValue)] = [
        ("general.architecture", .string(model)), ("tokenizer.ggml.model", .string(model)),
        ("tokenizer.ggml.pre", .string("qwen2")),
        ("tokenizer.ggml.tokens", .array(tokens.map { .string($0) })),
        ("tokenizer.ggml.token_type", .array(types.map { .signed($0) })),
        ("tokenizer.ggml.scores", .array(tokens.indices.map { .float(-Float($0)) })),
        ("tokenizer.ggml.bos_token_id", .unsigned(1)),
        ("tokenizer.ggml.eos_token_id", .unsigned(2)),
        ("tokenizer.ggml.unknown_token_id", .unsigned(0)),
        ("tokenizer.ggml.add_bos_token", .bool(true)),
        ("tokenizer.chat_template", .string("{{ x }}")),
        ("tokenizer.ggml.precompiled_charsmap", .array([.unsigned(0), .unsigned(0)])),
      ]
      let merges =
        model == "gpt2" ? [("tokenizer.ggml.merges", GGUFValue.array([.string("a b")]))] : []
      let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("torus-fuzz-\(UUID().uuidString).gguf").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      try? GGUFWriter.write([], metadata: metadata + merges, to: path)
      return [UInt8](FileManager.default.contents(atPath: path) ?? Data())
    }
  }

  /// One file of each model, with components of most types.
  private static var samples: [[UInt8]] {
    let wordPiece = ##"""
      {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
       "max_input_chars_per_word": 9, "vocab": {"[UNK]": 0, "[CLS]": 1, "a": 2, "##b": 3, "b": 4}}
      """##
    let bpe = #"""
      {"type": "BPE", "dropout": null, "unk_token": null, "byte_fallback": false,
       "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4}, "merges": [["a", "b"], ["Ġ", "a"]]}
      """#
    let unigram = #"""
      {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁", -2.5], ["a", -1], ["ab", -1.5]]}
      """#
    let words = #"{"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1}, "unk_token": "<unk>"}"#
    return [
      file(
        #"{"type": "BertNormalizer", "lowercase": true}"#, #"{"type": "BertPreTokenizer"}"#,
        #"""
        {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
         {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens":
         {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]}}}
        """#, ###"{"type": "WordPiece", "prefix": "##"}"###, wordPiece),
      file(
        #"{"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Strip"}]}"#,
        #"{"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}"#,
        #"{"type": "ByteLevel", "trim_offsets": true}"#, #"{"type": "ByteLevel"}"#, bpe),
      file(
        #"{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}"#,
        #"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}"#, "null",
        #"{"type": "Metaspace", "replacement": "▁"}"#, unigram),
      file(
        "null",
        #"""
        {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
         {"type": "Split", "pattern": {"Regex": "\\s|(?<=a)b"}, "behavior": "Isolated"}]}
        """#, "null", #"{"type": "Strip", "content": "a", "start": 1, "stop": 0}"#, words),
    ]
  }

  private static func file(
    _ normalizer: String, _ preTokenizer: String, _ postProcessor: String, _ decoder: String,
    _ model: String
  ) -> [UInt8] {
    Array(
      """
      {"version": "1.0", "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 1},
       "padding": {"strategy": {"Fixed": 6}, "pad_id": 0, "pad_token": "x"},
       "added_tokens": [{"id": 0, "content": "x", "special": true, "lstrip": true}],
       "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
       "post_processor": \(postProcessor), "decoder": \(decoder), "model": \(model)}
      """.utf8)
  }
}
