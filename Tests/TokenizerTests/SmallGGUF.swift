import Base
import Foundation
import Testing
import Tokenizers

/// A GGUF file of all bytes and no merges but one.
struct SmallGGUF {
  var pairs: [(key: String, value: GGUFValue)]

  init(pre: String) {
    // The byte-level alphabet, as a vocabulary trained on nothing has it.
    let bytes = BPETrainer.byteLevelAlphabet.map { String($0) }.sorted()
    let tokens = bytes + ["th", "<end>"]
    let types = bytes.map { _ in GGUFValue.signed(1) } + [.signed(1), .signed(3)]
    pairs = [
      ("general.architecture", .string("llama")), ("tokenizer.ggml.model", .string("gpt2")),
      ("tokenizer.ggml.pre", .string(pre)),
      ("tokenizer.ggml.tokens", .array(tokens.map { .string($0) })),
      ("tokenizer.ggml.token_type", .array(types)),
      ("tokenizer.ggml.merges", .array([.string("t h")])),
      ("tokenizer.ggml.bos_token_id", .unsigned(UInt64(tokens.count - 1))),
    ]
  }

  /// A file with a vocabulary of one's own, and what files of its model have besides.
  init(model: String, _ tokens: [(text: String, type: Int64, score: Float)]) {
    pairs = [
      ("general.architecture", .string(model)), ("tokenizer.ggml.model", .string(model)),
      ("tokenizer.ggml.tokens", .array(tokens.map { .string($0.text) })),
      ("tokenizer.ggml.token_type", .array(tokens.map { .signed($0.type) })),
    ]
    if model == "gpt2" {
      pairs.append(("tokenizer.ggml.merges", .array([])))
    } else if model != "bert" {
      pairs.append(("tokenizer.ggml.scores", .array(tokens.map { .float($0.score) })))
    }
  }

  subscript(key: String) -> GGUFValue? {
    get { pairs.first { $0.key == key }?.value }
    set {
      pairs.removeAll { $0.key == key }
      if let newValue { pairs.append((key, newValue)) }
    }
  }

  /// The tokenizer of the file, which lies alone in a folder.
  func tokenizer() throws -> PreTrainedTokenizer {
    var result: PreTrainedTokenizer?
    try withFolder { folder in
      let path = "\(folder)/model.gguf"
      try data.write(to: URL(fileURLWithPath: path))
      result = try AutoTokenizer.fromPretrained(path)
    }
    return try #require(result)
  }

  private var data: Data {
    var data = Data("GGUF".utf8)
    func put<Number: FixedWidthInteger>(_ number: Number) {
      withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) }
    }
    func put(_ text: String) {
      put(UInt64(text.utf8.count))
      data.append(contentsOf: text.utf8)
    }
    func put(_ value: GGUFValue) {
      switch value {
      case .string(let text): put(text)
      case .unsigned(let number): put(UInt32(number))
      case .signed(let number): put(Int32(number))
      case .float(let number): put(number.bitPattern)
      case .double(let number): put(number.bitPattern)
      case .bool(let flag): put(UInt8(flag ? 1 : 0))
      case .array(let values):
        put(values.first?.type ?? 8)
        put(UInt64(values.count))
        for value in values { put(value) }
      }
    }
    put(UInt32(3))
    put(UInt64(0))
    put(UInt64(pairs.count))
    for (key, value) in pairs {
      put(key)
      put(value.type)
      put(value)
    }
    return data
  }
}
