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
    ]
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
