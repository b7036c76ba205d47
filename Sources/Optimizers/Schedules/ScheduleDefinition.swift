import Settings
import Tensors

/// What a schedule is made for.
public struct ScheduleInput {
  /// Whose learning rates change.
  public let optimizer: Optimizer
  /// The steps of the whole run.
  public let steps: Int

  /// An optimizer and the steps of its run.
  public init(optimizer: Optimizer, steps: Int) {
    (self.optimizer, self.steps) = (optimizer, steps)
  }
}

/// A schedule of learning rates that runs can use, under the name by which configurations call it. It
/// moves once after every optimizer step.
///
/// ```swift
/// ScheduleDefinition.register(
///   ScheduleDefinition("halving", "half as much every so many steps", HalvingOptions.self) {
///     options, input in StepLR(input.optimizer, stepSize: options.every, gamma: 0.5)
///   })
/// ```
public struct ScheduleDefinition: Registrable {
  /// The schedules that configurations can name.
  public static let registry = Registry<ScheduleDefinition>(
    "schedule",
    [
      .constant, .cosine, .linear, .step, .multiStep, .constantFactor, .linearFactor, .exponential,
      .polynomial, .cosineAnnealing, .warmRestarts, .oneCycle, .cyclic, .plateau, .swa,
      .linearWithWarmup, .cosineWithWarmup, .constantWithWarmup, .cosineWithRestarts,
      .cosineWithMinLR, .cosineWarmupWithMinLR, .polynomialWithWarmup, .inverseSqrt,
      .warmupStableDecay,
    ])

  /// Its name, its purpose and its keys.
  public let variant: Variant
  private let making: @Sendable (Selection, ScheduleInput) throws -> LRScheduler

  /// A schedule.
  /// - Parameters:
  ///   - name: The word in configurations.
  ///   - summary: One line for the help text.
  ///   - options: Its keys.
  ///   - make: Makes it for an optimizer and a number of steps.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type,
    make: @escaping @Sendable (Options, ScheduleInput) throws -> LRScheduler
  ) {
    variant = Variant(name, summary, options)
    making = { selection, input in try make(selection.options(Options.self), input) }
  }

  /// One of ``LRScheduler/names``, whose keys are its options by PyTorch's names.
  /// - Parameter settle: Adds what follows from the run to the values, and refuses what does not fit it.
  init<Options: ConfigurationSection>(
    of options: Options.Type, _ name: String, _ summary: String,
    settle:
      @escaping @Sendable (inout OptionValues, Options, ScheduleInput) throws(ConfigurationError) ->
      Void = { _, _, _ throws(ConfigurationError) in }
  ) {
    variant = Variant(name, summary, options)
    making = { selection, input in
      var values = selection.optionValues
      try settle(&values, selection.options(Options.self), input)
      let made: LRScheduler?
      do throws(OptimizerStateError) {
        made = try LRScheduler.named(name, input.optimizer, options: values)
      } catch {
        guard case .malformed(let path, let expected) = error else { throw error }
        // What options mean together is a sentence of its own.
        if path == name {
          throw ConfigurationError.conflict("schedule", problem: expected, remedy: "correct it")
        }
        let key = path.hasPrefix("\(name).") ? String(path.dropFirst(name.count + 1)) : path
        throw ConfigurationError.conflict(
          "schedule.\(key)", problem: "it is not \(expected)", remedy: "correct it")
      }
      guard let made else { fail("ScheduleDefinition", "there is no schedule \(name)") }
      return made
    }
  }

  /// The configured schedule.
  public func make(_ selection: Selection, for input: ScheduleInput) throws -> LRScheduler {
    try making(selection, input)
  }
}

extension OptionValues {
  /// A value that follows from the run where none is set.
  mutating func settle(_ name: String, _ value: Int) {
    if self[name] == nil { self[name] = .int(value) }
  }

  /// Of a list of numbers, one for each group, the number where there is one for all.
  mutating func spread(_ names: String...) {
    for name in names {
      if let list = self[name]?.list, list.count == 1 { self[name] = list[0] }
    }
  }
}
