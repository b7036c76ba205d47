import Base
import Collectives
import Datasets
import Settings
import Tensors
import TextTasks
import Tokenizers
import Training
import Transformers

/// A configured task with its tokenizer, its model and its records as features.
struct FineTuningTask {
  /// Records of one file.
  struct Split {
    let features: TextFeatures
    /// The questions, where the task is to answer some.
    var answers: AnswerWindows?
    /// Whether records have labels; those of words have stand-ins otherwise.
    var isLabelled = true
  }

  let configuration: FineTuningConfiguration
  let tokenizer: PreTrainedTokenizer
  let model: PretrainedModel
  /// The adapters, where they are trained in the model's place.
  let adapters: PeftModel?
  let objective: TextObjective
  let labels: LabelNames
  /// The most tokens of a record: as configured, and as tokenizer and model take.
  let maxLength: Int
  let training: Split
  let validation: Split?
  let test: Split?
  /// What records, and tokens of them, are made of.
  let contents: DataContents
  /// What became of the cache, in words.
  let notes: [String]

  /// Loads what a configuration names; every rank of the group takes part.
  /// - Parameter mayLackLabels: Whether records without labels are taken, to tell some.
  init(
    _ configuration: FineTuningConfiguration, _ group: ProcessGroup, mayLackLabels: Bool = false
  ) throws {
    self.configuration = configuration
    let data = configuration.data
    let task = configuration.task
    let cache = TokenCache(data.cache, group)
    let sources = [data.train, data.validation, data.test].compactMap { $0 }
      .map { TextTable.files(of: $0) }
    let folder = configuration.model.isEmpty ? nil : try ModelFolder(configuration.model)
    let tokens = ["tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model"]
    let paths = sources.flatMap { $0 } + tokens.compactMap { folder?.file($0) }
    let contents = try DataContents(onHostsOf: group) { try DataContents(files: paths) }
    self.contents = contents
    var first = 0
    let files = sources.map { paths in
      defer { first += paths.count }
      return Array(contents.files[first..<first + paths.count])
    }
    let trains = FineTuningRecords.Origin(path: data.train, files: files[0])
    let tokenizer = try FineTuningRecords.tokenizer(configuration, trains, cache, group)
    self.tokenizer = tokenizer
    // Labels first: what is wrong with them is known before weights are read.
    let records = try FineTuningRecords(
      configuration, tokenizer, trains, cache, mayLackLabels: mayLackLabels)
    labels = records.labels
    model = try Self.model(configuration, labels, tokenizer)
    adapters = try Self.adapters(configuration, model)
    configuration.precision.prepare(model)
    let room = min(tokenizer.modelMaxLength ?? .max, model.mostTokens ?? .max)
    maxLength = min(configuration.maxLength, room)
    let limits = (source: maxLength, target: min(configuration.maxTargetLength ?? maxLength, room))
    var objective = TextObjective(
      model, task: task.modelTask, labelSmoothing: configuration.labelSmoothing)
    objective.gradientCheckpointing = configuration.gradientCheckpointing
    self.objective = objective
    try Self.check(configuration, model, tokenizer, labels)
    var splits = try zip([data.train, data.validation, data.test].compactMap { $0 }, files).map {
      try records.split(.init(path: $0, files: $1), limits)
    }
    let whole = splits.removeFirst()
    if data.heldOut > 0 {
      let count = whole.features.count
      let held = min(count - 1, max(1, Int(Double(count) * data.heldOut)))
      guard held > 0 else {
        throw TextError("\(data.train): one record cannot be divided; leave data.held_out out")
      }
      training = Split(
        features: whole.features.slice(0..<count - held), isLabelled: whole.isLabelled)
      validation = Split(
        features: whole.features.slice(count - held..<count), isLabelled: whole.isLabelled)
    } else {
      training = whole
      validation = data.validation == nil ? nil : splits.removeFirst()
    }
    test = data.test == nil ? nil : splits.removeFirst()
    notes = cache.notes
  }

  /// Puts adapters beside a model's layers.
  private static func adapters(
    _ configuration: FineTuningConfiguration, _ model: PretrainedModel
  ) throws -> PeftModel? {
    let lora = configuration.lora
    guard let config = lora.config(configuration.task, base: configuration.model) else {
      return nil
    }
    let peft = try PeftModel(model, config)
    if let blocks = lora.base.blocks {
      let own = peft.savedModules.map(\.name)
      guard model.quantizeLinearWeights(blocks, except: own) > 0 else {
        throw ConfigurationError.conflict(
          "lora.base", problem: "no layer of \(type(of: model)) can be kept in blocks",
          remedy: "set it to as_saved")
      }
    }
    return peft
  }

