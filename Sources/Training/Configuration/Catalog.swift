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
    models: modelRegistry.map(\.variant), data: dataRegistry.map(\.variant),
    optimizers: optimizerRegistry.map(\.variant), schedules: scheduleRegistry.map(\.variant))
}
