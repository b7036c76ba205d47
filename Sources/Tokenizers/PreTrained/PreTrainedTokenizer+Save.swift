import Base
import Foundation

extension Tokenizer {
  /// The pipeline as the bytes of a tokenizer.json.
  public func json() -> [UInt8] {
    var out = Array("{\n  \"version\": \"1.0\",\n  \"truncation\": ".utf8)
    func put(_ text: String) { out.append(contentsOf: text.utf8) }
    put(truncationText)
    put(",\n  \"padding\": \(paddingText),\n  \"added_tokens\": [")
    put(
      added.sorted.map { "\n    {\"id\": \($0.id), \($0.token.json)}" }.joined(separator: ","))
    put("\n  ],\n  \"normalizer\": \(file.normalizer),\n  \"pre_tokenizer\": \(file.preTokenizer),")
    put("\n  \"post_processor\": \(file.postProcessor),\n  \"decoder\": \(file.decoder),")
    put("\n  \"model\": ")
    file.model.write(into: &out)
    put("\n}\n")
    return out
  }

  private func name(_ side: Truncation.Side) -> String { side == .left ? "Left" : "Right" }

  private var truncationText: String {
    guard let truncation else { return "null" }
    return "{\"direction\": \"\(name(truncation.direction))\", \"max_length\": "
      + "\(truncation.maxLength), \"strategy\": \"\(truncation.strategy.rawValue)\", "
      + "\"stride\": \(truncation.stride)}"
  }

  private var paddingText: String {
    guard let padding else { return "null" }
    let strategy = padding.length.map { "{\"Fixed\": \($0)}" } ?? "\"BatchLongest\""
    return "{\"strategy\": \(strategy), \"direction\": \"\(name(padding.direction))\", "
      + "\"pad_to_multiple_of\": \(padding.multipleOf.map { "\($0)" } ?? "null"), "
      + "\"pad_id\": \(padding.id), \"pad_type_id\": \(padding.typeId), "
      + "\"pad_token\": \(quotedJSON(padding.token))}"
  }

  /// Writes the pipeline as a tokenizer.json.
  /// - Throws: What the file system says.
  public func save(to path: String) throws {
    let path = try UserPath.expanded(path)
    try Data(json()).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

extension ModelTables {
  /// Appends the model as JSON.
  func write(into out: inout [UInt8]) {
    func put(_ text: String) { out.append(contentsOf: text.utf8) }
    func option(_ text: String?) -> String { text.map { quotedJSON($0) } ?? "null" }
    put("{\n    \"type\": \"\(kind.rawValue)\",\n")
    func text(_ id: Int) -> String { quotedJSON(vocabulary.token(of: id) ?? "") }
    switch kind {
    case .bpe:
      put("    \"dropout\": \(settings.dropout.map { "\($0)" } ?? "null"),\n")
      put("    \"unk_token\": \(option(settings.unknownToken)),\n")
      put("    \"continuing_subword_prefix\": \(option(settings.continuingPrefix)),\n")
      put("    \"end_of_word_suffix\": \(option(settings.endOfWordSuffix)),\n")
      put("    \"fuse_unk\": \(settings.fusesUnknown),\n")
      put("    \"byte_fallback\": \(settings.byteFallback),\n")
      put("    \"ignore_merges\": \(settings.ignoresMerges),\n")
    case .wordPiece:
      put("    \"unk_token\": \(quotedJSON(unknownToken)),\n")
      put("    \"continuing_subword_prefix\": \(quotedJSON(continuingPrefix)),\n")
      put("    \"max_input_chars_per_word\": \(longestWord),\n")
    case .wordLevel: put("    \"unk_token\": \(quotedJSON(unknownToken)),\n")
    case .unigram:
      put("    \"unk_id\": \(unknownId.map { "\($0)" } ?? "null"),\n")
      put("    \"byte_fallback\": \(byteFallback),\n")
    }
    if kind == .unigram {
      put("    \"vocab\": [")
      for (id, score) in scores.enumerated() {
        put(id == 0 ? "\n" : ",\n")
        put("      [\(text(id)), \(score)]")
      }
      put("\n    ]")
    } else {
      put("    \"vocab\": {")
      for (index, id) in vocabulary.ids.sorted().enumerated() {
        put(index == 0 ? "\n" : ",\n")
        put("      \(text(id)): \(id)")
      }
      put("\n    }")
    }
    if kind == .bpe {
      put(",\n    \"merges\": [")
      for (index, merge) in merges.ranked.enumerated() {
        put(index == 0 ? "\n" : ",\n")
        put("      [\(text(merge.left)), \(text(merge.right))]")
      }
      put("\n    ]")
    }
    put("\n  }")
  }
}

extension PreTrainedTokenizer {
  /// Writes tokenizer.json, tokenizer_config.json and special_tokens_map.json into a folder, which is
  /// made where it is missing.
  /// - Throws: What the file system says.
  public func savePretrained(_ folder: String) throws {
    let folder = try UserPath.expanded(folder)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try backend.save(to: folder + "/tokenizer.json")
    try saveChatTemplates(folder)
    try Data(configurationText.utf8).write(
      to: URL(fileURLWithPath: folder + "/tokenizer_config.json"), options: .atomic)
    let map = specialMembers.map { "  \(quotedJSON($0.name)): \($0.value)" }
    try Data("{\n\(map.joined(separator: ",\n"))\n}\n".utf8).write(
      to: URL(fileURLWithPath: folder + "/special_tokens_map.json"), options: .atomic)
  }

  private var specialMembers: [(name: String, value: String)] {
    var members = SpecialTokens.names.compactMap { name, part in
      specialTokens[keyPath: part].map { (name: name, value: quotedJSON($0)) }
    }
    if !specialTokens.additional.isEmpty {
      let list = specialTokens.additional.map { quotedJSON($0) }.joined(separator: ", ")
      members.append((name: "additional_special_tokens", value: "[\(list)]"))
    }
    return members
  }

  /// What was read, with what has changed since.
  private var configurationText: String {
    var members = specialMembers
    if let index = members.firstIndex(where: { $0.name == "additional_special_tokens" }) {
      members[index].name = "extra_special_tokens"
    }
    members.append(("padding_side", quotedJSON(paddingSide.rawValue)))
    members.append(("truncation_side", quotedJSON(truncationSide.rawValue)))
    members.append(("clean_up_tokenization_spaces", "\(cleanUpTokenizationSpaces)"))
    let names = modelInputNames.map { quotedJSON($0) }.joined(separator: ", ")
    members.append(("model_input_names", "[\(names)]"))
    if let modelMaxLength { members.append(("model_max_length", "\(modelMaxLength)")) }
    let own = Set(members.map(\.name)).union(["additional_special_tokens", "added_tokens_decoder"])
    for member in configuration.members ?? [] where !own.contains(member.name) {
      members.append((member.name, member.value.jsonText))
    }
    if configuration["tokenizer_class"] == nil {
      members.append(("tokenizer_class", "\"PreTrainedTokenizerFast\""))
    }
    let lines = members.sorted { $0.name < $1.name }.map { "  \(quotedJSON($0.name)): \($0.value)" }
    return "{\n\(lines.joined(separator: ",\n"))\n}\n"
  }
}

extension JSONValue {
  /// The value as JSON.
  var jsonText: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let text): text
    case .string(let text): quotedJSON(text)
    case .array(let values): "[\(values.map(\.jsonText).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(quotedJSON($0.name)): \($0.value.jsonText)" }.joined(separator: ", "))}"
    }
  }
}
