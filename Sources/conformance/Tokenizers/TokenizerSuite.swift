import Base
import Foundation
import Tokenizers

/// Raw pipelines: `NAME/tokenizer.json` and texts with their ids, tokens, offsets and decoded text.
struct TokenizerSuite: Suite {
  private let folders: TokenizerFolders
  var units: [String] { folders.units }

  init(_ path: URL) throws { folders = try TokenizerFolders(path) }

  func checks(of unit: String) throws -> [Check] {
    let cases = try folders.cases(unit)
    let path = folders.path(unit) + "/tokenizer.json"
    let tokenizer = Result { try Tokenizer(path: path) }
    return (cases.array ?? cases["cases"]?.array ?? []).enumerated().map { number, item in
      Check(id: "\(number)") { try Self.check(item, try tokenizer.get()) }
    }
  }

  private static func check(_ item: JSONValue, _ tokenizer: Tokenizer) throws {
    guard let text = item["text"]?.string else { throw Unsupported("a case without text") }
    let got = try tokenizer.encode(text, pair: item["pair"]?.string)
    if let ids = item["ids"]?.ints { try Expectation.equal("ids", got.ids, ids) }
    if let tokens = item["tokens"]?.strings {
      try Expectation.equal("tokens", tokenizer.tokens(of: got), tokens)
    }
    if let offsets = item["offsets"]?.pairs {
      let own = got.offsets.map { [$0.lowerBound, $0.upperBound] }
      try Expectation.equal("offsets", own, offsets)
    }
    if let types = item["type_ids"]?.ints { try Expectation.equal("type_ids", got.typeIds, types) }
    if let mask = item["special_tokens_mask"]?.ints {
      try Expectation.equal("special_tokens_mask", got.specialTokensMask, mask)
    }
    if let plain = item["plain_ids"]?.ints {
      try Expectation.equal("plain_ids", try tokenizer.ids(of: text), plain)
      let own = try tokenizer.encode(text, addSpecialTokens: false, offsets: false).ids
      try Expectation.equal("plain_ids without offsets", own, plain)
    }
    if let decoded = item["decoded"]?.string {
      try Expectation.equal(
        "decoded", tokenizer.decode(got.ids, skipSpecialTokens: true), decoded)
    }
    if let decoded = item["decoded_with_special"]?.string {
      try Expectation.equal("decoded_with_special", tokenizer.decode(got.ids), decoded)
    }
  }
}
