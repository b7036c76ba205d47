import NN

/// What a model is loaded for: which of a family's classes is made (`AutoModelFor…`).
public struct ModelTask: RawRepresentable, Hashable, Sendable {
  /// The end of the class's name: `ForMaskedLM`; for the model without a head, `Model`.
  public let rawValue: String

  /// A task by the end of its classes' names.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Hidden states, without a head.
  public static let base = ModelTask(rawValue: "Model")
  /// The encoder alone of an encoder-decoder.
  public static let textEncoder = ModelTask(rawValue: "EncoderModel")
  /// One class, several or a number for a text.
  public static let sequenceClassification = ModelTask(rawValue: "ForSequenceClassification")
  /// A class for every token.
  public static let tokenClassification = ModelTask(rawValue: "ForTokenClassification")
  /// The first and last token of an answer.
  public static let questionAnswering = ModelTask(rawValue: "ForQuestionAnswering")
  /// The masked tokens.
  public static let maskedLM = ModelTask(rawValue: "ForMaskedLM")
  /// The next token.
  public static let causalLM = ModelTask(rawValue: "ForCausalLM")
  /// A text from a text.
  public static let seq2SeqLM = ModelTask(rawValue: "ForConditionalGeneration")
  /// Which of several continuations is right.
  public static let multipleChoice = ModelTask(rawValue: "ForMultipleChoice")
  /// Whether the second text follows the first.
  public static let nextSentencePrediction = ModelTask(rawValue: "ForNextSentencePrediction")
  /// What the family was trained with first.
  public static let preTraining = ModelTask(rawValue: "ForPreTraining")
}

/// A model family: how its configurations become models.
///
/// To add a family, write one file in `Sources/Transformers/Families` (or in a package of your own):
///
/// 1. modules with transformers' names (`stateNames` where a name is not the property's in snake
///    case), which read their settings from the ``ModelConfiguration`` with transformers' defaults;
/// 2. an `extension ModelFamily` with the family's value: its `model_type`s, one maker for each
///    class, and the fields that only some of its classes read;
/// 3. its line in `ModelRegistry.builtIn`, or a call of ``ModelRegistry/register(_:)`` at start-up.
///
/// Encoders adopt ``EncoderModel`` and get every head from `Blocks/Heads` for the names of their
/// layers; `Families/Bert.swift` shows it.
public struct ModelFamily: Sendable {
  /// Makes a model, whose weights need no first values, of a configuration.
  public typealias Maker = @Sendable (ModelConfiguration) throws -> PretrainedModel

  /// The `model_type`s of the configurations.
  public let modelTypes: [String]
  /// Makers by class name, as in `architectures`: `BertForMaskedLM`.
  public let architectures: [String: Maker]
  /// The class of a task.
  public let tasks: [ModelTask: String]
  /// Fields that some classes of the family read and the others need not.
  public let fields: Set<String>

  /// - Parameters:
  ///   - modelTypes: The `model_type`s of the configurations.
  ///   - name: What the classes' names begin with: `Bert`.
  ///   - fields: Fields that some classes of the family read and the others need not.
  ///   - architectures: Makers by task; a class is called the name and the task's raw value.
  ///   - aliases: Other names of classes, such as `CamembertForMaskedLM`, with their task.
  ///   - names: The names of classes that are not made of the name and the task, such as
  ///     `GPT2LMHeadModel`.
  public init(
    _ modelTypes: [String], name: String, fields: Set<String> = [],
    architectures: [ModelTask: Maker], aliases: [String: ModelTask] = [:],
    names: [ModelTask: String] = [:]
  ) {
    func className(_ task: ModelTask) -> String { names[task] ?? name + task.rawValue }
    self.modelTypes = modelTypes
    self.fields = fields
    var makers: [String: Maker] = [:]
    for (task, maker) in architectures { makers[className(task)] = maker }
    for (alias, task) in aliases { makers[alias] = architectures[task] }
    self.architectures = makers
    tasks = Dictionary(uniqueKeysWithValues: architectures.keys.map { ($0, className($0)) })
  }
}
