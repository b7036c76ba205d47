import Checkpoints
import NN
import Tensors

/// A model that transformers' folders describe (`PreTrainedModel`): a configuration, weights under
/// transformers' names, and a rule for the weights that a folder lacks.
///
/// Subclasses take their dtype from ``ModelConfiguration/dtype`` and share tied weights through
/// ``TiedLinear``.
open class PretrainedModel: Module {
  /// What the model was made from.
  public let configuration: ModelConfiguration
  /// What loading found, where the model was loaded.
  public internal(set) var loadReport: LoadReport?

  /// A model of a configuration.
  public init(configuration: ModelConfiguration) {
    self.configuration = configuration
    // Every class knows these: new weights are drawn by one, output layers are tied by the other.
    configuration.note(["initializer_range", "tie_word_embeddings"])
  }

  /// The name of the part that all heads of the family share: `bert`. A file that lacks it, or has
  /// it where the model is that part, is read all the same.
  open class var baseModelPrefix: String { "" }

  /// The name in this model of a tensor in a file, for files that call it otherwise; the base class
  /// knows TensorFlow's `gamma` and `beta`.
  open func renamed(_ name: String) -> String {
    if name.hasSuffix("LayerNorm.gamma") { return name.dropLast(5) + "weight" }
    if name.hasSuffix("LayerNorm.beta") { return name.dropLast(4) + "bias" }
    return name
  }

  /// The name in a file of a tensor of this model, where transformers writes another than it holds.
  open func savedName(_ name: String) -> String { name }

  /// Whether a tensor of a file that the model does not hold is no news, such as a buffer that older
  /// versions saved.
  open func isObsolete(_ name: String) -> Bool {
    [".position_ids", ".token_type_ids", ".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"]
      .contains { (".\(name)").hasSuffix($0) }
  }

  /// The standard deviation of new weights (`initializer_range`).
  open var initializerRange: Double { configuration["initializer_range"]?.double ?? 0.02 }

  /// Gives a parameter that no file holds its first values.
  ///
  /// By default as most families: matrices and tables normal with ``initializerRange``, the
  /// embedding's padding row and biases zero, norms one.
  /// - Parameters:
  ///   - parameter: What is filled.
  ///   - name: The parameter's name in `module`.
  ///   - module: The module that holds the parameter.
  open func initialize(_ parameter: Parameter, _ name: String, in module: Module) {
    switch module {
    case is LayerNorm, is RMSNorm: Init.constant(parameter, name == "bias" ? 0 : 1)
    case let table as Embedding:
      Init.normal(parameter, std: initializerRange)
      table.clearPadding()
    case _ where name == "bias": Init.zeros(parameter)
    case _ where parameter.shape.count >= 2: Init.normal(parameter, std: initializerRange)
    default: Init.zeros(parameter)
    }
  }
}

extension PretrainedModel {
  /// Gives parameters their first values, in the order of the model.
  /// - Parameter includes: Which parameters, by name.
  func initializeParameters(where includes: (String) -> Bool = { _ in true }) {
    var seen = Set<ObjectIdentifier>()
    for (path, module) in namedModules() {
      for (name, parameter) in module.ownParameters
      where seen.insert(ObjectIdentifier(parameter)).inserted {
        if includes(path.isEmpty ? name : "\(path).\(name)") {
          initialize(parameter, name, in: module)
        }
      }
    }
  }
}

extension PretrainedModel {
  /// Whether the model's layers can be computed once more for their gradients
  /// (``ModelInputs/gradientCheckpointing``): those of decoders alone and of encoders in BERT's manner.
  public var supportsGradientCheckpointing: Bool {
    modules().contains { $0 is any EncoderLayer || $0 is DecoderBlock }
  }
}