  /// Makes sure that model, tokenizer and task go together.
  private static func check(
    _ configuration: FineTuningConfiguration, _ model: PretrainedModel,
    _ tokenizer: PreTrainedTokenizer, _ labels: LabelNames
  ) throws {
    if configuration.gradientCheckpointing, !model.supportsGradientCheckpointing {
      throw ConfigurationError.conflict(
        "gradient_checkpointing", problem: "layers of \(type(of: model)) cannot be computed again",
        remedy: "set it to false")
    }
    if let most = model.configuration["vocab_size"]?.int, tokenizer.count > most {
      throw TextError(
        "\(configuration.model): the tokenizer has \(tokenizer.count) tokens and the model \(most); use the tokenizer that the model was trained with"
      )
    }
    if configuration.task.padsTexts, tokenizer.padTokenId == nil {
      throw TextError(
        "\(configuration.model): the tokenizer has no padding token, which batches of texts need; name one as pad_token in the folder's tokenizer_config.json, such as the token that ends texts"
      )
    }
    if configuration.predictWithGenerate, !(model is any GenerativeModel) {
      throw ConfigurationError.conflict(
        "predict_with_generate", problem: "\(type(of: model)) writes no texts",
        remedy: "set it to false")
    }
    if configuration.metric == "f1", configuration.task == .textClassification, labels.count > 2 {
      throw ConfigurationError.conflict(
        "metric", problem: "there are \(labels.count) classes, and f1 is of two",
        remedy: "set metric: f1_macro")
    }
  }

  private static func model(
    _ configuration: FineTuningConfiguration, _ labels: LabelNames,
    _ tokenizer: PreTrainedTokenizer
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
    let architecture = configuration.architecture
    if configuration.vocabulary.size != nil
      || (!architecture.fields.isEmpty && architecture["vocab_size"] == nil)
    {
      // The model takes the tokens that there are.
      overrides["vocab_size"] = .int(tokenizer.count)
      for (name, id) in [
        ("bos_token_id", tokenizer.bosTokenId), ("eos_token_id", tokenizer.eosTokenId),
        ("pad_token_id", tokenizer.padTokenId),
      ] where architecture[name] == nil {
        overrides[name] = id.map { .int($0) } ?? .null
      }
    }
    // The outputs of a head, one for each label, or one for a number; nil where it keeps its shape.
    let outputs = configuration.task == .regression ? 1 : labels.count > 0 ? labels.count : nil
    // What stays as it is lies in the files' memory, once for all ranks of a node.
    let options = PretrainedOptions(
      overrides: overrides, ignoreMismatchedSizes: outputs != nil,
      mapsWeights: configuration.lora.r != nil)
    let model =
      !architecture.fields.isEmpty
      ? try Pretrained.make(
        new: ModelConfiguration(.object(architecture.fields), path: "architecture"),
        task: configuration.task.modelTask, options)
      : configuration.fromScratch
        ? try Pretrained.make(configuration.model, task: configuration.task.modelTask, options)
        : try Pretrained.load(configuration.model, task: configuration.task.modelTask, options)
    // Only a head of other labels may begin anew.
    if let wrong = model.loadReport?.mismatched.first(where: { $0.expected.first != outputs }) {
      throw TextError(
        "\(configuration.model): \(wrong.name) is \(wrong.found) in the weights and \(wrong.expected) by config.json; take the config.json that belongs to them"
      )
    }
    if labels.count > 0 { model.configuration.setLabels(labels.names) }
    // A decoder's head reads a text's last token, and tells it from padding by the configuration.
    if model.configuration["pad_token_id"]?.int == nil, let pad = tokenizer.padTokenId,
      configuration.task.modelTask == .sequenceClassification, model.isOfDecoders
    {
      model.configuration["pad_token_id"] = .int(pad)
    }
    return model
  }

  /// The words of each record of a file.
  func words(of path: String) throws -> [[String]] {
    try FineTuningRecords.words(of: path, configuration, tokenizer)
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
    guard tokenizer.padTokenId == nil, let end = tokenizer.specialTokens.eos else {
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
  func dataset(_ features: TextFeatures) throws -> MappedDataset<
    TextFeatures, TextFeature
  > {
    guard configuration.task == .maskedLM else { return features.mapped { $0 } }
    var options = DataCollatorForLanguageModeling.Options()
    options.mlmProbability = configuration.mlmProbability
    let tokenizer = tokenizer
    _ = try DataCollatorForLanguageModeling(tokenizer, options)
    return features.mapped { [options] feature in
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

  /// Whether a batch's texts are filled up with the tokenizer's own padding token, for which no other stands in.
  var padsTexts: Bool {
    switch self {
    case .tokenClassification, .causalLM, .maskedLM: false
    default: true
    }
  }
}

extension PretrainedModel {
  /// Whether the model is of a family that tells the next token, and none that is hidden.
  var isOfDecoders: Bool {
    let tasks = configuration["model_type"]?.string.flatMap(ModelRegistry.family)?.tasks
    return tasks?[.causalLM] != nil && tasks?[.maskedLM] == nil
  }

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
