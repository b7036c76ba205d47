import Settings

/// A sink of events that runs can have, under the name by which configurations call it in `callbacks`.
///
/// ```swift
/// CallbackDefinition.register(
///   CallbackDefinition("bell", "rings after every epoch", NoOptions.self) { _, context in
///     context.rank == 0 ? Bell() : nil
///   })
/// ```
public struct CallbackDefinition: Registrable {
  /// The callbacks that configurations can name.
  public static let registry = Registry<CallbackDefinition>(
    "callback", [.earlyStopping, .mlflow, .tensorboard])

  /// Its name, its purpose and its keys.
  public let variant: Variant
  private let making: @Sendable (Selection, RunContext) throws -> (any EventSink)?

  /// A callback.
  /// - Parameters:
  ///   - name: The word in configurations.
  ///   - summary: One line for the help text.
  ///   - options: Its keys.
  ///   - make: Makes this rank's sink; nil where this rank has none.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type,
    make: @escaping @Sendable (Options, RunContext) throws -> (any EventSink)?
  ) {
    variant = Variant(name, summary, options)
    making = { selection, context in try make(selection.options(Options.self), context) }
  }

  /// The configured callback of this rank.
  public func make(_ selection: Selection, in context: RunContext) throws -> (any EventSink)? {
    try making(selection, context)
  }
}
