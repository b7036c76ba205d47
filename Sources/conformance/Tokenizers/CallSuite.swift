import Base
import Foundation
import Tokenizers

/// Calls of `tokenizer(…)` with all its settings, word numbers, and decoding: `calls/NAME/cases.json`.
struct CallSuite: Suite {
  private let folders: TokenizerFolders
  var units: [String] { folders.units }

  init(_ path: URL) throws { folders = try TokenizerFolders(path) }

  func checks(of unit: String) throws -> [Check] {
    let file = try folders.cases(unit)
    let path = folders.path(unit)
    let tokenizer = Result { try AutoTokenizer.fromPretrained(path) }
    func checks(
      _ name: String, _ check: @escaping (JSONValue, PreTrainedTokenizer) throws -> Void
    ) -> [Check] {
      (file[name]?.array ?? []).enumerated().map { number, item in
        Check(id: "\(name) \(number)") { try check(item, try tokenizer.get()) }
      }
    }
    let facts = file["facts"].map { facts in
      [Check(id: "facts") { try Self.checkFacts(facts, try tokenizer.get()) }]
    }
    return (facts ?? []) + checks("calls", Self.checkCall) + checks("words", Self.checkWords)
      + checks("decode", Self.checkDecoding)
  }

  private static func checkFacts(_ facts: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    for member in facts.members ?? [] {
      let value = member.value
      switch member.name {
      case "pad_token_id": try Expectation.equal(member.name, tokenizer.padTokenId, value.int)
      case "eos_token_id": try Expectation.equal(member.name, tokenizer.eosTokenId, value.int)
      case "bos_token_id": try Expectation.equal(member.name, tokenizer.bosTokenId, value.int)
      case "unk_token_id": try Expectation.equal(member.name, tokenizer.unkTokenId, value.int)
      case "sep_token_id": try Expectation.equal(member.name, tokenizer.sepTokenId, value.int)
      case "cls_token_id": try Expectation.equal(member.name, tokenizer.clsTokenId, value.int)
      case "mask_token_id": try Expectation.equal(member.name, tokenizer.maskTokenId, value.int)
      case "vocab_size": try Expectation.equal(member.name, tokenizer.vocabularySize, value.int)
      case "len": try Expectation.equal(member.name, tokenizer.count, value.int)
      case "all_special_tokens":
        try Expectation.equal(member.name, tokenizer.allSpecialTokens, value.strings ?? [])
      case "all_special_ids":
        try Expectation.equal(member.name, tokenizer.allSpecialIds, value.ints ?? [])
      case "padding_side":
        try Expectation.equal(
          member.name, tokenizer.paddingSide.rawValue, value.string ?? "none")
      case "truncation_side":
        try Expectation.equal(
          member.name, tokenizer.truncationSide.rawValue, value.string ?? "none")
      case "model_max_length":
        try Expectation.equal(member.name, tokenizer.modelMaxLength, value.int)
      case "model_input_names":
        try Expectation.equal(member.name, tokenizer.modelInputNames, value.strings ?? [])
      case "num_special_tokens_to_add":
        let own = [
          tokenizer.numSpecialTokensToAdd(), tokenizer.numSpecialTokensToAdd(pair: true),
        ]
        try Expectation.equal(member.name, own, value.ints ?? [])
      default: throw Unsupported("the fact \(member.name)")
      }
    }
  }

  private static func checkCall(_ item: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    let options = try options(item["settings"])
    let got: BatchEncoding
    do {
      got = try call(item, tokenizer, options)
    } catch let error as TokenizerError {
      if item["error"] == nil { throw Mismatch("refused: \(error)") }
      return
    }
    guard let output = item["output"] else { throw Mismatch("taken, though it must be refused") }
    for member in output.members ?? [] {
      let rows: [[JSONValue]]
      let isFlat = member.value.array?.first?.array == nil || isRowOfPairs(member, output)
      rows = isFlat ? [member.value.array ?? []] : (member.value.array ?? []).map { $0.array ?? [] }
      func ints(_ values: [[Int]]?) throws {
        try Expectation.equal(member.name, values ?? [], rows.map { $0.compactMap(\.int) })
      }
      switch member.name {
      case "input_ids": try ints(got.inputIds)
      case "token_type_ids": try ints(got.tokenTypeIds)
      case "attention_mask": try ints(got.attentionMask)
      case "special_tokens_mask": try ints(got.specialTokensMask)
      case "length": try ints(got.length.map { [$0] })
      case "overflow_to_sample_mapping": try ints(got.overflowToSampleMapping.map { [$0] })
      case "offset_mapping":
        let own = got.offsetMapping?.map { $0.map { [$0.lowerBound, $0.upperBound] } }
        try Expectation.equal(member.name, own ?? [], rows.map { $0.map { $0.ints ?? [] } })
      default: throw Unsupported("the output \(member.name)")
      }
    }
    let names = Set((output.members ?? []).map(\.name))
    try Expectation.equal(
      "token_type_ids", got.tokenTypeIds != nil, names.contains("token_type_ids"))
    try Expectation.equal(
      "attention_mask", got.attentionMask != nil, names.contains("attention_mask"))
  }

