import Base
import Checkpoints
import NN
import Tensors

/// How a pretrained model is loaded: the keywords of `from_pretrained`.
public struct PretrainedOptions: Sendable {
  /// The dtype of the weights; by default the one they were saved with.
  public var dtype: DType?
  /// Fields of the configuration to replace: `["num_labels": 3]`.
  public var overrides: [String: ConfigurationValue] = [:]
  /// Whether tensors of another shape than the model's are initialised anew instead of refused.
  public var ignoreMismatchedSizes = false
  /// Fields of the configuration that may be dropped though nothing honours them.
  public var ignoringFields: Set<String> = []
  /// Which weights: `fp16` for `model.fp16.safetensors`.
  public var variant: String?
  /// Whether weights lie in the mapped files, where all processes of a node share what none changes: for
  /// models that are frozen. The files have to stay as they are.
  public var mapsWeights = false
  /// The branch, tag or commit of a name in the hub's cache.
  public var revision = "main"
  /// The hub's cache; by default the one that the environment names (`HF_HUB_CACHE`, `HF_HOME`).
  public var cache: String?

  /// Options, each by its default.
  public init(
    dtype: DType? = nil, overrides: [String: ConfigurationValue] = [:],
    ignoreMismatchedSizes: Bool = false, ignoringFields: Set<String> = [], variant: String? = nil,
    revision: String = "main", cache: String? = nil, mapsWeights: Bool = false
  ) {
    self.mapsWeights = mapsWeights
    self.dtype = dtype
    self.overrides = overrides
    self.ignoreMismatchedSizes = ignoreMismatchedSizes
    self.ignoringFields = ignoringFields
    self.variant = variant
    self.revision = revision
    self.cache = cache
  }
}

/// Loads models from folders.
public enum Pretrained {
  /// Loads the class that a folder's `architectures` names; the family's model without a head, as
  /// ``AutoModel`` does, where it names none.
  /// - Parameters:
  ///   - path: A folder with `config.json` and weights, a GGUF file or a folder with one, or a name in the
  ///     hub's cache.
  ///   - options: The weights' type, the hub's cache and other settings of loading.
  /// - Throws: ``ModelError`` or `CheckpointError`.
  public static func load(_ path: String, _ options: PretrainedOptions = .init()) throws
    -> PretrainedModel
  {
    try load(path, task: nil, options)
  }

  /// Loads a family's class for a task, or the class that was saved where `task` is nil.
  ///
  /// What the files lack, such as the head of another task, is newly initialised, and `loadReport` names it.
  /// - Parameters:
  ///   - path: A folder with `config.json` and weights, a GGUF file or a folder with one, or a name in the
  ///     hub's cache.
  ///   - task: What the model is to do.
  ///   - options: How it is loaded.
  public static func load(
    _ path: String, task: ModelTask?, _ options: PretrainedOptions = .init()
  ) throws -> PretrainedModel {
    let folder = try ModelFolder.found(path, revision: options.revision, cache: options.cache)
    if folder.ggufFile == nil, folder.file("config.json") == nil,
      folder.file("adapter_config.json") != nil
    {
      let peft = try AutoPeftModel.fromPretrained(path, task: task, options)
      try peft.mergeAndUnload()
      guard let model = peft.model as? PretrainedModel else {
        fail("Pretrained", "\(type(of: peft.model)) is no pretrained model")
      }
      return model
    }
    if let file = try folder.modelFile(variant: options.variant) {
      return try load(gguf: file, task: task, options)
    }
    let configuration = try folder.configuration()
    configuration.apply(options.overrides)
    var tensors = try folder.weights(variant: options.variant)
    let quantized = try BitsAndBytes(configuration)
    configuration.dtype =
      try options.dtype ?? configuration.savedDType ?? tensors.lazy.compactMap(\.tensor.dtype.dtype)
      .first(where: \.isFloatingPoint) ?? .float32
    if let quantized {
      tensors = try quantized.numbers(tensors, dtype: configuration.dtype)
      // What is saved from now on are numbers.
      configuration["quantization_config"] = nil
    }
    return try load(configuration, tensors, task: task, path: folder.path, options)
  }

  /// Loads the model of a GGUF file; of its own class where no task is asked for.
  private static func load(
    gguf path: String, task: ModelTask?, _ options: PretrainedOptions
  ) throws -> PretrainedModel {
    let file = try GGUFModel(path)
    let configuration = try file.configuration()
    configuration.apply(options.overrides)
    configuration.dtype = options.dtype ?? file.dtype
    return try load(
      configuration, try file.tensors(), task: task ?? .causalLM, path: path, options)
  }

