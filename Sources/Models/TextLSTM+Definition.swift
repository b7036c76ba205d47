import Settings

extension ModelDefinition {
  /// `text-lstm`: a sentence classifier. A sentence has one target, its label, so that its loss is a
  /// mean over records.
  static let textLSTM = ModelDefinition(
    "text-lstm", "a sentence classifier", TextLSTMOptions.self, records: SentenceRecords.self,
    size: { $0.size($1) }
  ) { options, records in
    let model = TextLSTM(
      vocabulary: records.vocabulary, classes: records.classes, embedding: options.embedding,
      hidden: options.hidden, layers: options.layers, bidirectional: options.bidirectional,
      pooling: options.pooling, dropout: options.dropout)
    return PreparedModel(classifier: model) { model($0[0], lengths: $0[1]) }
  }
}

extension TextLSTM.Pooling: ConfigurationChoice {}

/// Keys of `text-lstm`: word embeddings, an LSTM, and a linear classifier over its pooled states.
public struct TextLSTMOptions: ConfigurationSection {
  /// Width of a word's embedding.
  public var embedding = 100
  /// Width of the LSTM's state, per direction.
  public var hidden = 128
  /// Stacked LSTM layers.
  public var layers = 1
  /// Whether a second LSTM reads each sentence backwards.
  public var bidirectional = true
  /// How the states of a sentence become one vector.
  public var pooling = TextLSTM.Pooling.max
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

extension TextLSTMOptions {
  /// The embeddings and four gates a layer and direction; one word's states.
  fileprivate func size(_ records: SentenceRecords) -> ModelSize {
    let (embedding, hidden, layers) = (Double(embedding), Double(hidden), Double(layers))
    let directions = bidirectional ? 2.0 : 1.0
    let first = directions * 4 * hidden * (embedding + hidden)
    let others = (layers - 1) * directions * 4 * hidden * (directions * hidden + hidden)
    return ModelSize(
      keys: ["model.embedding", "model.hidden", "model.layers"],
      parameters: Double(records.vocabulary) * embedding + first + others
        + directions * hidden * Double(records.classes),
      perRecord: embedding + layers * directions * 6 * hidden, modules: layers)
  }
}
