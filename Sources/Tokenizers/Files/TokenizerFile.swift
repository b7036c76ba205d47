import Base
import Foundation

/// A tokenizer.json: its model's tables, and its other parts as they stand there.
struct TokenizerFile: Sendable {
  var model: ModelTables
  /// JSON texts, "null" where there is none.
  var normalizer = "null"
  var preTokenizer = "null"
  var postProcessor = "null"
  var decoder = "null"
  var truncation = "null"
  var padding = "null"
  var addedTokens: [(id: Int, token: AddedToken)] = []

  init(model: ModelTables) { self.model = model }

  init(path: String) throws(TokenizerError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw TokenizerError.file(path: path, problem: "it cannot be read")
    }
    try self.init([UInt8](data), path: path)
  }

  init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizerError.file(path: path, problem: "it is not valid UTF-8")
    }
    var start = 0
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
    do throws(JSONParser.Fault) {
      self = try bytes.withUnsafeBufferPointer { buffer throws(JSONParser.Fault) in
        guard let p = buffer.baseAddress else {
          throw JSONParser.Fault(message: "it is empty", position: 0)
        }
        return try TokenizerFile(p, start..<buffer.count)
      }
    } catch {
      throw TokenizerError.file(
        path: path, problem: "\(error.message) (byte \(error.position))")
    }
  }

  private init(_ p: UnsafePointer<UInt8>, _ range: Range<Int>) throws(JSONParser.Fault) {
    var scanner = JSONScanner(p, range)
    var members: [String: Range<Int>] = [:]
    try scanner.object { one, name throws(JSONParser.Fault) in members[name] = try one.skip() }
    guard scanner.peek() == 0 else { throw scanner.fault("more follows the value") }
    guard let model = members["model"] else { throw scanner.fault("there is no model") }
    self.model = try ModelReader(p, model).read()
    func text(_ name: String) -> String { members[name].map { scanner.text($0) } ?? "null" }
    normalizer = text("normalizer")
    preTokenizer = text("pre_tokenizer")
    postProcessor = text("post_processor")
    decoder = text("decoder")
    truncation = text("truncation")
    padding = text("padding")
    if let range = members["added_tokens"] {
      for item in try scanner.value(range).array ?? [] {
        guard let id = item["id"]?.count, let token = AddedToken(json: item) else {
          throw JSONParser.Fault(
            message: "an added token has no id or content", position: range.lowerBound)
        }
        addedTokens.append((id, token))
      }
    }
  }
}

extension AddedToken {
  /// A token as an object, or as a string alone.
  init?(json: JSONValue, special: Bool = false) {
    if let content = json.string {
      self.init(content, special: special)
      return
    }
    guard let content = json["content"]?.string else { return nil }
    let isSpecial = json["special"]?.bool ?? special
    self.init(
      content, singleWord: json["single_word"]?.bool ?? false,
      lstrip: json["lstrip"]?.bool ?? false, rstrip: json["rstrip"]?.bool ?? false,
      normalized: json["normalized"]?.bool, special: isSpecial)
  }

  /// The token as an object's members.
  var json: String {
    "\"content\": \(quotedJSON(content)), \"single_word\": \(singleWord), \"lstrip\": \(lstrip), "
      + "\"rstrip\": \(rstrip), \"normalized\": \(normalized), \"special\": \(special)"
  }
}
