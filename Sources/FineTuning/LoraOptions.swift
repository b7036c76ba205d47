import Settings
import Tensors
import Training
import Transformers

/// Keys of `lora`: low-rank adapters are trained, and the model itself stays as it is.
public struct LoraOptions: ConfigurationSection {
  /// How the frozen weights of linear layers are kept.
  public enum Base: String, ConfigurationChoice {
    /// As they are, in the mapped file.
    case asSaved = "as_saved"
    /// 8 bits each, in blocks of 32 with a scale.
    case q8_0
    /// 4 bits each, in blocks of 32 with a scale.
    case q4_0
    /// 4 bits each, in values that follow a normal distribution, in blocks of 64.
    case nf4

    /// The blocks, where there are any.
    var blocks: BlockTensor.Format? {
      switch self {
      case .asSaved: nil
      case .q8_0: .q8_0
      case .q4_0: .q4_0
      case .nf4: .nf4
      }
    }
  }

  /// The rank; nil to train the model itself.
  public var r: Int?
  /// The numerator of the scale.
  public var alpha = 16.0
  /// The probability with which the adapters' input is dropped.
  public var dropout = 0.0
  /// The layers to adapt; none for those that are usual in the family, `all-linear` for every one.
  public var targets: [String] = []
  /// Modules to train in full.
  public var modulesToSave: [String] = []
  /// Whether the scale is alpha ÷ √r.
  public var rslora = false
  /// Whether directions and lengths of weights are told apart.
  public var dora = false
  /// How the frozen weights of linear layers are kept.
  public var base = Base.asSaved
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("r", \.r, in: .between(1, 1_048_576), standard: "null: no adapters", "rank of adapters"),
    Field("alpha", \.alpha, in: .float(), "numerator of their scale alpha/r"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "how much of their input is dropped"),
    Field("targets", \.targets, "layers to adapt, or all-linear; none: the family's usual ones"),
    Field("modules_to_save", \.modulesToSave, "modules that train in full"),
    Field("rslora", \.rslora, "scale alpha/√r"),
    Field("dora", \.dora, "lengths and directions apart (DoRA)"),
    Field("base", \.base, "how frozen linear weights are kept: in the file, or in blocks"),
  ]

  /// PEFT's settings.
  func config(_ task: FineTuningConfiguration.Task, base name: String) -> LoraConfig? {
    guard let r else { return nil }
    var config = LoraConfig(
      r: r, loraAlpha: alpha, loraDropout: dropout, modulesToSave: modulesToSave,
      usesRSLora: rslora, usesDora: dora, taskType: task.peftType)
    if !targets.isEmpty {
      config.targetModules = targets == ["all-linear"] ? .allLinear : .list(targets)
    }
    config.baseModelNameOrPath = name
    return config
  }
}

extension FineTuningConfiguration.Task {
  /// PEFT's name of the task.
  fileprivate var peftType: String? {
    switch self {
    case .textClassification, .multiLabel, .regression: "SEQ_CLS"
    case .questionAnswering: "QUESTION_ANS"
    case .tokenClassification: "TOKEN_CLS"
    case .causalLM: "CAUSAL_LM"
    case .seq2seq: "SEQ_2_SEQ_LM"
    case .maskedLM: nil
    }
  }
}
