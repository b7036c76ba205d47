import Base
import Collectives
import Datasets
import Foundation
import TextTasks
import Tokenizers
import Training
import Transformers

/// Makes features of the records that a configuration names, or finds those of an earlier run.
struct FineTuningRecords {
  /// Where records come from.
  struct Origin {
    /// The file or folder.
    let path: String
    /// The sums of its files.
    let files: [DataContents.File]

    var name: String { (path as NSString).lastPathComponent }
  }

  private let configuration: FineTuningConfiguration
  private let tokenizer: PreTrainedTokenizer
  private let cache: TokenCache
  private let tokens: String
  private let mayLackLabels: Bool
  /// The names of the classes.
  let labels: LabelNames

  init(
    _ configuration: FineTuningConfiguration, _ tokenizer: PreTrainedTokenizer, _ trains: Origin,
    _ cache: TokenCache, mayLackLabels: Bool = false
  ) throws {
    self.configuration = configuration
    self.mayLackLabels = mayLackLabels
    self.tokenizer = tokenizer
    self.cache = cache
    tokens = Self.summary(tokenizer)
    let data = configuration.data
    switch configuration.task {
    case .textClassification, .multiLabel, .tokenClassification:
      guard data.labels.isEmpty else {
        labels = LabelNames(data.labels)
        break
      }
      var key = Self.key(configuration, trains)
      key["kind"] = "labels"
      let text = try cache.value("\(trains.name)-labels", key) {
        let names = try TextEncoder(tokenizer, Self.fields(data), maxLength: 2).labelNames(
          Self.table(trains.path, data), ofWords: configuration.task == .tokenClassification)
        return String(decoding: try JSONEncoder().encode(names.names), as: UTF8.self)
      }
      labels = LabelNames(try JSONReading.decode([String].self, from: Data(text.utf8)))
      guard labels.count > 0 else {
        throw TextError(
          "\(trains.path): no record has a label in the field \(data.label); name another in data.label"
        )
      }
    default: labels = LabelNames([])
    }
  }

  /// All of a tokenizer that ids depend on.
  private static func summary(_ tokenizer: PreTrainedTokenizer) -> String {
    TokenCacheKey.digest(tokenizer.backend.json()) + " "
      + TokenCacheKey.digest(
        Array(
          """
          \(tokenizer.specialTokens) \(tokenizer.paddingSide) \(tokenizer.truncationSide) \
          \(tokenizer.modelInputNames) \(tokenizer.configuration) \
          \(((try? tokenizer.chatTemplates()) ?? [:]).inKeyOrder)
          """.utf8))
  }

  /// What all features of an origin depend on.
  private static func key(
    _ configuration: FineTuningConfiguration, _ origin: Origin
  ) -> TokenCacheKey {
    let data = configuration.data
    var key = TokenCacheKey()
    key.add(origin.files)
    // Endings say how files are read.
    key["endings"] = TextTable.files(of: origin.path)
      .map { ($0 as NSString).pathExtension.lowercased() }.joined(separator: " ")
    key["task"] = configuration.task.rawValue
    key["lines"] = data.lines.rawValue
    key["encoding"] = data.encoding.rawValue
    key["text"] = data.text
    key["pair"] = data.pair
    key["label"] = data.label
    key["target"] = data.target
    key["messages"] = data.messages
    return key
  }

  private static func table(_ path: String, _ data: FineTuningData) throws -> TextTable {
    let lines: TextTable.Lines =
      switch data.lines {
      case .text: .text
      case .labelFirst: .labelFirst
      case .document: .document
      }
    return try TextTable(path: path, lines: lines, encoding: data.encoding)
  }

  private static func fields(_ data: FineTuningData) -> TextEncoder.Fields {
    var fields = TextEncoder.Fields()
    fields.text = data.text
    fields.pair = data.pair
    fields.label = data.label
    fields.target = data.target
    fields.messages = data.messages
    return fields
  }

