import Settings

extension ModelDefinition {
  /// `resnet`: residual networks over images.
  static let resNet = ModelDefinition(
    "resnet", "ResNet-18, or deeper, over images", ResNetOptions.self, records: ImageRecords.self,
    size: { $0.size($1) }
  ) { options, records in
    let model = ResNet(
      classes: records.classes, channels: records.shape[0], blocks: options.blocks,
      width: options.width, stem: options.stem, zeroInitResidual: options.zeroInitResidual)
    return PreparedModel(classifier: model) { model($0[0]) }
  }
}

/// Keys of `resnet`: basic blocks in four stages.
public struct ResNetOptions: ConfigurationSection {
  /// Blocks of each stage.
  public var blocks = [2, 2, 2, 2]
  /// Channels of the first stage, which each further one doubles.
  public var width = 64
  /// What stands before the stages.
  public var stem = ResNet.Stem.small
  /// Whether blocks begin as the identity.
  public var zeroInitResidual = false
  /// The defaults: ResNet-18 for small images.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "blocks", \.blocks, in: .between(1, 1000),
      "blocks of each stage: [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] ResNet-34"),
    Field("width", \.width, in: .count(), "channels of the first stage; each further one doubles"),
    Field("stem", \.stem, "what stands first: small for 32×32 and the like, large for photographs"),
    Field("zero_init_residual", \.zeroInitResidual, "blocks begin as the identity"),
  ]

  /// Four stages are what the network has.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    blocks.count == 4
      ? []
      : [
        (
          "blocks", "\(blocks.count) entries for four stages",
          "give four, such as [2, 2, 2, 2]"
        )
      ]
  }
}

extension ResNet.Stem: ConfigurationChoice {}

extension ResNetOptions {
  /// Two 3×3 kernels a block but for the first one's half; the maps of the first stage.
  fileprivate func size(_ records: ImageRecords) -> ModelSize {
    let sizes = blocks.enumerated().map { index, count -> Double in
      let channels = Double(width) * Double(1 << index)
      return (2 * Double(count) - 0.5) * 9 * channels * channels
    }
    let pixels = Double(records.shape[1]) * Double(records.shape[2])
    let maps = pixels / (stem == .large ? 16 : 1)
    return ModelSize(
      keys: ["model.width", "model.blocks"],
      parameters: sizes.reduce(0, +) + 8 * Double(width) * Double(records.classes),
      perRecord: maps * Double(width) * 2 * Double(blocks[0]),
      modules: Double(blocks.reduce(0, +)) * 5)
  }
}
