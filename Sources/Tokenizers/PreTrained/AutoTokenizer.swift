import Base

/// Makes tokenizers of the folders that models are published in.
public enum AutoTokenizer {
  /// Reads a folder, or a name that the hub's cache holds: tokenizer.json, or vocab.txt, or vocab.json
  /// and merges.txt, or a SentencePiece model (spiece.model, tokenizer.model), with what
  /// tokenizer_config.json says; where there is none of these, the tokenizer that a GGUF file carries.
  ///
  /// - Parameters:
  ///   - nameOrPath: A folder, a GGUF file, or a name such as `org/model`.
  ///   - revision: The branch, tag or commit in the cache.
  ///   - cache: The cache's folder where it is not the environment's.
  /// - Throws: ``TokenizerError`` or an error that names the file that is missing or damaged.
  public static func fromPretrained(
    _ nameOrPath: String, revision: String = "main", cache: String? = nil
  ) throws -> PreTrainedTokenizer {
    let folder = try ModelFolder(nameOrPath, revision: revision, cache: cache)
    if let file = try carrier(in: folder) {
      return try GGUFTokenizer(path: file).tokenizer(in: folder)
    }
    return try FolderReader(folder).read()
  }

  /// The files of which any makes a tokenizer, as they are looked for.
  package static let files = [
    "tokenizer.json", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "vocab.json",
    "vocab.txt",
  ]

  /// Whether a folder has a tokenizer, as a file of its own or within a GGUF file.
  package static func hasTokenizer(_ folder: ModelFolder) -> Bool {
    if files.contains(where: { folder.file($0) != nil }) { return true }
    guard let file = try? carrier(in: folder) else { return false }
    return GGUFTokenizer.isPresent(in: file)
  }

  /// The GGUF file that carries the tokenizer: the one that was named, or the only one, of a folder
  /// without a tokenizer of its own.
  package static func carrier(in folder: ModelFolder) throws(TokenizerError) -> String? {
    guard files.allSatisfy({ folder.file($0) == nil }) else { return nil }
    if let file = folder.ggufFile { return file }
    let files = folder.files(ending: ".gguf")
    guard files.count < 2 else {
      throw TokenizerError.file(
        path: folder.path,
        problem:
          "there is no tokenizer but in several GGUF files; give the path of the one that is meant")
    }
    return files.first
  }
}

/// Reads the files of one folder.
private struct FolderReader {
  let folder: ModelFolder
  let configuration: JSONValue
  let family: TokenizerFamily
  var special: SpecialTokens
  var described: [AddedToken]
  /// The parts for which a file says that there is no token, whatever is usual.
  var absent: Set<String> = []
  /// Tokens of added_tokens.json or of `added_tokens_decoder`, by id.
  var added: [(id: Int, token: AddedToken)] = []

  init(_ folder: ModelFolder) throws {
    self.folder = folder
    let own = try folder.json("tokenizer_config.json")
    configuration = own ?? .object([])
    family = TokenizerFamily(configuration: own, model: try? folder.json("config.json"))
    special = SpecialTokens.usual(for: family)
    described = special.take(configuration)
    absent = Set(SpecialTokens.names.map(\.name).filter { configuration[$0] == .null })
    if let members = configuration["added_tokens_decoder"]?.members {
      for member in members {
        guard let id = Int(member.name), id >= 0, id <= Vocabulary.largestID,
          let token = AddedToken(json: member.value)
        else {
          throw TokenizerError.file(
            path: folder.path + "/tokenizer_config.json",
            problem: "added_tokens_decoder has an entry \"\(member.name)\" that is no token")
        }
        added.append((id, token))
      }
    } else {
      // Older folders: what special_tokens_map.json says wins.
      if let map = try folder.json("special_tokens_map.json") {
        let more = special.take(map)
        described = more + described
        absent = absent.filter { (map[$0] ?? .null) == .null }
      }
      for member in try folder.json("added_tokens.json")?.members ?? [] {
        guard let id = member.value.count, id <= Vocabulary.largestID else {
          throw TokenizerError.file(
            path: folder.path + "/added_tokens.json", problem: "\(member.name) has no id")
        }
        added.append((id, AddedToken(member.name, normalized: true)))
      }
    }
    added.sort { $0.id < $1.id }
  }

