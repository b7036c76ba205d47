import Base

/// Makes the parts of a pipeline from their JSON.
struct ComponentReader {
  /// The file, for errors.
  let path: String

  func fault(_ part: String, _ problem: String) -> TokenizerError {
    TokenizerError.file(path: path, problem: "\(part): \(problem)")
  }

  private func parse(_ text: String, _ part: String) throws(TokenizerError) -> JSONValue {
    do {
      return try JSONParser.parse(Array(text.utf8))
    } catch {
      throw fault(part, "\(error.message) (byte \(error.position))")
    }
  }

  private func list<Part>(
    _ json: JSONValue, _ name: String, _ part: String,
    _ make: (JSONValue) throws(TokenizerError) -> Part
  ) throws(TokenizerError) -> [Part] {
    guard let items = json[name]?.array else { throw fault(part, "a Sequence has no \(name)") }
    var result: [Part] = []
    for item in items { result.append(try make(item)) }
    return result
  }

  private func text(
    _ json: JSONValue, _ name: String, _ part: String
  ) throws(TokenizerError) -> String {
    guard let value = json[name]?.string else {
      throw fault(part, "\(json["type"]?.string ?? "it") has no \(name)")
    }
    return value
  }

  func pattern(_ json: JSONValue, _ part: String) throws(TokenizerError) -> TextPattern {
    let pattern = json["pattern"]
    if let text = pattern?["String"]?.string ?? pattern?.string { return TextPattern(text: text) }
    guard let expression = pattern?["Regex"]?.string else {
      throw fault(part, "\(json["type"]?.string ?? "it") has no pattern")
    }
    do {
      return try TextPattern(expression: expression)
    } catch {
      throw fault(part, error.description)
    }
  }

  private func count(
    _ json: JSONValue, _ name: String, _ part: String
  ) throws(TokenizerError) -> Int {
    guard let value = json[name]?.count else { throw fault(part, "\(name) is no whole number") }
    return value
  }

  // MARK: Normalizers

  func normalizer(_ text: String) throws(TokenizerError) -> (any Normalizer)? {
    let json = try parse(text, "normalizer")
    return json.isNull ? nil : try normalizer(json)
  }

  private func normalizer(_ json: JSONValue) throws(TokenizerError) -> any Normalizer {
    let part = "normalizer"
    let type = try text(json, "type", part)
    switch type {
    case "Sequence":
      return NormalizerSequence(
        parts: try list(json, "normalizers", part) { one throws(TokenizerError) in
          try normalizer(one)
        })
    case "BertNormalizer":
      var result = BertNormalizer()
      result.cleansText = json["clean_text"]?.bool ?? true
      result.handlesChineseCharacters = json["handle_chinese_chars"]?.bool ?? true
      result.stripsAccents = json["strip_accents"]?.bool
      result.lowercases = json["lowercase"]?.bool ?? true
      return result
    case "NFC", "NFD", "NFKC", "NFKD":
      guard let form = NormalizationForm(rawValue: type) else { break }
      return UnicodeNormalizer(form: form)
    case "Lowercase": return LowercaseNormalizer()
    case "Strip":
      return StripNormalizer(
        left: json["strip_left"]?.bool ?? true, right: json["strip_right"]?.bool ?? true)
    case "StripAccents": return StripAccentsNormalizer()
    case "Nmt": return NmtNormalizer()
    case "Prepend": return PrependNormalizer(prefix: Array(try text(json, "prepend", part).utf8))
    case "Append": return AppendNormalizer(suffix: Array(try text(json, "append", part).utf8))
    case "ByteLevel": return ByteLevelNormalizer()
    case "Replace":
      return ReplaceNormalizer(
        pattern: try pattern(json, part), content: Array(try text(json, "content", part).utf8))
    case "Precompiled":
      let encoded = try text(json, "precompiled_charsmap", part)
      guard let map = CharacterMap(base64: encoded) else {
        throw fault(part, "precompiled_charsmap is damaged")
      }
      return PrecompiledNormalizer(map: map)
    default: break
    }
    return try registered(type, json, part, TokenizerComponents.normalizer)
  }

  /// A part that the program has added.
  private func registered<Part>(
    _ type: String, _ json: JSONValue, _ part: String,
    _ make: (String, JSONValue) throws -> Part?
  ) throws(TokenizerError) -> Part {
    let made: Part?
    do {
      made = try make(type, json)
    } catch {
      throw fault(part, "\(type): \(error)")
    }
    guard let made else { throw fault(part, "the type \"\(type)\" is not known") }
    return made
  }

  // MARK: Pre-tokenizers

  func preTokenizer(_ text: String) throws(TokenizerError) -> (any PreTokenizer)? {
    let json = try parse(text, "pre_tokenizer")
    return json.isNull ? nil : try preTokenizer(json)
  }

