import NN
import Tensors
import Tokenizers

// Names of transformers and PEFT that are spelled otherwise here: the compiler answers each with the
// right one. Tests/GuideTests holds that each has its hint.

/// transformers' name.
@available(*, unavailable, renamed: "PretrainedModel")
public typealias PreTrainedModel = PretrainedModel

/// transformers' name.
@available(*, unavailable, renamed: "ModelConfiguration")
public typealias PretrainedConfig = ModelConfiguration

/// transformers' name.
@available(*, unavailable, message: "use ModelConfiguration(path: \"folder/config.json\")")
public var AutoConfig: PythonName { otherName() }

/// PEFT's function.
@available(*, unavailable, message: "use PeftModel(model, config)")
public func getPeftModel(_ model: Module, _ config: LoraConfig) -> PeftModel { otherName() }

/// PEFT's function.
@available(*, unavailable, message: "use PeftModel(model, config)")
public func get_peft_model(_ model: Module, _ config: LoraConfig) -> PeftModel { otherName() }

extension AutoModelClass {
  /// transformers' spelling.
  @available(*, unavailable, renamed: "fromPretrained(_:)")
  public static var from_pretrained: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "fromConfiguration(_:)")
  public static var from_config: PythonName { otherName() }
  /// transformers' name.
  @available(*, unavailable, renamed: "fromConfiguration(_:)")
  public static func fromConfig(_ configuration: ModelConfiguration) -> Loaded { otherName() }
}

extension PretrainedModel {
  /// transformers' name.
  @available(*, unavailable, renamed: "configuration")
  public var config: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "savePretrained(_:)")
  public var save_pretrained: PythonName { otherName() }
}

extension AutoTokenizer {
  /// transformers' spelling.
  @available(*, unavailable, renamed: "fromPretrained(_:)")
  public static var from_pretrained: PythonName { otherName() }
}

extension PreTrainedTokenizer {
  /// transformers' spelling.
  @available(*, unavailable, renamed: "padTokenId")
  public var pad_token_id: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "eosTokenId")
  public var eos_token_id: PythonName { otherName() }
  /// transformers' name.
  @available(*, unavailable, renamed: "vocabularySize")
  public var vocabSize: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "convertTokensToIds(_:)")
  public var convert_tokens_to_ids: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "convertIdsToTokens(_:)")
  public var convert_ids_to_tokens: PythonName { otherName() }
  /// What was its name.
  @available(*, unavailable, renamed: "convertIdsToTokens(_:)")
  public func convertIDsToTokens(_ ids: [Int]) -> [String?] { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "batchDecode(_:)")
  public var batch_decode: PythonName { otherName() }
  /// transformers' spelling.
  @available(*, unavailable, renamed: "applyChatTemplate(_:)")
  public var apply_chat_template: PythonName { otherName() }
}

extension SentenceTransformer {
  /// What the argument was called.
  @available(*, unavailable, message: "use normalizeEmbeddings: true")
  public func encode(_ texts: [String], normalizes: Bool) throws -> Tensor { otherName() }
}
