import Settings

extension ModelDefinition {
  /// `mlp`: fully connected layers over images.
  static let mlp = ModelDefinition(
    "mlp", "fully connected layers", MLPOptions.self, records: ImageRecords.self,
    size: { $0.size($1) }
  ) { options, records in
    let model = MLP(
      inputs: records.shape.reduce(1, *), hidden: options.hidden, classes: records.classes,
      dropout: options.dropout)
    return PreparedModel(classifier: model) { model($0[0]) }
  }
}

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

extension MLPOptions {
  /// Weights and biases; each layer's outputs.
  fileprivate func size(_ records: ImageRecords) -> ModelSize {
    let widths =
      [records.shape.reduce(1) { $0 * Double($1) }] + (hidden + [records.classes]).map(Double.init)
    return ModelSize(
      keys: ["model.hidden"],
      parameters: zip(widths, widths.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 },
      perRecord: widths.reduce(0, +), modules: Double(hidden.count))
  }
}