  private func preTokenizer(_ json: JSONValue) throws(TokenizerError) -> any PreTokenizer {
    let part = "pre_tokenizer"
    let type = try text(json, "type", part)
    switch type {
    case "Sequence":
      return PreTokenizerSequence(
        parts: try list(json, "pretokenizers", part) { one throws(TokenizerError) in
          try preTokenizer(one)
        })
    case "BertPreTokenizer": return BertPreTokenizer()
    case "ByteLevel":
      return ByteLevelPreTokenizer(
        addsPrefixSpace: json["add_prefix_space"]?.bool ?? true,
        divides: json["use_regex"]?.bool ?? true)
    case "Whitespace": return WhitespacePreTokenizer()
    case "WhitespaceSplit": return WhitespaceSplitPreTokenizer()
    case "Metaspace":
      let (mark, scheme) = try metaspace(json, part)
      return MetaspacePreTokenizer(
        replacement: mark, prependScheme: scheme, divides: json["split"]?.bool ?? true)
    case "Punctuation":
      return PropertyPreTokenizer.punctuation(try behavior(json, .isolated, part))
    case "Digits":
      return PropertyPreTokenizer.digits(
        individually: json["individual_digits"]?.bool ?? false)
    case "Split":
      return SplitPreTokenizer(
        pattern: try pattern(json, part), behavior: try behavior(json, nil, part),
        isInverted: json["invert"]?.bool ?? false)
    case "CharDelimiterSplit":
      return SplitPreTokenizer(
        pattern: TextPattern(text: try text(json, "delimiter", part)), behavior: .removed,
        isInverted: false)
    case "UnicodeScripts": return UnicodeScriptsPreTokenizer()
    case "FixedLength":
      let length = json["length"] == nil ? 5 : try count(json, "length", part)
      guard length > 0 else { throw fault(part, "FixedLength has length 0") }
      return FixedLengthPreTokenizer(length: length)
    default: return try registered(type, json, part, TokenizerComponents.preTokenizer)
    }
  }

  private func behavior(
    _ json: JSONValue, _ usual: SplitBehavior?, _ part: String
  ) throws(TokenizerError) -> SplitBehavior {
    guard let name = json["behavior"]?.string else {
      guard let usual else { throw fault(part, "Split has no behavior") }
      return usual
    }
    guard let behavior = SplitBehavior(rawValue: name) else {
      throw fault(part, "the behavior \"\(name)\" is not known")
    }
    return behavior
  }

  private func metaspace(
    _ json: JSONValue, _ part: String
  ) throws(TokenizerError) -> (Unicode.Scalar, MetaspacePreTokenizer.PrependScheme) {
    let mark = try text(json, "replacement", part).unicodeScalars
    guard mark.count == 1, let first = mark.first else {
      throw fault(part, "Metaspace's replacement is not one character")
    }
    if json["add_prefix_space"]?.bool == false { return (first, .never) }
    guard let name = json["prepend_scheme"]?.string else { return (first, .always) }
    guard let scheme = MetaspacePreTokenizer.PrependScheme(rawValue: name) else {
      throw fault(part, "the prepend_scheme \"\(name)\" is not known")
    }
    return (first, scheme)
  }

  // MARK: Post-processors

  func postProcessor(_ text: String) throws(TokenizerError) -> any PostProcessor {
    let json = try parse(text, "post_processor")
    return json.isNull ? PlainPostProcessor() : try postProcessor(json)
  }

  private func postProcessor(_ json: JSONValue) throws(TokenizerError) -> any PostProcessor {
    let part = "post_processor"
    let type = try text(json, "type", part)
    switch type {
    case "Sequence":
      return PostProcessorSequence(
        parts: try list(json, "processors", part) { one throws(TokenizerError) in
          try postProcessor(one)
        })
    case "ByteLevel":
      return ByteLevelPostProcessor(
        trimsOffsets: json["trim_offsets"]?.bool ?? true,
        addsPrefixSpace: json["add_prefix_space"]?.bool ?? true)
    case "BertProcessing":
      return BertPostProcessor(
        separator: try tokenId(json, "sep", part), classifier: try tokenId(json, "cls", part))
    case "RobertaProcessing":
      return RobertaPostProcessor(
        separator: try tokenId(json, "sep", part), classifier: try tokenId(json, "cls", part),
        trimsOffsets: json["trim_offsets"]?.bool ?? true,
        addsPrefixSpace: json["add_prefix_space"]?.bool ?? true)
    case "TemplateProcessing": return try template(json, part)
    default: throw fault(part, "the type \"\(type)\" is not known")
    }
  }

