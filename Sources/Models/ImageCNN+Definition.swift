import Settings

extension ModelDefinition {
  /// `digits-cnn`: for 8×8 images.
  static let digitsCNN = imageCNN("digits-cnn", "two convolutions over 8×8 digits")
  /// `mnist-cnn`: for 28×28 images.
  static let mnistCNN = imageCNN("mnist-cnn", "two convolutions over 28×28 images")

  private static func imageCNN(_ name: String, _ summary: String) -> ModelDefinition {
    ModelDefinition(
      name, summary, CNNOptions.self, records: ImageRecords.self, size: { $0.size($1) }
    ) { options, records in
      let model = ImageCNN(
        size: records.shape[1], inputs: records.shape[0],
        channels: (options.channels[0], options.channels[1]),
        hidden: options.hidden, classes: records.classes, dropout: options.dropout,
        batchNorm: options.batchNorm)
      return PreparedModel(classifier: model) { model($0[0]) }
    }
  }
}

/// Keys of the image networks: convolutions with pooling, then two linear layers.
public struct CNNOptions: ConfigurationSection {
  /// Output channels of each convolution.
  public var channels = [16, 32]
  /// Width of the hidden linear layer.
  public var hidden = 64
  /// Chance that a hidden activation is dropped in training.
  public var dropout = 0.0
  /// Whether a batch norm follows each convolution.
  public var batchNorm = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("channels", \.channels, in: .count(), "output channels of each convolution"),
    Field("hidden", \.hidden, in: .count(), "width of the hidden linear layer"),
    Field("dropout", \.dropout, in: .from(0, below: 1), "chance that an activation is dropped"),
    Field("batch_norm", \.batchNorm, "batch norms after the convolutions"),
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

extension CNNOptions {
  /// Two 3×3 kernels and two matrices; the maps before and after pooling.
  fileprivate func size(_ records: ImageRecords) -> ModelSize {
    let pixels = Double(records.shape[1]) * Double(records.shape[1])
    let maps = channels.map(Double.init)
    let flat = maps[1] * (pixels / 16)
    let hidden = Double(hidden)
    return ModelSize(
      keys: ["model.channels", "model.hidden"],
      parameters: 9 * (maps[0] + maps[0] * maps[1]) + (flat + 1) * hidden
        + hidden * Double(records.classes),
      perRecord: pixels * maps[0] + pixels / 4 * maps[1] + hidden)
  }
}
