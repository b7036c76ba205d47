import Base
import Datasets
import Models
import Settings
import Tensors
import TextTasks
import Tokenizers

/// A configured task with its tokenizer, its model and its records as features.
struct FineTuningTask {
  /// Records of one file.
  struct Split {
    let features: [TextFeature]
    /// The questions, where the task is to answer some.
    var answers: AnswerWindows?
  }

  let configuration: FineTuningConfiguration
  let tokenizer: PreTrainedTokenizer
  let model: PretrainedModel
  let objective: TextObjective
  let labels: LabelNames
  /// The most tokens of a record: as configured, and as tokenizer and model take.
  let maxLength: Int
  let training: Split
  let validation: Split?
  let test: Split?
  /// The files that records come from, and what makes tokens of them.
  let files: [String]

  init(_ configuration: FineTuningConfiguration) throws {
    self.configuration = configuration
    let tokenizer = try AutoTokenizer.fromPretrained(configuration.model)
    self.tokenizer = tokenizer
    let data = configuration.data
    let task = configuration.task
    // Tables first: what is wrong with them is known before weights are read.
    let tables = try Tables(configuration, tokenizer)
    labels = tables.labels
    model = try Self.model(configuration, labels)
    let room = min(tokenizer.modelMaxLength ?? .max, model.mostTokens ?? .max)
    maxLength = min(configuration.maxLength, room)
    let limits = (source: maxLength, target: min(configuration.maxTargetLength ?? maxLength, room))
    var objective = TextObjective(
      model, task: task.modelTask, labelSmoothing: configuration.labelSmoothing)
    objective.gradientCheckpointing = configuration.gradientCheckpointing
    self.objective = objective
    if configuration.gradientCheckpointing, !model.supportsGradientCheckpointing {
      throw ConfigurationError.conflict(
        "gradient_checkpointing", problem: "layers of \(type(of: model)) cannot be computed again",
        remedy: "set it to false")
    }
    training = try tables.split(data.train, limits)
    validation = try data.validation.map { try tables.split($0, limits) }
    test = try data.test.map { try tables.split($0, limits) }
    let folder = try ModelFolder(configuration.model)
    let tokens = ["tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model"]
    files =
      [data.train, data.validation, data.test].compactMap { $0 }
      + tokens.compactMap { folder.file($0) }
    if let most = model.configuration["vocab_size"]?.int, tokenizer.count > most {
      throw TextError(
        "\(configuration.model): the tokenizer has \(tokenizer.count) tokens and the model \(most); use the tokenizer that the model was trained with"
      )
    }
    if configuration.predictWithGenerate, !(model is any GenerativeModel) {
      throw ConfigurationError.conflict(
        "predict_with_generate", problem: "\(type(of: model)) writes no texts",
        remedy: "set it to false")
    }
    if configuration.metric == "f1", task == .textClassification, labels.count > 2 {
      throw ConfigurationError.conflict(
        "metric", problem: "there are \(labels.count) classes, and f1 is of two",
        remedy: "set metric: f1_macro")
    }
  }

  /// The files' records.
  private struct Tables {
    let configuration: FineTuningConfiguration
    let tokenizer: PreTrainedTokenizer
    let labels: LabelNames

    init(_ configuration: FineTuningConfiguration, _ tokenizer: PreTrainedTokenizer) throws {
      self.configuration = configuration
      self.tokenizer = tokenizer
      let data = configuration.data
      switch configuration.task {
      case .textClassification, .multiLabel, .tokenClassification:
        labels =
          try data.labels.isEmpty
          ? TextEncoder(tokenizer, Self.fields(data), maxLength: 2).labelNames(
            Self.table(data.train, data), ofWords: configuration.task == .tokenClassification)
          : LabelNames(data.labels)
      default: labels = LabelNames([])
      }
    }

    private static func table(_ path: String, _ data: FineTuningData) throws -> TextTable {
      try TextTable(
        path: path, lines: data.lines == .text ? .text : .labelFirst, encoding: data.encoding)
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

    func split(_ path: String, _ limits: (source: Int, target: Int)) throws -> Split {
      let data = configuration.data
      if configuration.task == .questionAnswering {
        let records = try QuestionRecord.read(path: path, encoding: data.encoding)
        let answers = try AnswerWindows(
          records, tokenizer, maxLength: limits.source, stride: configuration.docStride)
        return Split(features: answers.features, answers: answers)
      }
      let table = try Self.table(path, data)
      let encoder = TextEncoder(
        tokenizer, Self.fields(data), maxLength: limits.source,
        sourcePrefix: configuration.sourcePrefix)
      switch configuration.task {
      case .questionAnswering: return Split(features: [])
      case .textClassification: return Split(features: try encoder.classified(table, labels))
      case .multiLabel: return Split(features: try encoder.tagged(table, labels))
      case .regression: return Split(features: try encoder.rated(table))
      case .tokenClassification: return Split(features: try encoder.words(table, labels))
      case .seq2seq:
        return Split(
          features: try encoder.translations(
            table, data.target ?? "target", maxLength: limits.target))
      case .causalLM:
        let features = try encoder.continuations(table)
        return Split(features: configuration.packing ? encoder.packed(features) : features)
      case .maskedLM:
        let features = try encoder.texts(table)
        guard configuration.packing else { return Split(features: features) }
        return Split(
          features: encoder.packed(features).map { feature in
            var feature = feature
            feature["labels"] = nil
            return feature
          })
      }
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
    case .textClassification, .multiLabel, .regression, .questionAnswering:
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
    case .questionAnswering: .questionAnswering
    case .tokenClassification: .tokenClassification
    case .maskedLM: .maskedLM
    case .causalLM: .causalLM
    case .seq2seq: .seq2SeqLM
    }
  }
}

extension PretrainedModel {
  /// The most tokens that the model has positions for; nil where nothing limits them.
  var mostTokens: Int? {
    if let model = self as? any GenerativeModel { return model.positionLimit }
    guard let most = configuration["max_position_embeddings"]?.int else { return nil }
    switch configuration["model_type"]?.string {
    // Positions begin behind that of padding.
    case "roberta", "xlm-roberta", "camembert", "mpnet":
      return most - (configuration["pad_token_id"]?.int ?? 1) - 1
    case "modernbert": return nil
    case "deberta-v2": return configuration["position_biased_input"]?.bool == false ? nil : most
    default: return most
    }
  }
}
