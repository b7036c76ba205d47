import Base
import Foundation

/// The tokenizer that a GGUF file carries in its metadata.
struct GGUFTokenizer {
  /// The kinds of tokens, by their numbers in `tokenizer.ggml.token_type`.
  enum TokenType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  /// A token with what the file says of it.
  struct Token {
    var text: String
    var type = TokenType.normal
    var score: Float = 0
  }

  let metadata: GGUFMetadata
  let path: String
  var tokens: [Token] = []
  /// The ids of tokens with a part to play, by its name; nil where the file says that there is none.
  var named: [String: Int?] = [:]

  /// The parts, by their names in keys, of which the format's own spelling of one has two e.
  static let parts: [(name: String, part: WritableKeyPath<SpecialTokens, String?> & Sendable)] = [
    ("bos", \.bos), ("eos", \.eos), ("unknown", \.unk), ("seperator", \.sep), ("padding", \.pad),
    ("cls", \.cls), ("mask", \.mask),
  ]

  /// Whether a file carries a tokenizer; false where it cannot be read, too.
  static func isPresent(in path: String) -> Bool {
    guard let metadata = try? metadata(of: path) else { return false }
    return metadata["tokenizer.ggml.tokens"] != nil || metadata[wholeKey] != nil
  }

  /// Under this key some files have their whole tokenizer.json.
  static let wholeKey = "tokenizer.huggingface.json"

  private static func metadata(of path: String) throws(TokenizerError) -> GGUFMetadata {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      throw TokenizerError.file(
        path: path, problem: "it cannot be read: \(error.localizedDescription)")
    }
    do {
      return try GGUFMetadata(contents: data)
    } catch {
      let remedy = error.kind == .unsupported ? "" : "; download or copy the file again"
      throw TokenizerError.file(path: path, problem: error.message + remedy)
    }
  }

  init(path: String) throws(TokenizerError) {
    self.path = path
    metadata = try Self.metadata(of: path)
    guard metadata[Self.wholeKey] == nil else { return }
    guard metadata["tokenizer.ggml.tokens"] != nil else {
      throw TokenizerError.file(
        path: path,
        problem: "there is no tokenizer: the file carries none (tokenizer.ggml.tokens); "
          + "put the model's tokenizer.json beside it")
    }
    tokens = try readTokens()
    named = try readNamed()
    // What has a part to play is special, whatever its type.
    for id in named.values.compactMap({ $0 }) where [.normal, .unused].contains(tokens[id].type) {
      tokens[id].type = .control
    }
  }

  // MARK: Keys

  func fault(_ key: String, _ problem: String) -> TokenizerError {
    TokenizerError.file(path: path, problem: "\(key) \(problem)")
  }

  /// A value under `tokenizer.ggml`.
  func value(_ key: String) -> GGUFValue? { metadata["tokenizer.ggml.\(key)"] }

  /// The tokens with a part to play.
  private func special() -> SpecialTokens {
    var special = SpecialTokens()
    for (name, part) in Self.parts {
      special[keyPath: part] = named[name].flatMap { $0 }.map { tokens[$0].text }
    }
    return special
  }

  /// A token where files of its model have one by custom, if nothing is said of it.
  private func usual(_ name: String, _ id: Int, _ fits: (Token) -> Bool) -> String? {
    guard named[name] == nil, tokens.indices.contains(id), fits(tokens[id]) else {
      return named[name].flatMap { $0 }.map { tokens[$0].text }
    }
    return tokens[id].text
  }

  // MARK: Tokenizers

  /// The tokenizer, to be called as one of a folder.
  /// - Parameter folder: Where the file lies, whose chat templates come before the file's own.
  func tokenizer(in folder: ModelFolder) throws -> PreTrainedTokenizer {
    if let text = try text(Self.wholeKey) {
      return try whole(text, folder)
    }
    var special = special()
    let file: TokenizerFile
    let model = try text("tokenizer.ggml.model") ?? "none"
    switch model {
    case "gpt2": file = try byteLevel(special)
    case "llama":
      special.bos = usual("bos", 1) { $0.text == "<s>" }
      special.eos = usual("eos", 2) { $0.text == "</s>" }
      special.unk = usual("unknown", 0) { $0.text == "<unk>" }
      file = try sentencePiece(special)
    case "bert":
      special.cls = special.cls ?? special.bos ?? "[CLS]"
      special.sep = special.sep ?? special.eos ?? "[SEP]"
      special.unk = special.unk ?? "[UNK]"
      (special.bos, special.eos) = (nil, nil)
      file = try wordPiece(special)
    case "t5":
      special.pad = usual("padding", 0) { $0.type == .control }
      special.eos = usual("eos", 1) { $0.type == .control }
      let unknown = tokens.firstIndex { $0.type == .unknown } ?? 2
      special.unk = usual("unknown", unknown) { _ in true }
      file = try unigram(special)
    default:
      throw fault(
        "tokenizer.ggml.model",
        "is \"\(model)\"; gpt2, llama, bert and t5 are read. Put the model's tokenizer.json beside "
          + "the file")
    }
    var result = PreTrainedTokenizer(
      try Tokenizer(file, path: path), specialTokens: special, described: [],
      configuration: try configuration(), folder: folder)
    if model == "llama" { result.paddingSide = .left }
    if model == "bert" {
      result.modelInputNames = ["input_ids", "token_type_ids", "attention_mask"]
    }
    return result
  }

  /// What a folder's tokenizer_config.json would say.
  private func configuration() throws(TokenizerError) -> JSONValue {
    var members: [JSONValue.Member] = []
    let template = try text("tokenizer.chat_template")
    var named: [(name: String, text: String)] = []
    for name in try texts("tokenizer.chat_templates") ?? [] {
      if let text = try text("tokenizer.chat_template.\(name)") {
        named.append((name, text))
      }
    }
    if let template, !named.isEmpty { named.append(("default", template)) }
    if !named.isEmpty {
      let items = named.map { name, text in
        JSONValue.object([
          .init(name: "name", value: .string(name)), .init(name: "template", value: .string(text)),
        ])
      }
      members.append(.init(name: "chat_template", value: .array(items)))
    } else if let template {
      members.append(.init(name: "chat_template", value: .string(template)))
    }
    return .object(members)
  }

  /// The tokenizer.json that the file holds as a text.
  private func whole(_ text: String, _ folder: ModelFolder) throws -> PreTrainedTokenizer {
    let file = try TokenizerFile(
      Array(text.utf8), path: "\(path), \(Self.wholeKey)")
    var special = SpecialTokens()
    for (name, part) in Self.parts {
      guard let id = try id(name) else { continue }
      let token =
        file.addedTokens.first { $0.id == id }?.token.content ?? file.model.vocabulary.token(of: id)
      guard let token else {
        throw fault("tokenizer.ggml.\(name)_token_id", "is \(id), and no token has that id")
      }
      special[keyPath: part] = token
    }
    return PreTrainedTokenizer(
      try Tokenizer(file, path: path), specialTokens: special, described: [],
      configuration: try configuration(), folder: folder)
  }
}
