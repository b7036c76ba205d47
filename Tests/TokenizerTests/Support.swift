import Foundation
import Tokenizers

/// Where the cases with known answers lie.
enum Cases {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Conformance/huggingface").path

  static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(path: folder + "/tokenizers/\(name)/tokenizer.json")
  }
}

/// A small tokenizer.json around a model, for tests of single parts.
enum SmallTokenizer {
  static func make(
    normalizer: String = "null", preTokenizer: String = "null", postProcessor: String = "null",
    decoder: String = "null", added: String = "[]", model: String
  ) throws -> Tokenizer {
    try Tokenizer(
      json: Array(
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(added),
        "normalizer": \(normalizer), "pre_tokenizer": \(preTokenizer),
        "post_processor": \(postProcessor), "decoder": \(decoder), "model": \(model)}
        """.utf8))
  }

  /// Words a, b, c and an unknown token.
  static let words =
    #"{"type": "WordLevel", "vocab": {"<unk>": 0, "a": 1, "b": 2, "c": 3}, "unk_token": "<unk>"}"#
}

/// A folder that is removed when the test ends.
func withFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "tokenizers-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}
