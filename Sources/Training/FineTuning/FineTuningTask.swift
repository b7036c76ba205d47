import Datasets
import Models
import Tensors
import TextTasks
import Tokenizers

/// A configured task with its tokenizer, its model and its records as features.
struct FineTuningTask {
  let configuration: FineTuningConfiguration
  let tokenizer: PreTrainedTokenizer
  let model: PretrainedModel
  let objective: TextObjective
  let labels: LabelNames
  let training: [TextFeature]
  let validation: [TextFeature]?
  let test: [TextFeature]?

  init(_ configuration: FineTuningConfiguration) throws {
    self.configuration = configuration
    tokenizer = try AutoTokenizer.fromPretrained(configuration.model)
    let data = configuration.data
    func table(_ path: String) throws -> TextTable {
      try TextTable(path: path, lines: data.lines == .text ? .text : .labelFirst)
    }
    let training = try table(data.train)
    var fields = TextEncoder.Fields()
    fields.text = data.text
    fields.pair = data.pair
    fields.label = data.label
    fields.target = data.target
    fields.messages = data.messages
    let length = min(configuration.maxLength, tokenizer.modelMaxLength ?? .max)
    let encoder = TextEncoder(tokenizer, fields, maxLength: length)
    let task = configuration.task
    switch task {
    case .textClassification, .multiLabel, .tokenClassification:
      labels =
        try data.labels.isEmpty
        ? encoder.labelNames(training, ofWords: task == .tokenClassification)
        : LabelNames(data.labels)
    default: labels = LabelNames([])
    }
    let names = labels
    func features(_ table: TextTable) throws -> [TextFeature] {
      switch task {
      case .textClassification: return try encoder.classified(table, names)
      case .multiLabel: return try encoder.tagged(table, names)
      case .regression: return try encoder.rated(table)
      case .tokenClassification: return try encoder.words(table, names)
      case .seq2seq: return try encoder.translations(table, data.target ?? "target")
      case .causalLM:
        let features = try encoder.continuations(table)
        return configuration.packing ? encoder.packed(features) : features
      case .maskedLM:
        let features = try encoder.texts(table)
        return configuration.packing
          ? encoder.packed(features).map { feature in
            var feature = feature
            feature["labels"] = nil
            return feature
          } : features
      }
    }
    model = try Self.model(configuration, labels)
    objective = TextObjective(
      model, task: task.modelTask, labelSmoothing: configuration.labelSmoothing)
    self.training = try features(training)
    validation = try data.validation.map { try features(try table($0)) }
    test = try data.test.map { try features(try table($0)) }
    if let most = model.configuration["vocab_size"]?.int, tokenizer.count > most {
      throw TextError(
        "\(configuration.model): the tokenizer has \(tokenizer.count) tokens and the model \(most); use the tokenizer that the model was trained with"
      )
    }
  }

  private static func model(
    _ configuration: FineTuningConfiguration, _ labels: LabelNames
  ) throws -> PretrainedModel {
    var overrides: [String: ConfigurationValue] = [:]
    switch configuration.task {
    case .textClassification: overrides["problem_type"] = "single_label_classification"
    case .multiLabel: overrides["problem_type"] = "multi_label_classification"
    case .regression:
      overrides["problem_type"] = "regression"
      overrides["num_labels"] = 1
    default: break
    }
    if labels.count > 0 { overrides["num_labels"] = .int(labels.count) }
    let options = PretrainedOptions(overrides: overrides, ignoreMismatchedSizes: labels.count > 0)
    let model =
      configuration.fromScratch
      ? try Pretrained.make(configuration.model, task: configuration.task.modelTask, options)
      : try Pretrained.load(configuration.model, task: configuration.task.modelTask, options)
    if labels.count > 0 { model.configuration.setLabels(labels.names) }
    return model
  }

  /// Makes batches: filled up on the right side, labels too where tokens have them.
  func collate(_ features: [TextFeature]) throws -> TextBatch {
    switch configuration.task {
    case .textClassification, .multiLabel, .regression:
      return try DataCollatorWithPadding(tokenizer)(features)
    case .seq2seq: return try DataCollatorForSeq2Seq(tokenizer)(features)
    case .tokenClassification, .causalLM, .maskedLM:
      return try DataCollatorForTokenClassification(padding)(features)
    }
  }

  /// The tokenizer, which fills up with the token that ends texts where it has none for that.
  private var padding: PreTrainedTokenizer {
    guard tokenizer.padTokenID == nil, let end = tokenizer.specialTokens.eos else {
      return tokenizer
    }
    var padding = tokenizer
    var tokens = SpecialTokens()
    tokens.pad = end
    padding.addSpecialTokens(tokens)
    return padding
  }

  /// The features as a dataset, which hides tokens as they are read, by the record and the epoch, so
  /// that masks do not depend on the number of workers.
  func dataset(_ features: [TextFeature]) throws -> MappedDataset<
    ArrayDataset<TextFeature>, TextFeature
  > {
    guard configuration.task == .maskedLM else { return ArrayDataset(features).mapped { $0 } }
    var options = DataCollatorForLanguageModeling.Options()
    options.mlmProbability = configuration.mlmProbability
    let tokenizer = tokenizer
    _ = try DataCollatorForLanguageModeling(tokenizer, options)
    return ArrayDataset(features).mapped { [options] feature in
      let collator = try DataCollatorForLanguageModeling(tokenizer, options)
      let batch = try collator([feature])
      var result = feature
      for name in ["input_ids", "labels"] {
        result[name] = batch[name].map { .ints($0.array(of: Int.self)) }
      }
      return result
    }
  }
}

extension FineTuningConfiguration.Task {
  /// The head that the task needs.
  var modelTask: ModelTask {
    switch self {
    case .textClassification, .multiLabel, .regression: .sequenceClassification
    case .tokenClassification: .tokenClassification
    case .maskedLM: .maskedLM
    case .causalLM: .causalLM
    case .seq2seq: .seq2SeqLM
    }
  }
}
