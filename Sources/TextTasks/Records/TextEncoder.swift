import Base
import Datasets
import Tokenizers
import Transformers

/// Makes features of a table's records for a task: ids, and labels where the task's are.
public struct TextEncoder: Sendable {
  /// The fields that are read, by their names in the table.
  public struct Fields: Sendable, Equatable {
    /// The text; of sequence to sequence the source, of a completion the prompt.
    public var text = "text"
    /// A second text; nil for none.
    public var pair: String?
    /// The label, or several; the tags of words.
    public var label = "label"
    /// The text that is to be written, or completed; nil for none.
    public var target: String?
    /// A conversation: a list of objects with role and content; nil for none.
    public var messages: String?

    /// The usual names.
    public init() {}
  }

  /// The tokenizer.
  public let tokenizer: PreTrainedTokenizer
  /// The fields.
  public let fields: Fields
  /// The most tokens of a record; `Int.max` for all of them.
  public let maxLength: Int
  /// What stands before every source text.
  public let sourcePrefix: String

  /// - Parameters:
  ///   - tokenizer: The model's.
  ///   - fields: The fields that are read.
  ///   - maxLength: The most tokens of a record; more are cut off.
  ///   - sourcePrefix: What stands before every source text.
  public init(
    _ tokenizer: PreTrainedTokenizer, _ fields: Fields = Fields(), maxLength: Int,
    sourcePrefix: String = ""
  ) {
    self.tokenizer = tokenizer
    self.fields = fields
    self.maxLength = maxLength
    self.sourcePrefix = sourcePrefix
  }

  private var options: CallOptions {
    var options = CallOptions()
    // Texts that are to be packed are not cut off.
    guard maxLength < .max else { return options }
    options.truncation = .longestFirst
    options.maxLength = maxLength
    return options
  }

  static func feature(_ encoding: BatchEncoding, _ row: Int) -> TextFeature {
    var feature: TextFeature = ["input_ids": .ints(encoding.inputIds[row])]
    if let segments = encoding.tokenTypeIds { feature["token_type_ids"] = .ints(segments[row]) }
    if let mask = encoding.attentionMask { feature["attention_mask"] = .ints(mask[row]) }
    return feature
  }

  /// The texts of all records, or pairs of them, without labels.
  public func texts(_ table: TextTable) throws -> [TextFeature] {
    let texts = try (0..<table.count).map { try sourcePrefix + table.text(fields.text, of: $0) }
    let pairs = try fields.pair.map { name in
      try (0..<table.count).map { try table.text(name, of: $0) }
    }
    let encoding = try tokenizer(texts, textPair: pairs, options)
    return (0..<encoding.count).map { Self.feature(encoding, $0) }
  }

  /// The names of all labels that occur, each once.
  /// - Parameters:
  ///   - table: The records.
  ///   - ofWords: Whether each word has one.
  public func labelNames(_ table: TextTable, ofWords: Bool = false) throws -> LabelNames {
    LabelNames(
      occurring: try (0..<table.count).flatMap { row -> [String] in
        if ofWords { return try list(table, fields.label, row) }
        let value = try table.value(fields.label, of: row)
        return value.list?.compactMap(\.text) ?? value.text.map { $0.isEmpty ? [] : [$0] } ?? []
      })
  }

  /// Texts with one class each.
  public func classified(_ table: TextTable, _ names: LabelNames) throws -> [TextFeature] {
    try labelled(table) { row in
      .int(try number(try table.text(fields.label, of: row), names, table, row))
    }
  }

  /// Texts with a number each.
  public func rated(_ table: TextTable) throws -> [TextFeature] {
    try labelled(table) { row in
      let text = try table.text(fields.label, of: row)
      guard let value = Double(text.trimmingPlainSpace()), value.isFinite else {
        throw table.fault(row, "the label “\(text)” is no number", "Write a number")
      }
      return .double(value)
    }
  }

  /// Texts with any number of classes each: a list of names, a text that is one of them, or an empty text for
  /// none.
  public func tagged(_ table: TextTable, _ names: LabelNames) throws -> [TextFeature] {
    try labelled(table) { row in
      var truths = [Double](repeating: 0, count: names.count)
      let value = try table.value(fields.label, of: row)
      for item in value.list ?? (value.text == "" ? [] : [value]) {
        guard let name = item.text else { throw table.fault(row, "a label is no text", "Name it") }
        truths[try number(name, names, table, row)] = 1
      }
      return .doubles(truths)
    }
  }

  private func labelled(
    _ table: TextTable, _ label: (Int) throws -> FeatureValue
  ) throws -> [TextFeature] {
    try texts(table).enumerated().map { row, feature in
      var feature = feature
      feature["labels"] = try label(row)
      return feature
    }
  }

  private func number(
    _ name: String, _ names: LabelNames, _ table: TextTable, _ row: Int
  ) throws(DataError) -> Int {
    if let number = names[name] { return number }
    if name.isEmpty {
      throw table.fault(row, "the label is empty", "Write one, or take the record out")
    }
    throw table.fault(
      row, "the label “\(name)” is none of \(names.names.prefix(20).joined(separator: ", "))",
      "Correct it, or add a training record with it")
  }

  /// The words of a record.
  public func words(of row: Int, in table: TextTable) throws -> [String] {
    try list(table, fields.text, row)
  }

