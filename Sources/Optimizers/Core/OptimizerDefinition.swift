import NN
import Settings

/// An optimizer that runs can use, under the name by which configurations call it.
///
/// ```swift
/// OptimizerDefinition.register(
///   OptimizerDefinition("signed", "steps of one length", SignedOptions.self) { options, groups in
///     Signed(groups, lr: options.lr)
///   })
/// ```
public struct OptimizerDefinition: Registrable {
  /// The optimizers that configurations can name.
  public static let registry = Registry<OptimizerDefinition>(
    "optimizer",
    [
      .sgd, .adam, .adamw, .adadelta, .adafactor, .adagrad, .adamax, .asgd, .lbfgs, .muon, .nadam,
      .radam, .rmsprop, .rprop,
    ])

  /// A parameter with its name.
  public typealias Named = (name: String, parameter: Parameter)

  /// Its name, its purpose and its keys.
  public let variant: Variant
  /// PyTorch's name, which is the class's.
  public let className: String
  /// How many numbers it remembers of each trained one, at least.
  public let states: Int
  private let making: @Sendable (Selection, [Named]) throws -> Optimizer
  /// Makes it with options that groups bring along, for ``Optimizer/named(_:_:options:)``; nil where
  /// its keys are no options of groups.
  let fromGroups: (@Sendable ([ParameterGroup]) -> Optimizer)?

  /// An optimizer.
  /// - Parameters:
  ///   - name: The word in configurations.
  ///   - summary: One line for the help text.
  ///   - options: Its keys.
  ///   - states: How many numbers it remembers of each trained one, at least.
  ///   - make: Makes it of groups; one, or two where `decayed: matrices` asks for them.
  public init<Options: ConfigurationSection, Made: Optimizer>(
    _ name: String, _ summary: String, _ options: Options.Type, states: Int = 0,
    make: @escaping @Sendable (Options, [ParameterGroup]) throws -> Made
  ) {
    variant = Variant(name, summary, options)
    className = "\(Made.self)"
    self.states = states
    fromGroups = nil
    making = { selection, parameters in
      try make(selection.options(Options.self), selection.groups(parameters))
    }
  }

  /// An optimizer whose keys are the options of its groups, by PyTorch's names.
  init<Options: ConfigurationSection, Made: Optimizer>(
    of options: Options.Type, _ name: String, _ summary: String, states: Int = 0,
    check: (@Sendable ([Named]) throws(ConfigurationError) -> Void)? = nil,
    make: @escaping @Sendable ([ParameterGroup]) -> Made
  ) {
    variant = Variant(name, summary, options)
    className = "\(Made.self)"
    self.states = states
    fromGroups = make
    making = { selection, parameters in
      try check?(parameters)
      let values = selection.groupOptions
      let made = make(
        selection.groups(parameters).map { group in
          group.options.merge(values) { own, _ in own }
          return group
        })
      made.settle(defaults: values)
      return made
    }
  }

  /// The configured optimizer.
  /// - Parameters:
  ///   - selection: The optimizer's name and options, as they were configured.
  ///   - parameters: What it trains.
  public func make(_ selection: Selection, for parameters: [Named]) throws -> Optimizer {
    try making(selection, parameters)
  }
}

/// Which parameters a weight decay acts on.
public enum Decayed: String, ConfigurationChoice {
  /// Every parameter.
  case all
  /// Those with two dimensions or more: no biases and no norms.
  case matrices
}

extension Selection {
  /// The key that makes groups, and is no option of theirs.
  private static let grouping = "decayed"

  /// One group, or two where only matrices decay.
  fileprivate func groups(_ parameters: [OptimizerDefinition.Named]) -> [ParameterGroup] {
    let decayed = entries.first { $0.key == Self.grouping }.flatMap { Decayed.read($0.node) }
    guard decayed == .matrices else { return [ParameterGroup(parameters)] }
    let matrices = parameters.filter { $0.parameter.shape.count >= 2 }
    let others = parameters.filter { $0.parameter.shape.count < 2 }
    return [
      ParameterGroup(matrices), ParameterGroup(others, options: ["weight_decay": 0.0]),
    ].filter { !$0.parameters.isEmpty }
  }

  /// The keys as options of a group; what is null follows from the others.
  fileprivate var groupOptions: OptionValues {
    optionValues.filter { $0.key != Self.grouping }
  }

  /// The keys that are not null, by name.
  var optionValues: OptionValues {
    OptionValues(
      entries.filter { !$0.node.isNull }.map { ($0.key, OptionValue($0.node)) }
    ) { first, _ in first }
  }
}

extension OptionValue {
  /// The value that a configuration's node spells, as a section with every key resolved writes it.
  init(_ node: ConfigurationNode) {
    switch node.content {
    case .scalar(_, plain: true) where node.isNull: self = .null
    case .scalar("true", plain: true): self = .bool(true)
    case .scalar("false", plain: true): self = .bool(false)
    case .scalar(let text, plain: true):
      self = Int(text).map { .int($0) } ?? Double(text).map { .double($0) } ?? .string(text)
    case .scalar(let text, plain: false): self = .string(text)
    case .list(let elements): self = .list(elements.map { OptionValue($0) })
    case .section(let entries):
      self = .object(
        OptionValues(entries.map { ($0.key, OptionValue($0.node)) }) { first, _ in first })
    }
  }
}
