import Settings

extension ModelDefinition {
  /// `char-gpt`: a GPT over characters.
  static let charGPT = ModelDefinition(
    "char-gpt", "a GPT over characters", CharGPTOptions.self, records: CharacterRecords.self,
    generates: true, size: { $0.size($1) }
  ) { options, records in
    let model = CharGPT(
      vocabulary: records.vocabulary, context: records.context, layers: options.layers,
      heads: options.heads, width: options.width, dropout: options.dropout, bias: options.bias)
    var prepared = PreparedModel(model) {
      model($0[0])
    } loss: {
      .tokens($0, $1[1])
    }
    // Every character of a context counts.
    prepared.targets = .perRecord(records.context)
    prepared.bitsPer = "character"
    prepared.generate = { prompt, count, temperature, topK, generator in
      model.generate(
        from: prompt, count: count, temperature: temperature, topK: topK, generator: generator)
    }
    return prepared
  }
}

/// Keys of `char-gpt`: a decoder-only transformer over characters. Its context is the data's.
public struct CharGPTOptions: ConfigurationSection {
  /// Transformer blocks.
  public var layers = 4
  /// Attention heads in each block.
  public var heads = 4
  /// Width of the residual stream; a multiple of `heads`.
  public var width = 128
  /// Chance that an activation is dropped in training.
  public var dropout = 0.0
  /// Whether linear layers and norms have biases.
  public var bias = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("layers", \.layers, in: .between(1, 10_000), "transformer blocks"),
    Field("heads", \.heads, in: .count(), "attention heads in each block"),
    Field("width", \.width, in: .count(), "width of the residual stream"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "chance that an activation is dropped"),
    Field("bias", \.bias, "whether linear layers and norms have biases"),
  ]
  /// The largest number of heads up to the configured one that divides the width.
  private var nearestDivisor: Int {
    stride(from: min(heads, width, 65_536), to: 1, by: -1).first { width % $0 == 0 } ?? 1
  }

  /// Heads share the width equally.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    width % heads == 0
      ? []
      : [
        heads > width
          ? (
            "heads", "\(heads) heads cannot share a width of \(width)",
            "use a number that divides it, such as \(nearestDivisor)"
          )
          : (
            "width", "\(width) cannot be shared by \(heads) heads",
            "use a multiple of \(heads), such as \(width / heads * heads)"
          )
      ]
  }
}

extension CharGPTOptions {
  /// 12 width² a block, and the embeddings; about ten streams a block and character, the logits, and
  /// the characters themselves as they are read ahead.
  fileprivate func size(_ records: CharacterRecords) -> ModelSize {
    let (layers, width) = (Double(layers), Double(width))
    let (vocabulary, context) = (Double(records.vocabulary), Double(records.context))
    return ModelSize(
      keys: ["model.layers", "model.width", "data.context"],
      parameters: layers * 12 * width * width + (vocabulary + context) * width,
      perRecord: context * (layers * 10 * width + vocabulary + 16), modules: layers * 10)
  }
}
