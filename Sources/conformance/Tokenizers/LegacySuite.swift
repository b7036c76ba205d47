import Base
import Foundation
import Tokenizers

/// Folders without tokenizer.json: what AutoTokenizer makes of vocabularies, merges and
/// SentencePiece models.
struct LegacySuite: Suite {
  private let folders: TokenizerFolders
  var units: [String] { folders.units }

  init(_ path: URL) throws { folders = try TokenizerFolders(path) }

  func checks(of unit: String) throws -> [Check] {
    let file = try folders.cases(unit)
    let path = folders.path(unit)
    let tokenizer = Result { try AutoTokenizer.fromPretrained(path) }
    let facts = Check(id: "facts") { try Self.checkFacts(file, try tokenizer.get()) }
    let cases = (file["cases"]?.array ?? []).enumerated().map { number, item in
      Check(id: "\(number)") { try Self.check(item, try tokenizer.get()) }
    }
    // What the sentencepiece library itself makes of texts.
    let model = Result {
      let names = ["spiece.model", "tokenizer.model", "sentencepiece.bpe.model"]
      let paths = names.map { "\(path)/\($0)" }
      guard let model = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
        throw RunnerError("\(path) holds no SentencePiece model")
      }
      return try Tokenizer(sentencePiece: model)
    }
    let pieces = (file["sentencepiece"]?.array ?? []).enumerated().map { number, item in
      Check(id: "sentencepiece \(number)") {
        guard let text = item["text"]?.string, let ids = item["ids"]?.ints else {
          throw Unsupported("a case without text or ids")
        }
        try Expectation.equal("ids", try model.get().ids(of: text), ids)
        if let pieces = item["pieces"]?.strings {
          let encoding = try model.get().encode(text)
          // Unknown text stands for itself among the library's pieces.
          let own = zip(try model.get().tokens(of: encoding), pieces)
            .map { $0 == "<unk>" ? $1 : $0 }
          try Expectation.equal("pieces", own, pieces)
        }
      }
    }
    return [facts] + cases + pieces
  }

  private static func checkFacts(_ file: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    for member in file["special"]?.members ?? [] {
      let own = Self.special(member.name, tokenizer.specialTokens)
      try Expectation.equal(member.name, own ?? "none", member.value.string ?? "none")
    }
    if let length = file["model_max_length"] {
      try Expectation.equal("model_max_length", tokenizer.modelMaxLength, length.int)
    }
    if let side = file["padding_side"]?.string {
      try Expectation.equal("padding_side", tokenizer.paddingSide.rawValue, side)
    }
  }

  static func special(_ name: String, _ tokens: SpecialTokens) -> String? {
    switch name {
    case "bos_token": tokens.bos
    case "eos_token": tokens.eos
    case "unk_token": tokens.unk
    case "sep_token": tokens.sep
    case "pad_token": tokens.pad
    case "cls_token": tokens.cls
    case "mask_token": tokens.mask
    default: nil
    }
  }

  private static func check(_ item: JSONValue, _ tokenizer: PreTrainedTokenizer) throws {
    guard let text = item["text"]?.string else { throw Unsupported("a case without text") }
    let pair = item["pair"]?.string
    var options = CallOptions()
    options.returnTokenTypeIds = true
    let got = try tokenizer(text, textPair: pair, options)
    if let ids = item["ids"]?.ints { try Expectation.equal("ids", got.inputIds[0], ids) }
    if let types = item["type_ids"]?.ints {
      try Expectation.equal("type_ids", got.tokenTypeIds?.first ?? [], types)
    }
    if let tokens = item["tokens"]?.strings {
      let own = tokenizer.convertIdsToTokens(got.inputIds[0]).map { $0 ?? "none" }
      try Expectation.equal("tokens", own, tokens)
    }
    if let plain = item["plain_ids"]?.ints {
      options.addSpecialTokens = false
      try Expectation.equal("plain_ids", try tokenizer(text, options).inputIds[0], plain)
    }
    if let decoded = item["decoded"]?.string {
      try Expectation.equal("decoded", tokenizer.decode(got.inputIds[0]), decoded)
    }
    if let decoded = item["decoded_skip"]?.string {
      try Expectation.equal(
        "decoded_skip", tokenizer.decode(got.inputIds[0], skipSpecialTokens: true), decoded)
    }
  }
}