  /// Words with a tag each, aligned to their first tokens; other tokens do not count.
  /// - Parameters:
  ///   - table: The records.
  ///   - names: The tags; nil for records without, whose words all have tag 0.
  public func words(_ table: TextTable, _ names: LabelNames? = nil) throws -> [TextFeature] {
    var (words, tags): ([[String]], [[Int]]) = ([], [])
    for row in 0..<table.count {
      let own = try list(table, fields.text, row)
      let labels =
        try names.map { names in
          try list(table, fields.label, row).map { try number($0, names, table, row) }
        } ?? own.map { _ in 0 }
      guard own.count == labels.count else {
        throw table.fault(
          row, "there are \(own.count) words and \(labels.count) tags", "Give a tag to each word")
      }
      words.append(own)
      tags.append(labels)
    }
    var options = options
    options.isSplitIntoWords = true
    options.returnOffsetsMapping = true
    let encoding = try tokenizer(words: words, options)
    return (0..<encoding.count).map { row in
      var feature = Self.feature(encoding, row)
      var last: Int?
      feature["labels"] = .ints(
        encoding.wordIds(row).map { word in
          defer { last = word }
          return word.flatMap { $0 == last ? nil : tags[row][$0] } ?? -100
        })
      return feature
    }
  }

  private func list(_ table: TextTable, _ name: String, _ row: Int) throws(DataError) -> [String] {
    let value = try table.value(name, of: row)
    if let list = value.list { return list.map { $0.text ?? "" } }
    // In a table of texts, words have spaces between them.
    return (value.text ?? "").split(separator: " ").map(String.init)
  }

  /// Source texts with the ids of the texts that are to be written.
  /// - Parameters:
  ///   - table: The records.
  ///   - target: The column of the texts that are to be written.
  ///   - maxLength: The most tokens of a text that is to be written; nil for as many as of a
  ///     source.
  public func translations(
    _ table: TextTable, _ target: String, maxLength: Int? = nil
  ) throws -> [TextFeature] {
    var options = options
    if let maxLength { options.maxLength = maxLength }
    let wanted = try tokenizer(
      (0..<table.count).map { try table.text(target, of: $0) }, options)
    return try texts(table).enumerated().map { row, feature in
      var feature = feature
      feature["labels"] = .ints(wanted.inputIds[row])
      return feature
    }
  }

  // MARK: Language models

  /// Texts whose every token is to be told from those before: whole texts, completions of prompts, or
  /// the assistant's part of conversations. A text that ends, and is not cut off, ends with the token
  /// for that, which is learnt too.
  public func continuations(_ table: TextTable) throws -> [TextFeature] {
    if let messages = fields.messages {
      return try (0..<table.count).map { try conversation(table, messages, $0) }
    }
    let prompts = try tokenizer(try (0..<table.count).map { try table.text(fields.text, of: $0) })
    guard let target = fields.target else {
      return prompts.inputIds.enumerated().map { row, ids in
        let ids = table.goesOn(row) ? ids : ended(ids)
        return causal(ids, ids)
      }
    }
    var plain = CallOptions()
    plain.addSpecialTokens = false
    let answers = try tokenizer(
      try (0..<table.count).map { try table.text(target, of: $0) }, plain)
    return zip(prompts.inputIds, answers.inputIds).map { prompt, answer in
      let start = prompt.last == tokenizer.eosTokenId ? Array(prompt.dropLast()) : prompt
      return causal(
        ended(start + answer), [Int](repeating: -100, count: start.count) + ended(answer))
    }
  }

  private func ended(_ ids: [Int]) -> [Int] {
    guard let end = tokenizer.eosTokenId, ids.last != end else { return ids }
    return ids + [end]
  }

  private func causal(_ ids: [Int], _ labels: [Int]) -> TextFeature {
    let ids = Array(ids.prefix(maxLength))
    return [
      "input_ids": .ints(ids), "attention_mask": .ints([Int](repeating: 1, count: ids.count)),
      "labels": .ints(Array(labels.prefix(maxLength))),
    ]
  }

  private func conversation(
    _ table: TextTable, _ name: String, _ row: Int
  ) throws -> TextFeature {
    guard let list = try table.value(name, of: row).list, !list.isEmpty else {
      throw table.fault(
        row, "\(name) is no list of messages", "Write objects with role and content in a list")
    }
    let messages = try list.map { message -> TemplateValue in
      guard let role = message["role"]?.text, let content = message["content"]?.text else {
        throw table.fault(row, "a message lacks role or content", "Give both")
      }
      return ["role": .string(role), "content": .string(content)]
    }
    guard try !tokenizer.chatTemplates().isEmpty else {
      throw TextError(
        "the tokenizer has no chat template, by which conversations are texts; give the model's folder a chat_template.jinja"
      )
    }
    do {
      let (ids, mask) = try tokenizer.applyChatTemplateWithAssistantMask(messages)
      return causal(ids, zip(ids, mask).map { $1 == 1 ? $0 : -100 })
    } catch let error as ChatTemplateError {
      // Without {% generation %} every token is learnt, the user's too.
      guard let ids = try? tokenizer.applyChatTemplate(messages) else {
        throw table.fault(row, "\(error)", "Repair the conversation, or the chat template")
      }
      return causal(ids, ids)
    }
  }
}
