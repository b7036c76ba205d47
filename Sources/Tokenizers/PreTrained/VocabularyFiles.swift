import Base

/// Makes pipelines of vocab.txt, and of vocab.json with merges.txt.
struct VocabularyFiles {
  let folder: ModelFolder
  let configuration: JSONValue
  let special: SpecialTokens

  private func flag(_ name: String, _ usual: Bool) -> Bool { configuration[name]?.bool ?? usual }

  /// BERT's: one token a line, its id the number of the line.
  func bert(_ bytes: [UInt8], path: String) throws(TokenizerError) -> TokenizerFile {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizerError.file(path: path, problem: "it is not valid UTF-8")
    }
    var tokens: [(bytes: [UInt8], id: Int)] = []
    var start = 0
    for i in 0...bytes.count where i == bytes.count || bytes[i] == 10 {
      if i == bytes.count, start == i { break }
      // Lines may end as Windows ends them.
      let end = i > start && bytes[i - 1] == 13 ? i - 1 : i
      tokens.append((Array(bytes[start..<end]), tokens.count))
      start = i + 1
    }
    var model = ModelTables(kind: .wordPiece, vocabulary: Vocabulary(tokens))
    model.unknownToken = special.unk ?? "[UNK]"
    let (first, last) = (special.cls ?? "[CLS]", special.sep ?? "[SEP]")
    var ids: [String: Int] = [:]
    for token in [first, last] {
      guard let id = model.vocabulary.id(of: token) else {
        throw TokenizerError.file(path: path, problem: "the token \(token) is missing")
      }
      ids[token] = id
    }
    var result = TokenizerFile(model: model)
    let accents = configuration["strip_accents"]?.bool.map { "\($0)" } ?? "null"
    result.normalizer =
      #"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": "#
      + "\(flag("tokenize_chinese_chars", true)), \"strip_accents\": \(accents), "
      + "\"lowercase\": \(flag("do_lower_case", true))}"
    result.preTokenizer = #"{"type": "BertPreTokenizer"}"#
    result.decoder = ###"{"type": "WordPiece", "prefix": "##", "cleanup": true}"###
    let single: [TemplateText.Piece] = [.special(first, 0), .sequence("A", 0), .special(last, 0)]
    result.postProcessor =
      TemplateText(
        single: single, pair: single + [.sequence("B", 1), .special(last, 1)], ids: ids
      ).json
    return result
  }

  /// Byte-level BPE of vocab.json and merges.txt.
  func byteLevel(
    vocabulary bytes: [UInt8], merges: [UInt8], isRoberta: Bool
  ) throws(TokenizerError) -> TokenizerFile {
    let path = folder.path + "/vocab.json"
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw TokenizerError.file(path: path, problem: "it is not valid UTF-8")
    }
    let vocabulary: Vocabulary
    do throws(JSONParser.Fault) {
      vocabulary = try bytes.withUnsafeBufferPointer { buffer throws(JSONParser.Fault) in
        guard let p = buffer.baseAddress else {
          throw JSONParser.Fault(message: "it is empty", position: 0)
        }
        var scanner = JSONScanner(p, 0..<buffer.count)
        return try ModelReader.vocabulary(&scanner, bytes: buffer.count)
      }
    } catch {
      throw TokenizerError.file(path: path, problem: "\(error.message) (byte \(error.position))")
    }
    var model = ModelTables(kind: .bpe, vocabulary: vocabulary)
    model.merges = try table(merges, vocabulary)
    var result = TokenizerFile(model: model)
    let prefix = flag("add_prefix_space", false)
    result.preTokenizer =
      #"{"type": "ByteLevel", "add_prefix_space": \#(prefix), "trim_offsets": true, "use_regex": true}"#
    result.decoder = #"{"type": "ByteLevel"}"#
    if isRoberta {
      let (first, last) = (special.cls ?? "<s>", special.sep ?? "</s>")
      guard let begin = vocabulary.id(of: first), let end = vocabulary.id(of: last) else {
        throw TokenizerError.file(path: path, problem: "\(first) or \(last) is missing")
      }
      result.postProcessor =
        #"{"type": "RobertaProcessing", "sep": [\#(quotedJSON(last)), \#(end)], "cls": "#
        + #"[\#(quotedJSON(first)), \#(begin)], "trim_offsets": \#(flag("trim_offsets", true)), "#
        + #""add_prefix_space": \#(prefix)}"#
    }
    return result
  }

  private func table(
    _ bytes: [UInt8], _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> MergeTable {
    var builder = MergeBuilder(vocabulary, prefix: nil)
    var start = 0
    for i in 0...bytes.count where i == bytes.count || bytes[i] == 10 {
      let end = i > start && bytes[i - 1] == 13 ? i - 1 : i
      var line = Array(bytes[start..<max(start, end)])
      start = i + 1
      if line.isEmpty || line.starts(with: Array("#version".utf8)) { continue }
      var middle = -1
      if let space = line.firstIndex(of: 0x20) {
        middle = space
        line.remove(at: space)
      }
      if let problem = builder.add(line, middle) {
        throw TokenizerError.file(path: folder.path + "/merges.txt", problem: problem)
      }
    }
    return MergeTable(builder.merges)
  }
}
