/// Keys of `mlp`: fully connected layers over a flattened record.
public struct MLPOptions: ConfigurationSection {
  /// Width of each hidden layer.
  public var hidden = [128]
  /// Chance that a hidden activation is dropped in training.
  public var dropout = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("hidden", \.hidden, in: .count(), "width of each hidden layer"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "chance that an activation is dropped"),
  ]
}

/// Keys of the image networks: convolutions with pooling, then two linear layers.
public struct CNNOptions: ConfigurationSection {
  /// Output channels of each convolution.
  public var channels = [16, 32]
  /// Width of the hidden linear layer.
  public var hidden = 64
  /// Chance that a hidden activation is dropped in training.
  public var dropout = 0.0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("channels", \.channels, in: .count(), "output channels of each convolution"),
    Field("hidden", \.hidden, in: .count(), "width of the hidden linear layer"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "chance that an activation is dropped"),
  ]
  /// Two convolutions are what the networks have.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    channels.count == 2
      ? []
      : [
        (
          "channels", "\(channels.count) entries for two convolutions",
          "give two, such as [16, 32]"
        )
      ]
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

/// Keys of `text-lstm`: word embeddings, an LSTM, and a linear classifier over its pooled states.
public struct TextLSTMOptions: ConfigurationSection {
  /// How the states of a sentence become one vector.
  public enum Pooling: String, ConfigurationChoice {
    /// The last state of each direction.
    case last
    /// The mean over the sentence's words.
    case mean
    /// The largest value over the sentence's words.
    case max
  }
  /// Width of a word's embedding.
  public var embedding = 100
  /// Width of the LSTM's state, per direction.
  public var hidden = 128
  /// Stacked LSTM layers.
  public var layers = 1
  /// Whether a second LSTM reads each sentence backwards.
  public var bidirectional = true
  /// How the states of a sentence become one vector.
  public var pooling = Pooling.max
  /// Chance that an activation is dropped in training.
  public var dropout = 0.5
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("embedding", \.embedding, in: .count(), "width of a word's embedding"),
    Field("hidden", \.hidden, in: .count(), "width of the LSTM's state, per direction"),
    Field("layers", \.layers, in: .between(1, 10_000), "stacked LSTM layers"),
    Field("bidirectional", \.bidirectional, "whether a second LSTM reads backwards"),
    Field("pooling", \.pooling, "how a sentence's states become one vector"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "chance that an activation is dropped"),
  ]
}
