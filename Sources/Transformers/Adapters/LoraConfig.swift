import Base

/// How layers are adapted: the settings of `peft.LoraConfig`, with its defaults.
///
/// An adapted layer computes W x + b + s B (A x) with A `[r, inputs]`, B `[outputs, r]` and
/// s = alpha ÷ r (Hu et al. 2021); alpha ÷ √r with ``usesRSLora`` (Kalajdzievski 2023); and with
/// ``usesDora`` the rows of W + s B A are brought to learned lengths (Liu et al. 2024).
public struct LoraConfig: Equatable, Sendable {
  /// Names of modules, as one rule or a list.
  public enum Names: Equatable, Sendable {
    /// A module's whole name, or its last parts: `q_proj`, `mlp.up_proj`.
    case list([String])
    /// A regular expression that the whole name matches.
    case regex(String)
    /// Every linear layer but the output head (`all-linear`).
    case allLinear
  }

  /// Which biases train as well.
  public enum Bias: String, Sendable {
    /// None.
    case none
    /// All of the model.
    case all
    /// Those of the adapted layers.
    case loraOnly = "lora_only"
  }

  /// The first values of new adapters.
  public enum Initialization: Equatable, Sendable {
    /// A uniform on ±1/√inputs and B zero, so that the model starts as it was; an embedding's the other
    /// way round.
    case standard
    /// A normal with a deviation of 1/r and B zero.
    case gaussian
    /// Both random, so that adapters act from the beginning.
    case random
  }

  /// The rank.
  public var r = 8
  /// The numerator of the scale.
  public var loraAlpha = 8.0
  /// The probability with which the adapter's input is dropped while training.
  public var loraDropout = 0.0
  /// The layers to adapt; nil for those that are usual in the model's family.
  public var targetModules: Names?
  /// Layers not to adapt.
  public var excludeModules: Names?
  /// Modules to train in full and to save with the adapters, by the ends of their names.
  public var modulesToSave: [String] = []
  /// The numbers of the layers to adapt, where targets are a list; nil for all.
  public var layersToTransform: [Int]?
  /// The names of the lists that those numbers count in; empty for any.
  public var layersPattern: [String] = []
  /// Ranks by regular expressions for the ends of names.
  public var rankPattern: [(String, Int)] {
    get { ranks.map { ($0.name, $0.value) } }
    set { ranks = newValue.map { Entry(name: $0.0, value: $0.1) } }
  }
  /// Alphas by regular expressions for the ends of names.
  public var alphaPattern: [(String, Double)] {
    get { alphas.map { ($0.name, $0.value) } }
    set { alphas = newValue.map { Entry(name: $0.0, value: $0.1) } }
  }
  /// Which biases train.
  public var bias = Bias.none
  /// Whether B has a bias.
  public var loraBias = false
  /// Whether the scale is alpha ÷ √r.
  public var usesRSLora = false
  /// Whether directions and lengths of weights are told apart.
  public var usesDora = false
  /// The first values of new adapters.
  public var initialization = Initialization.standard
  /// What the model is for (`SEQ_CLS`, `CAUSAL_LM`, …); classifiers train their head as well.
  public var taskType: String?
  /// The name or path of the base model.
  public var baseModelNameOrPath: String?
  /// The branch, tag or commit of the base model.
  public var revision: String?

  private var ranks: [Entry<Int>] = []
  private var alphas: [Entry<Double>] = []

  private struct Entry<Value: Equatable & Sendable>: Equatable, Sendable {
    var name: String
    var value: Value
  }

  /// Settings, each by its default.
  public init(
    r: Int = 8, loraAlpha: Double = 8, targetModules: [String]? = nil, loraDropout: Double = 0,
    bias: Bias = .none, modulesToSave: [String] = [], usesRSLora: Bool = false,
    usesDora: Bool = false, taskType: String? = nil
  ) {
    (self.r, self.loraAlpha, self.loraDropout, self.bias) = (r, loraAlpha, loraDropout, bias)
    self.targetModules = targetModules.map { .list($0) }
    self.modulesToSave = modulesToSave
    (self.usesRSLora, self.usesDora, self.taskType) = (usesRSLora, usesDora, taskType)
  }

  /// Names of modules that classifiers and finders of answers train in full, by the task.
  var headsOfTask: [String] {
    switch taskType {
    case "SEQ_CLS", "TOKEN_CLS": ["classifier", "score"]
    case "QUESTION_ANS": ["qa_outputs"]
    default: []
    }
  }
}

extension LoraConfig {
  /// The layers that are usually adapted, by `model_type`.
  static let usualTargets: [String: [String]] = [
    "t5": ["q", "v"], "mt5": ["q", "v"], "bart": ["q_proj", "v_proj"], "gpt2": ["c_attn"],
    "gpt_neox": ["query_key_value"], "bert": ["query", "value"], "roberta": ["query", "value"],
    "xlm-roberta": ["query", "value"], "electra": ["query", "value"],
    "deberta-v2": ["query_proj", "value_proj"], "llama": ["q_proj", "v_proj"],
    "mistral": ["q_proj", "v_proj"], "gemma": ["q_proj", "v_proj"], "gemma2": ["q_proj", "v_proj"],
    "gemma3_text": ["q_proj", "v_proj"], "qwen2": ["q_proj", "v_proj"],
    "qwen3": ["q_proj", "v_proj"],
  ]
}