  private static func load(
    _ configuration: ModelConfiguration, _ tensors: [(tensor: StoredTensor, file: String)],
    task: ModelTask?, path: String, _ options: PretrainedOptions
  ) throws -> PretrainedModel {
    try configuration.checkSizes(of: tensors)
    // Parameters take memory where their tensors are read, when all shapes have been compared.
    let model = try Init.$isSkipped.withValue(true) {
      try Tensor.postponingMemory {
        try make(configuration, task: task, ignoringFields: options.ignoringFields)
      }
    }
    var loading = WeightLoading(model, path: path)
    model.loadReport = try loading.load(
      tensors, ignoreMismatchedSizes: options.ignoreMismatchedSizes,
      mapsWeights: options.mapsWeights)
    model.eval()
    return model
  }

  /// Makes a family's class for a task with new weights, by a folder's `config.json` or a GGUF file's
  /// settings alone.
  /// - Parameters:
  ///   - path: A folder with `config.json`, a GGUF file, or a name in the hub's cache.
  ///   - task: What the model is to do; nil for the class that `architectures` names.
  ///   - options: What of the configuration is replaced.
  public static func make(
    _ path: String, task: ModelTask?, _ options: PretrainedOptions = .init()
  ) throws -> PretrainedModel {
    let folder = try ModelFolder.found(path, revision: options.revision, cache: options.cache)
    let file = try folder.modelFile(variant: options.variant)
    let configuration = try file.map { try GGUFModel($0).configuration() }
    return try make(
      new: try configuration ?? folder.configuration(), task: task ?? file.map { _ in .causalLM },
      options)
  }

  /// Makes a model with new weights.
  /// - Throws: ``ModelError`` where the configuration is not honoured in full.
  package static func make(
    new configuration: ModelConfiguration, task: ModelTask?, _ options: PretrainedOptions
  ) throws -> PretrainedModel {
    configuration.apply(options.overrides)
    configuration.dtype = try options.dtype ?? configuration.savedDType ?? .float32
    try configuration.checkSizes(of: [])
    let model = try Init.$isSkipped.withValue(true) {
      try make(configuration, task: task, ignoringFields: options.ignoringFields)
    }
    model.initializeParameters()
    return model
  }

  private static func make(
    _ configuration: ModelConfiguration, task: ModelTask?, ignoringFields: Set<String>
  ) throws -> PretrainedModel {
    let (family, name) = try architecture(configuration, task)
    guard let maker = family.architectures[name] else {
      let known = family.architectures.keys.sorted().joined(separator: ", ")
      throw configuration.fault(
        "architectures", "there is no class “\(name)”", remedy: "The family's classes are \(known)")
    }
    let model = try maker(configuration)
    configuration.note(family.fields)
    try configuration.requireAllHonoured(ignoring: ignoringFields)
    configuration["architectures"] = .list([.string(name)])
    return model
  }

  /// The family and the name of the class.
  private static func architecture(
    _ configuration: ModelConfiguration, _ task: ModelTask?
  ) throws -> (ModelFamily, String) {
    guard let type = try configuration.optionalString("model_type") else {
      throw configuration.fault("model_type", "the field is missing")
    }
    guard let family = ModelRegistry.family(of: type) else {
      let known = ModelRegistry.families.flatMap(\.modelTypes).joined(separator: ", ")
      throw configuration.fault(
        "model_type", "no family is called “\(type)”",
        remedy: "Known are \(known); add others with ModelRegistry.register")
    }
    guard let task else {
      // Where none is named it is what AutoModel loads.
      let named = try configuration.optionalStrings("architectures")?.first
      guard let name = named ?? family.tasks[.base] else {
        throw configuration.fault(
          "architectures", "the field is missing, so it is not clear which class to make",
          remedy: "Load the folder with one of the AutoModel classes")
      }
      return (family, name)
    }
    guard let name = family.tasks[task] else {
      let known = family.tasks.keys.map(\.rawValue).sorted().joined(separator: ", ")
      throw configuration.fault(
        "model_type", "\(type) has no class \(task.rawValue)", remedy: "It has \(known)")
    }
    return (family, name)
  }
}

extension ModelConfiguration {
  /// Replaces fields; a number of labels also renews their names.
  func apply(_ overrides: [String: ConfigurationValue]) {
    for (name, value) in overrides {
      if name == "num_labels", let count = value.int {
        if self["id2label"]?.members?.count != count {
          setLabels((0..<Swift.max(count, 0)).map { "LABEL_\($0)" })
        }
      } else {
        self[name] = value
      }
    }
  }

  /// The dtype that the weights were saved with (`dtype`, formerly `torch_dtype`).
  var savedDType: DType? {
    get throws {
      guard let name = try optionalString("dtype") ?? optionalString("torch_dtype"), name != "auto"
      else { return nil }
      guard let dtype = DType(named: name), dtype.isFloatingPoint else {
        throw fault("dtype", "“\(name)” is no floating-point type")
      }
      return dtype
    }
  }
}