  private func tokenId(
    _ json: JSONValue, _ name: String, _ part: String
  ) throws(TokenizerError) -> Int {
    guard let pair = json[name]?.array, pair.count == 2, let id = pair[1].count else {
      throw fault(part, "\(name) is no pair of a token and its id")
    }
    return id
  }

  private func template(
    _ json: JSONValue, _ part: String
  ) throws(TokenizerError) -> TemplatePostProcessor {
    var specials: [String: [Int]] = [:]
    for member in json["special_tokens"]?.members ?? [] {
      guard let ids = member.value["ids"]?.array else {
        throw fault(part, "the special token \(member.name) has no ids")
      }
      var numbers: [Int] = []
      for id in ids {
        guard let number = id.count else {
          throw fault(part, "the special token \(member.name) has an id that is no number")
        }
        numbers.append(number)
      }
      specials[member.name] = numbers
    }
    func pieces(_ name: String) throws(TokenizerError) -> [TemplatePostProcessor.Piece] {
      var result: [TemplatePostProcessor.Piece] = []
      for item in json[name]?.array ?? [] {
        if let special = item["SpecialToken"], let id = special["id"]?.string {
          guard specials[id] != nil else {
            throw fault(part, "the template's token \(id) is not in special_tokens")
          }
          result.append(.special(id, typeId: special["type_id"]?.count ?? 0))
        } else if let sequence = item["Sequence"], let id = sequence["id"]?.string,
          id == "A" || id == "B"
        {
          result.append(.sequence(id == "A" ? 0 : 1, typeId: sequence["type_id"]?.count ?? 0))
        } else {
          throw fault(part, "a piece of the template \(name) is neither token nor sequence")
        }
      }
      return result
    }
    return TemplatePostProcessor(
      single: try pieces("single"), pair: try pieces("pair"), specials: specials)
  }

  // MARK: Decoders

  func decoder(_ text: String) throws(TokenizerError) -> (any TokenDecoder)? {
    let json = try parse(text, "decoder")
    return json.isNull ? nil : try decoder(json)
  }

  private func decoder(_ json: JSONValue) throws(TokenizerError) -> any TokenDecoder {
    let part = "decoder"
    let type = try text(json, "type", part)
    func bytes(_ name: String, _ usual: String) -> [UInt8] {
      Array((json[name]?.string ?? usual).utf8)
    }
    switch type {
    case "Sequence":
      return DecoderSequence(
        parts: try list(json, "decoders", part) { one throws(TokenizerError) in
          try decoder(one)
        })
    case "ByteLevel": return ByteLevelDecoder()
    case "WordPiece":
      return WordPieceDecoder(
        prefix: bytes("prefix", "##"), cleansUp: json["cleanup"]?.bool ?? true)
    case "Metaspace":
      let (mark, scheme) = try metaspace(json, part)
      return MetaspaceDecoder(replacement: Array(String(mark).utf8), prepends: scheme != .never)
    case "BPEDecoder": return BPEDecoder(suffix: bytes("suffix", "</w>"))
    case "CTC":
      return CTCDecoder(
        padToken: bytes("pad_token", "<pad>"), delimiter: bytes("word_delimiter_token", "|"),
        cleansUp: json["cleanup"]?.bool ?? true)
    case "Replace":
      return ReplaceDecoder(
        pattern: try pattern(json, part), content: Array(try text(json, "content", part).utf8))
    case "ByteFallback": return ByteFallbackDecoder()
    case "Fuse": return FuseDecoder()
    case "Strip":
      return StripDecoder(
        content: bytes("content", " "), start: try count(json, "start", part),
        stop: try count(json, "stop", part))
    default: return try registered(type, json, part, TokenizerComponents.decoder)
    }
  }

  // MARK: Truncation and padding

  func truncation(_ text: String) throws(TokenizerError) -> Truncation? {
    let json = try parse(text, "truncation")
    if json.isNull { return nil }
    let strategy = json["strategy"]?.string ?? "LongestFirst"
    guard let strategy = Truncation.Strategy(rawValue: strategy) else {
      throw fault("truncation", "the strategy \"\(strategy)\" is not known")
    }
    return Truncation(
      maxLength: try count(json, "max_length", "truncation"), strategy: strategy,
      stride: json["stride"]?.count ?? 0,
      direction: json["direction"]?.string == "Left" ? .left : .right)
  }

  func padding(_ text: String) throws(TokenizerError) -> Padding? {
    let json = try parse(text, "padding")
    if json.isNull { return nil }
    return Padding(
      length: json["strategy"]?["Fixed"]?.count, multipleOf: json["pad_to_multiple_of"]?.count,
      direction: json["direction"]?.string == "Left" ? .left : .right,
      id: json["pad_id"]?.count ?? 0, typeId: json["pad_type_id"]?.count ?? 0,
      token: json["pad_token"]?.string ?? "[PAD]")
  }
}