  /// Whether the offsets of a single text stand in one row.
  private static func isRowOfPairs(_ member: JSONValue.Member, _ output: JSONValue) -> Bool {
    member.name == "offset_mapping" && output["input_ids"]?.array?.first?.array == nil
  }

  private static func call(
    _ item: JSONValue, _ tokenizer: PreTrainedTokenizer, _ options: CallOptions
  ) throws -> BatchEncoding {
    let (text, pair) = (item["text"], item["pair"])
    if let text = text?.string { return try tokenizer(text, textPair: pair?.string, options) }
    if let texts = text?.strings {
      return try tokenizer(texts, textPair: pair?.strings, options)
    }
    guard let words = text?.array?.map({ $0.strings ?? [] }) else {
      throw Unsupported("a case without text")
    }
    return try tokenizer(words: words, pairs: pair?.array?.map { $0.strings ?? [] }, options)
  }

  private static func options(_ settings: JSONValue?) throws -> CallOptions {
    var options = CallOptions()
    for member in settings?.members ?? [] {
      let value = member.value
      switch member.name {
      case "add_special_tokens": options.addSpecialTokens = value.bool ?? true
      case "padding":
        options.padding =
          value.bool.map { $0 ? .longest : .doNotPad }
          ?? value.string.flatMap { .init(rawValue: $0) } ?? .doNotPad
        // A length cuts by itself only where padding is not spoken of at all.
        if value.string != nil, settings?["truncation"] == nil {
          options.truncation = .doNotTruncate
        }
      case "truncation":
        options.truncation =
          value.bool.map { $0 ? .longestFirst : .doNotTruncate }
          ?? value.string.flatMap { .init(rawValue: $0) }
      case "max_length": options.maxLength = value.int
      case "stride": options.stride = value.int ?? 0
      case "is_split_into_words": options.isSplitIntoWords = value.bool ?? false
      case "pad_to_multiple_of": options.padToMultipleOf = value.int
      case "padding_side": options.paddingSide = value.string.flatMap { .init(rawValue: $0) }
      case "return_token_type_ids": options.returnTokenTypeIds = value.bool
      case "return_attention_mask": options.returnAttentionMask = value.bool
      case "return_overflowing_tokens": options.returnOverflowingTokens = value.bool ?? false
      case "return_special_tokens_mask": options.returnSpecialTokensMask = value.bool ?? false
      case "return_offsets_mapping": options.returnOffsetsMapping = value.bool ?? false
      case "return_length": options.returnLength = value.bool ?? false
      default: throw Unsupported("the setting \(member.name)")
      }
    }
    return options
  }

  private static func checkWords(_ item: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    var options = CallOptions()
    options.isSplitIntoWords = item["text"]?.string == nil
    options.returnOffsetsMapping = true
    let got = try call(item, tokenizer, options)
    try Expectation.equal("word_ids", got.wordIds(), item["word_ids"]?.optionalInts ?? [])
    try Expectation.equal(
      "sequence_ids", got.sequenceIds(), item["sequence_ids"]?.optionalInts ?? [])
    if let tokens = item["tokens"]?.strings {
      try Expectation.equal("tokens", tokenizer.backend.tokens(of: got.encodings[0]), tokens)
    }
  }

  private static func checkDecoding(_ item: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    let settings = item["settings"]
    let text = tokenizer.decode(
      item["ids"]?.ints ?? [], skipSpecialTokens: settings?["skip_special_tokens"]?.bool ?? false,
      cleanUpTokenizationSpaces: settings?["clean_up_tokenization_spaces"]?.bool)
    try Expectation.equal("text", text, item["text"]?.string ?? "")
  }
}
