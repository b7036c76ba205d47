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
  let tokens: [Token]

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
      throw TokenizerError.file(path: path, problem: error.message)
    }
  }

  init(path: String) throws(TokenizerError) {
    self.path = path
    metadata = try Self.metadata(of: path)
    guard metadata[Self.wholeKey] == nil else {
      tokens = []
      return
    }
    guard let texts = metadata["tokenizer.ggml.tokens"]?.array else {
      throw TokenizerError.file(
        path: path,
        problem: "there is no tokenizer: the file carries none (tokenizer.ggml.tokens); "
          + "put the model's tokenizer.json beside it")
    }
    guard texts.count <= Vocabulary.largestID else {
      throw TokenizerError.file(path: path, problem: "\(texts.count) tokens are too many")
    }
    let types = metadata["tokenizer.ggml.token_type"]?.array
    let scores = metadata["tokenizer.ggml.scores"]?.array
    for (key, list) in [("token_type", types), ("scores", scores)] {
      guard let list, list.count != texts.count else { continue }
      throw TokenizerError.file(
        path: path,
        problem: "tokenizer.ggml.\(key) has \(list.count) entries for \(texts.count) tokens; "
          + "convert the model again")
    }
    var tokens: [Token] = []
    tokens.reserveCapacity(texts.count)
    for (id, value) in texts.enumerated() {
      guard let text = value.string else {
        throw TokenizerError.file(
          path: path,
          problem: "tokenizer.ggml.tokens holds no text at \(id); convert the model again")
      }
      let type = types?[id].int.flatMap(TokenType.init) ?? .normal
      tokens.append(Token(text: text, type: type, score: Float(scores?[id].number ?? 0)))
    }
    self.tokens = tokens
  }

  // MARK: Keys

  func fault(_ key: String, _ problem: String) -> TokenizerError {
    TokenizerError.file(path: path, problem: "\(key) \(problem)")
  }

  /// A value under `tokenizer.ggml`.
  func value(_ key: String) -> GGUFValue? { metadata["tokenizer.ggml.\(key)"] }

  func flag(_ key: String) -> Bool? { value(key)?.bool }

  /// The token of an id that a key names.
  /// - Throws: ``TokenizerError`` where there is no such token.
  private func token(_ keys: [String]) throws(TokenizerError) -> String? {
    for key in keys {
      guard let value = value(key) else { continue }
      // Files say that there is none by the largest number.
      if value.int == Int(UInt32.max) || value.int == -1 { return nil }
      guard let id = value.int, tokens.indices.contains(id) else {
        throw fault("tokenizer.ggml.\(key)", "is none of the \(tokens.count) tokens")
      }
      return tokens[id].text
    }
    return nil
  }

  /// The tokens with a part to play.
  private func special() throws(TokenizerError) -> SpecialTokens {
    var special = SpecialTokens()
    special.bos = try token(["bos_token_id"])
    special.eos = try token(["eos_token_id"])
    special.unk = try token(["unknown_token_id"])
    // The format's own spelling has two e.
    special.sep = try token(["seperator_token_id", "separator_token_id"])
    special.pad = try token(["padding_token_id"])
    special.cls = try token(["cls_token_id"])
    special.mask = try token(["mask_token_id"])
    return special
  }

  // MARK: Tokenizers

  /// The tokenizer, to be called as one of a folder.
  /// - Parameter folder: Where the file lies, whose chat templates come before the file's own.
  func tokenizer(in folder: ModelFolder) throws -> PreTrainedTokenizer {
    if let text = metadata[Self.wholeKey]?.string {
      return try whole(text, folder)
    }
    var special = try special()
    let file: TokenizerFile
    let model = value("model")?.string ?? "none"
    switch model {
    case "gpt2": file = try byteLevel(special)
    case "llama":
      let usual = [("<s>", 1), ("</s>", 2), ("<unk>", 0)].map { text, id in
        tokens.indices.contains(id) && tokens[id].text == text ? text : nil
      }
      if value("bos_token_id") == nil { special.bos = usual[0] }
      if value("eos_token_id") == nil { special.eos = usual[1] }
      if value("unknown_token_id") == nil { special.unk = usual[2] }
      file = try sentencePiece(special)
    case "bert":
      special.cls = special.cls ?? special.bos ?? "[CLS]"
      special.sep = special.sep ?? special.eos ?? "[SEP]"
      special.unk = special.unk ?? "[UNK]"
      (special.bos, special.eos) = (nil, nil)
      file = try wordPiece(special)
    case "t5": file = try unigram(special)
    default:
      throw fault(
        "tokenizer.ggml.model",
        "is \"\(model)\"; gpt2, llama, bert and t5 are read. Put the model's tokenizer.json beside "
          + "the file")
    }
    var result = PreTrainedTokenizer(
      try Tokenizer(file, path: path), specialTokens: special, described: [],
      configuration: configuration, folder: folder)
    if model == "llama" { result.paddingSide = .left }
    if model == "bert" {
      result.modelInputNames = ["input_ids", "token_type_ids", "attention_mask"]
    }
    return result
  }

  /// What a folder's tokenizer_config.json would say.
  private var configuration: JSONValue {
    var members: [JSONValue.Member] = []
    let template = metadata["tokenizer.chat_template"]?.string
    var named: [(name: String, text: String)] = []
    for name in metadata["tokenizer.chat_templates"]?.array?.compactMap(\.string) ?? [] {
      if let text = metadata["tokenizer.chat_template.\(name)"]?.string {
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
    for (key, part) in [
      ("bos", \SpecialTokens.bos), ("eos", \.eos), ("unknown", \.unk), ("seperator", \.sep),
      ("padding", \.pad), ("cls", \.cls), ("mask", \.mask),
    ] as [(String, WritableKeyPath<SpecialTokens, String?>)] {
      guard let id = value("\(key)_token_id")?.int, id >= 0 else { continue }
      special[keyPath: part] =
        file.addedTokens.first { $0.id == id }?.token.content ?? file.model.vocabulary.token(of: id)
    }
    return PreTrainedTokenizer(
      try Tokenizer(file, path: path), specialTokens: special, described: [],
      configuration: configuration, folder: folder)
  }
}