  /// The records of one origin.
  func split(
    _ origin: Origin, _ limits: (source: Int, target: Int)
  ) throws -> FineTuningTask.Split {
    let data = configuration.data
    var key = Self.key(configuration, origin)
    key["tokenizer"] = tokens
    key["labels"] = labels.names.map { quotedJSON($0) }.joined(separator: ",")
    key["length"] = configuration.packing ? "whole" : "\(limits.source)"
    key["target_length"] = "\(limits.target)"
    key["prefix"] = configuration.sourcePrefix
    if configuration.task == .questionAnswering {
      key["stride"] = "\(configuration.docStride)"
      let records = try QuestionRecord.read(path: origin.path, encoding: data.encoding)
      let features = try cache.features(origin.name, key) {
        TokenCache.Source(count: records.count) { range in
          try AnswerWindows.features(
            of: Array(records[range]), from: range.lowerBound, tokenizer,
            maxLength: limits.source, stride: configuration.docStride)
        }
      }
      let answers = AnswerWindows(records, features)
      return FineTuningTask.Split(features: answers.features, answers: answers)
    }
    let isLabelled = try !mayLackLabels || Self.table(origin.path, data).has(data.label, in: 0)
    if !isLabelled { key["labels"] = "none" }
    let features = try cache.features(origin.name, key) {
      let table = try Self.table(origin.path, data)
      let encoder = TextEncoder(
        tokenizer, Self.fields(data), maxLength: configuration.packing ? .max : limits.source,
        sourcePrefix: configuration.sourcePrefix)
      return TokenCache.Source(count: table.count) { range in
        try isLabelled
          ? encoded(table[range], encoder, limits.target) : unlabelled(table[range], encoder)
      }
    }
    guard configuration.packing else {
      return FineTuningTask.Split(features: features, isLabelled: isLabelled)
    }
    return FineTuningTask.Split(
      features: features.packed(limits.source, hasLabels: configuration.task == .causalLM))
  }

  private func encoded(
    _ table: TextTable, _ encoder: TextEncoder, _ target: Int
  ) throws -> [TextFeature] {
    switch configuration.task {
    case .questionAnswering: []
    case .textClassification: try encoder.classified(table, labels)
    case .multiLabel: try encoder.tagged(table, labels)
    case .regression: try encoder.rated(table)
    case .tokenClassification: try encoder.words(table, labels)
    case .seq2seq:
      try encoder.translations(
        table, configuration.data.target ?? "target", maxLength: target)
    case .causalLM: try encoder.continuations(table)
    case .maskedLM: try encoder.texts(table)
    }
  }

  /// Records whose labels are to be told.
  private func unlabelled(_ table: TextTable, _ encoder: TextEncoder) throws -> [TextFeature] {
    configuration.task == .tokenClassification
      ? try encoder.words(table) : try encoder.texts(table)
  }

  /// The words of each record of a file.
  static func words(
    of path: String, _ configuration: FineTuningConfiguration, _ tokenizer: PreTrainedTokenizer
  ) throws -> [[String]] {
    let table = try table(path, configuration.data)
    let encoder = TextEncoder(tokenizer, fields(configuration.data), maxLength: 2)
    return try (0..<table.count).map { try encoder.words(of: $0, in: table) }
  }

  // MARK: Vocabulary

  /// The tokenizer of the model's folder, or one with a vocabulary of the training records: each rank
  /// counts its share of their words, and all get the same.
  static func tokenizer(
    _ configuration: FineTuningConfiguration, _ trains: Origin, _ cache: TokenCache,
    _ group: ProcessGroup
  ) throws -> PreTrainedTokenizer {
    let options = configuration.vocabulary
    guard let size = options.size else {
      return try AutoTokenizer.fromPretrained(configuration.model)
    }
    var key = key(configuration, trains)
    key["kind"] = "vocabulary"
    key["size"] = "\(size)"
    key["min_frequency"] = "\(options.minFrequency)"
    key["end_token"] = options.endToken
    let json = try cache.value("\(trains.name)-vocabulary", key) {
      let table = try table(trains.path, configuration.data)
      let names = [configuration.data.text, configuration.data.pair, configuration.data.target]
        .compactMap { $0 }
      let texts = try stride(from: group.rank, to: table.count, by: group.size).flatMap { row in
        try names.map { try table.text($0, of: row) }
      }
      let own = try WordCounts(of: texts, by: .byteLevel())
      var counts = WordCounts()
      for part in try group.allGather(own.encoded(), label: "word counts") {
        counts.merge(try WordCounts(encoded: part))
      }
      return try group.madeOnce("vocabulary") {
        var trainer = BPETrainer()
        trainer.vocabularySize = size
        trainer.minFrequency = options.minFrequency
        trainer.initialAlphabet = BPETrainer.byteLevelAlphabet
        trainer.specialTokens = [AddedToken(options.endToken, special: true)]
        let trained = try Tokenizer(.byteLevel(), trainedBy: trainer, on: counts)
        return String(decoding: trained.json(), as: UTF8.self)
      }
    }
    var special = SpecialTokens()
    special.bos = options.endToken
    special.eos = options.endToken
    special.unk = options.endToken
    special.pad = options.endToken
    return PreTrainedTokenizer(
      try Tokenizer(json: Array(json.utf8)), specialTokens: special)
  }
}
