import NN
import Tensors

/// What every `AutoModel…` does: it reads `config.json`, makes the family's class for a task, and
/// reads the weights.
public protocol AutoModelClass {
  /// What its models can do.
  associatedtype Loaded
  /// The task of its models.
  static var task: ModelTask { get }
}

extension AutoModelClass {
  /// Loads a model, ready for evaluation; `model.train()` makes it drop at random.
  ///
  /// ```swift
  /// let model = try AutoModelForSequenceClassification.fromPretrained(
  ///   "bert-base-uncased", overrides: ["num_labels": 3])
  /// print(model.loadReport ?? "")
  /// ```
  /// - Parameters:
  ///   - path: A folder with `config.json` and weights, or a name in the hub's cache.
  ///   - dtype: The weights' type; by default the one they were saved with.
  ///   - overrides: Fields of the configuration to replace.
  ///   - ignoreMismatchedSizes: Whether tensors of another shape are initialised anew.
  ///   - ignoringFields: Fields of the configuration that may be dropped.
  ///   - variant: `fp16` for `model.fp16.safetensors`.
  ///   - revision: The branch, tag or commit of a name in the hub's cache.
  ///   - cache: The hub's cache; by default the one that the environment names.
  /// - Throws: ``ModelError`` or `CheckpointError`, with the file, the field or tensor and a remedy.
  public static func fromPretrained(
    _ path: String, dtype: DType? = nil, overrides: [String: ConfigurationValue] = [:],
    ignoreMismatchedSizes: Bool = false, ignoringFields: Set<String> = [], variant: String? = nil,
    revision: String = "main", cache: String? = nil
  ) throws -> Loaded {
    let options = PretrainedOptions(
      dtype: dtype, overrides: overrides, ignoreMismatchedSizes: ignoreMismatchedSizes,
      ignoringFields: ignoringFields, variant: variant, revision: revision,
      cache: cache)
    return try typed(try Pretrained.load(path, task: task, options), path)
  }

  /// Makes a model with new weights.
  /// - Throws: ``ModelError`` where the configuration is not honoured in full.
  public static func fromConfiguration(
    _ configuration: ModelConfiguration, dtype: DType? = nil, ignoringFields: Set<String> = []
  ) throws -> Loaded {
    let options = PretrainedOptions(dtype: dtype, ignoringFields: ignoringFields)
    return try typed(
      try Pretrained.make(new: configuration, task: task, options), configuration.path)
  }

  private static func typed(_ model: PretrainedModel, _ path: String) throws -> Loaded {
    guard let typed = model as? Loaded else {
      throw ModelError(
        .unsupported, path: path, "\(type(of: model)) does not do what \(Self.self) promises",
        remedy: "Register a class for \(task.rawValue) that adopts \(Loaded.self)")
    }
    return typed
  }
}

/// Loads models without a head.
public enum AutoModel: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = PretrainedModel
  /// What for.
  public static let task = ModelTask.base
}

/// Loads models that classify texts.
public enum AutoModelForSequenceClassification: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any LabelledModel
  /// What for.
  public static let task = ModelTask.sequenceClassification
}

/// Loads models that classify tokens.
public enum AutoModelForTokenClassification: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any LabelledModel
  /// What for.
  public static let task = ModelTask.tokenClassification
}

/// Loads models that find answers.
public enum AutoModelForQuestionAnswering: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any AnsweringModel
  /// What for.
  public static let task = ModelTask.questionAnswering
}

/// Loads models that guess masked tokens.
public enum AutoModelForMaskedLM: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any LabelledModel
  /// What for.
  public static let task = ModelTask.maskedLM
}

/// Loads models that tell the next token, and generate.
public enum AutoModelForCausalLM: AutoModelClass {
  /// Models that generate.
  public typealias Loaded = any GenerativeModel & LabelledModel
  /// The next token.
  public static let task = ModelTask.causalLM
}

/// Loads models that write a text from a text.
public enum AutoModelForSeq2SeqLM: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any Seq2SeqLanguageModel
  /// What for.
  public static let task = ModelTask.seq2SeqLM
}

/// Loads the encoders alone of encoder-decoders.
public enum AutoModelForTextEncoding: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = PretrainedModel
  /// What for.
  public static let task = ModelTask.textEncoder
}

/// Loads models that pick one of several continuations.
public enum AutoModelForMultipleChoice: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any LabelledModel
  /// What for.
  public static let task = ModelTask.multipleChoice
}

/// Loads models that say whether the second text follows the first.
public enum AutoModelForNextSentencePrediction: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = any LabelledModel
  /// What for.
  public static let task = ModelTask.nextSentencePrediction
}

/// Loads models with the heads of their family's pre-training.
public enum AutoModelForPreTraining: AutoModelClass {
  /// What is loaded.
  public typealias Loaded = PretrainedModel
  /// What for.
  public static let task = ModelTask.preTraining
}
