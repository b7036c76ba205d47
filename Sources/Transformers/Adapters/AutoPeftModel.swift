import Base
import NN

/// Loads adapters' folders by themselves (`peft.AutoPeftModel`): `adapter_config.json` names the base
/// model and what it is for.
public enum AutoPeftModel {
  /// Loads the base model and puts the adapters beside its layers.
  ///
  /// The base is `base_model_name_or_path`: a folder as it stands, else relative to the adapters' folder,
  /// else a name in the hub's cache.
  /// - Parameters:
  ///   - path: The adapters' folder, or its name in the hub's cache.
  ///   - task: What the model is for; nil for what `task_type` says, else the class that was saved.
  ///   - options: How the base model is loaded.
  ///   - isTrainable: Whether the adapters train on.
  /// - Throws: ``ModelError`` or `CheckpointError`, with the file, the field or tensor and a remedy.
  public static func fromPretrained(
    _ path: String, task: ModelTask? = nil, _ options: PretrainedOptions = .init(),
    isTrainable: Bool = false
  ) throws -> PeftModel {
    let folder = try ModelFolder.found(path, revision: options.revision, cache: options.cache)
    guard let file = folder.file("adapter_config.json") else {
      throw ModelError(
        .missing, path: folder.path, "there is no adapter_config.json",
        remedy: "Name the folder that PEFT saved")
    }
    let config = try LoraConfig(try ModelConfiguration(path: file))
    guard let name = config.baseModelNameOrPath, !name.isEmpty else {
      throw ModelError(
        .missing, path: file, field: "base_model_name_or_path", "it does not name the base model",
        remedy: "Name it, or load the base model and PeftModel.fromPretrained(base, path)")
    }
    var base = options
    base.revision = config.revision ?? "main"
    let beside = "\(folder.path)/\(name)"
    let place = !HubCache.isFolder(name) && HubCache.isFolder(beside) ? beside : name
    let model = try Pretrained.load(place, task: task ?? Self.task(config), base)
    return try PeftModel.fromPretrained(
      model, path, isTrainable: isTrainable, revision: options.revision, cache: options.cache)
  }

  /// The task of PEFT's `task_type`.
  private static func task(_ config: LoraConfig) -> ModelTask? {
    switch config.taskType {
    case "SEQ_CLS": .sequenceClassification
    case "TOKEN_CLS": .tokenClassification
    case "QUESTION_ANS": .questionAnswering
    case "CAUSAL_LM": .causalLM
    case "SEQ_2_SEQ_LM": .seq2SeqLM
    case "FEATURE_EXTRACTION": .base
    default: nil
    }
  }
}
