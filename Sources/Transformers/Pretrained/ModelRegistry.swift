import Synchronization

/// The model families that can be loaded. Packages add their own at start-up.
public enum ModelRegistry {
  /// The families that come with the package.
  static var builtIn: [ModelFamily] {
    [
      .bert, .roberta, .xlmRoberta, .camembert, .distilBert, .electra, .albert, .mpnet, .debertaV2,
      .modernBert, .gpt2, .gptNeoX, .llama, .mistral, .qwen2, .qwen3, .gemma, .gemma2, .gemma3,
      .phi3, .starcoder2, .olmo2, .olmo3, .granite, .smolLM3, .arcee, .t5, .mt5, .bart,
    ]
  }

  private static let added = Mutex<[ModelFamily]>([])

  /// Adds a family; where it shares a `model_type` with one that is there, it comes first.
  public static func register(_ family: ModelFamily) {
    added.withLock { $0.insert(family, at: 0) }
  }

  /// Every family, those that were added last first.
  public static var families: [ModelFamily] { added.withLock { $0 } + builtIn }

  /// The family of a `model_type`, or nil where there is none.
  public static func family(of modelType: String) -> ModelFamily? {
    families.first { $0.modelTypes.contains(modelType) }
  }
}
