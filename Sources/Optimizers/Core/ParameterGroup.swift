import NN
import Tensors

/// Parameters that share options, such as a learning rate of their own
/// (an entry of `optimizer.param_groups`).
///
/// ```swift
/// let optimizer = AdamW(
///   [ParameterGroup(matrices, weightDecay: 0.1), ParameterGroup(vectors, weightDecay: 0)],
///   lr: 3e-4)
/// for group in optimizer.groups { group.lr = 1e-4 }
/// ```
///
/// An optimizer has groups of its own, made of those that it is given: the same group can be given to
/// another, and what is changed is what ``Optimizer/groups`` holds.
public final class ParameterGroup {
  /// The parameters; their places in all groups, counted through, are their numbers in saved state.
  public let parameters: [Parameter]

  /// The parameters' names where they are known.
  public let names: [String?]

  /// The options by PyTorch's names. What a group leaves out, the optimizer fills in.
  public var options: OptionValues

  /// A group of parameters.
  /// - Parameters:
  ///   - parameters: What the group trains. Their names are those that an optimizer or a data-parallel
  ///     model gave them that was made of `Module.namedParameters()` before; others have numbers.
  ///   - lr: A learning rate of the group's own.
  ///   - weightDecay: A weight decay of the group's own.
  ///   - options: Further options by PyTorch's names.
  public init(
    _ parameters: [Parameter], lr: Double? = nil, weightDecay: Double? = nil,
    options: OptionValues = [:]
  ) {
    self.parameters = parameters
    names = parameters.map(\.label)
    self.options = options
    if let lr { self.options["lr"] = .double(lr) }
    if let weightDecay { self.options["weight_decay"] = .double(weightDecay) }
  }

  /// A group of parameters with their names, by which messages and saved states call them.
  public init(_ parameters: [(name: String, parameter: Parameter)], options: OptionValues = [:]) {
    for (name, parameter) in parameters { parameter.label = name }
    self.parameters = parameters.map(\.parameter)
    names = parameters.map(\.name)
    self.options = options
  }

  /// A group of the same parameters with options of its own.
  init(copying other: ParameterGroup) {
    (parameters, names, options) = (other.parameters, other.names, other.options)
  }
}

/// What an optimizer takes a list of: parameters, or groups of them with options of their own.
public protocol Optimizable {
  /// The groups that a list of these makes.
  static func groups(_ elements: [Self]) -> [ParameterGroup]
}

extension Parameter: Optimizable {
  /// One group of all.
  public static func groups(_ elements: [Parameter]) -> [ParameterGroup] {
    [ParameterGroup(elements)]
  }
}

extension ParameterGroup: Optimizable {
  /// The groups themselves.
  public static func groups(_ elements: [ParameterGroup]) -> [ParameterGroup] { elements }
}

/// Options that most optimizers have.
extension ParameterGroup {
  /// The learning rate.
  public var lr: Double {
    get { double("lr") }
    set { options["lr"] = .double(newValue) }
  }

  /// The weight decay.
  public var weightDecay: Double {
    get { double("weight_decay") }
    set { options["weight_decay"] = .double(newValue) }
  }

  /// The momentum; where the optimizer has betas instead, the first of them.
  public var momentum: Double {
    get { options["momentum"]?.double ?? betas.0 }
    set {
      if options["betas"] != nil {
        betas.0 = newValue
      } else {
        options["momentum"] = .double(newValue)
      }
    }
  }

  /// The decay rates of the running averages.
  public var betas: (Double, Double) {
    get { pair("betas") }
    set { options["betas"] = [.double(newValue.0), .double(newValue.1)] }
  }

  /// A number by its PyTorch name; an option that is missing or of another kind stops the process.
  public func double(_ name: String) -> Double {
    read(name, "a number", options[name]?.double)
  }

  /// A whole number by its PyTorch name.
  public func int(_ name: String) -> Int { read(name, "a whole number", options[name]?.int) }

  /// A truth value by its PyTorch name.
  public func bool(_ name: String) -> Bool { read(name, "a truth value", options[name]?.bool) }

  /// Two numbers by their PyTorch name.
  public func pair(_ name: String) -> (Double, Double) {
    let values = options[name]?.doubles
    return read(name, "a pair of numbers", values?.count == 2 ? values.map { ($0[0], $0[1]) } : nil)
  }

  private func read<Value>(_ name: String, _ kind: String, _ value: Value?) -> Value {
    guard let value else {
      fail("Optimizer", "the option \(name) should be \(kind); it is \(options[name] ?? .null)")
    }
    return value
  }
}