  func read() throws -> PreTrainedTokenizer {
    var (file, path) = try pipeline()
    var special = special
    let known = Set(file.addedTokens.map { Array($0.token.content.utf8) })
    for (_, token) in added where !known.contains(Array(token.content.utf8)) {
      file.addedTokens.append((0, token))
    }
    // What is only usual holds where the vocabulary has it.
    let usual = SpecialTokens.usual(for: family)
    let all = known.union(added.map { Array($0.token.content.utf8) })
    for (name, part) in SpecialTokens.names {
      if let token = special[keyPath: part], configuration[name] == nil,
        token == usual[keyPath: part], !all.contains(Array(token.utf8)),
        file.model.vocabulary.id(of: token) == nil
      {
        special[keyPath: part] = nil
      }
      if absent.contains(name) { special[keyPath: part] = nil }
    }
    let backend = try Tokenizer(file, path: path)
    var result = PreTrainedTokenizer(
      backend, specialTokens: special, described: described, configuration: configuration,
      folder: folder)
    try configure(&result)
    return result
  }

  private func pipeline() throws -> (TokenizerFile, String) {
    if let path = folder.file("tokenizer.json") {
      var file = try TokenizerFile(path: path)
      try adjust(&file)
      return (file, path)
    }
    for name in ["spiece.model", "tokenizer.model", "sentencepiece.bpe.model"] {
      guard let bytes = try folder.bytes(of: name) else { continue }
      let path = folder.path + "/" + name
      let conversion = SentencePieceConversion(
        file: try SentencePieceFile(bytes, path: path), family: family,
        configuration: configuration, special: special, path: path)
      return (try conversion.tokenizerFile(), path)
    }
    let files = VocabularyFiles(folder: folder, configuration: configuration, special: special)
    if let bytes = try folder.bytes(of: "vocab.json") {
      guard let merges = try folder.bytes(of: "merges.txt") else {
        throw TokenizerError.file(
          path: folder.path, problem: "vocab.json is there and merges.txt is not")
      }
      let file = try files.byteLevel(
        vocabulary: bytes, merges: merges, isRoberta: family == .roberta)
      return (file, folder.path + "/vocab.json")
    }
    if let bytes = try folder.bytes(of: "vocab.txt") {
      let path = folder.path + "/vocab.txt"
      return (try files.bert(bytes, path: path), path)
    }
    throw TokenizerError.file(
      path: folder.path,
      problem: "there is no tokenizer: no tokenizer.json, vocab.txt, vocab.json with merges.txt, "
        + "spiece.model or tokenizer.model")
  }

  /// Follows tokenizer_config.json where it differs from a BERT pipeline's normalizer.
  private func adjust(_ file: inout TokenizerFile) throws {
    guard let json = try? JSONParser.parse(Array(file.normalizer.utf8)),
      json["type"]?.string == "BertNormalizer", family == .bert
    else { return }
    func flag(_ ours: String, _ theirs: String) -> String {
      let value = configuration[ours] ?? json[theirs]
      return value?.bool.map { "\($0)" } ?? "null"
    }
    file.normalizer =
      #"{"type": "BertNormalizer", "clean_text": \#(json["clean_text"]?.bool ?? true), "#
      + #""handle_chinese_chars": \#(flag("tokenize_chinese_chars", "handle_chinese_chars")), "#
      + #""strip_accents": \#(flag("strip_accents", "strip_accents")), "#
      + #""lowercase": \#(flag("do_lower_case", "lowercase"))}"#
  }

  private func configure(_ result: inout PreTrainedTokenizer) throws {
    // Numbers such as 1e30 stand for no limit.
    if let length = configuration["model_max_length"]?.double, length < 1e15, length >= 0 {
      result.modelMaxLength = Int(length)
    }
    func side(_ name: String, _ usual: Truncation.Side) throws -> Truncation.Side {
      guard let text = configuration[name]?.string else { return usual }
      guard let side = Truncation.Side(rawValue: text) else {
        throw TokenizerError.file(
          path: folder.path + "/tokenizer_config.json",
          problem: "\(name) is \"\(text)\"; it must be left or right")
      }
      return side
    }
    result.paddingSide = try side("padding_side", family == .llama ? .left : .right)
    result.truncationSide = try side("truncation_side", .right)
    if let names = configuration["model_input_names"]?.array {
      result.modelInputNames = names.compactMap(\.string)
    } else if family == .bert {
      result.modelInputNames = ["input_ids", "token_type_ids", "attention_mask"]
    }
    result.cleanUpTokenizationSpaces =
      configuration["clean_up_tokenization_spaces"]?.bool ?? false
  }
}
