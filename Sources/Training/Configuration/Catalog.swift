/// What a configuration can name. To add a model, data source, optimizer or schedule is one line
/// here (or in the registry from which a list is taken).
public struct Catalog: Sendable {
  /// Models.
  public var models: [Variant]
  /// Data sources.
  public var data: [Variant]
  /// Optimizers.
  public var optimizers: [Variant]
  /// Learning rate schedules.
  public var schedules: [Variant]

  /// A catalog from its lists.
  public init(
    models: [Variant], data: [Variant], optimizers: [Variant], schedules: [Variant]
  ) {
    self.models = models
    self.data = data
    self.optimizers = optimizers
    self.schedules = schedules
  }

  /// What the project brings.
  public static let standard = Catalog(
    models: [
      Variant("mlp", "fully connected layers", MLPOptions.self),
      Variant("digits-cnn", "two convolutions over 8×8 digits", CNNOptions.self),
      Variant("mnist-cnn", "two convolutions over 28×28 images", CNNOptions.self),
      Variant("char-gpt", "a GPT over characters", CharGPTOptions.self),
      Variant("text-lstm", "a sentence classifier", TextLSTMOptions.self),
    ],
    data: [
      Variant("digits", "the handwritten digits that the project ships", DigitsOptions.self),
      Variant("idx", "MNIST or Fashion-MNIST files", IDXOptions.self),
      Variant("text", "characters of a text", TextOptions.self),
      Variant("labelled-text", "sentences with labels", LabelledTextOptions.self),
    ],
    optimizers: [
      Variant("sgd", "stochastic gradient descent", SGDOptions.self),
      Variant("adam", "Adam with an L2 penalty", AdamOptions.self),
      Variant("adamw", "Adam with decoupled weight decay", AdamWOptions.self),
    ],
    schedules: [
      Variant("constant", "one learning rate", ConstantScheduleOptions.self),
      Variant("cosine", "half a cosine down to min_lr", DecayScheduleOptions.self),
      Variant("linear", "a line down to min_lr", DecayScheduleOptions.self),
    ])
}
