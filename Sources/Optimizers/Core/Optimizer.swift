import NN
import Tensors

/// Changes parameters along their gradients (`torch.optim.Optimizer`).
///
/// ```swift
/// let optimizer = SGD(model.parameters(), lr: 0.1, momentum: 0.9)
/// optimizer.zeroGrad()
/// loss.backward()
/// optimizer.step()
/// ```
///
/// An optimizer holds its parameters: a layer put into the model later is not trained, and a model
/// is converted to another dtype before its optimizer is made. A subclass says in ``rule(for:)`` how
/// one parameter moves.
open class Optimizer {
  /// The parameter groups; their options may be changed at any time:
  /// `groups[0].lr = 0.01`, or `for group in optimizer.groups { group.lr = 0.01 }`.
  public var groups: [ParameterGroup] = []

  /// What groups that say nothing else take, by PyTorch's names.
  public private(set) var defaults: OptionValues

  /// How parameters of 16 bits take small steps; float32 and float64 are not touched by it. Chosen before the
  /// first step and before state is loaded.
  public final var rounding = ParameterRounding.nearest {
    didSet {
      require(
        rounding == .nearest || movesOneByOne, "\(Self.self)",
        "parameters are not moved one by one, so that rounding stays .nearest")
    }
  }

  /// In how many bits what is remembered of each number is kept. Best chosen before the first step: what is
  /// remembered in fewer bits already goes into another format at the next step, and what is not stays as it is.
  ///
  /// State dicts hold the numbers in the parameter's dtype, as PyTorch's do, and can be loaded in any format.
  public final var stateFormat = StateFormat.full {
    didSet {
      require(
        stateFormat == .full || unit != .model, "\(Self.self)",
        "parameters are moved together, so that the state's format stays .full")
    }
  }

  /// Whether ``rule(for:)`` moves each parameter by itself, which ``rounding`` needs.
  open var movesOneByOne: Bool { unit != .model }

  private var states: [ObjectIdentifier: ParameterState] = [:]

  /// An optimizer of parameters or groups of them.
  ///
  /// An empty list, a parameter that comes twice and an option that the optimizer does not know are
  /// programmer's errors.
  /// - Parameters:
  ///   - parameters: At least one.
  ///   - defaults: Every option that the optimizer has, by its PyTorch name, with the value that
  ///     groups take which do not say otherwise.
  public init<Element: Optimizable>(_ parameters: [Element], defaults: OptionValues) {
    self.defaults = defaults
    require(!parameters.isEmpty, "\(Self.self)", "no parameters were given")
    for group in Element.groups(parameters) { addParameterGroup(group) }
  }

  /// Has groups that say nothing else take these from now on.
  func settle(defaults values: OptionValues) { defaults.merge(values) { _, new in new } }

  /// Trains further parameters, such as layers that were frozen so far (`add_param_group`).
  public func addParameterGroup(_ group: ParameterGroup) {
    require(!group.parameters.isEmpty, "\(Self.self)", "a parameter group is empty")
    var seen = Set(groups.flatMap(\.parameters).map(ObjectIdentifier.init))
    for (index, parameter) in group.parameters.enumerated() {
      let name = group.names[index] ?? "\(index)"
      require(
        seen.insert(ObjectIdentifier(parameter)).inserted, "\(Self.self)",
        "parameter \(name) \(parameter.shape) comes twice; each belongs to one group, once")
    }
    let group = ParameterGroup(copying: group)
    for name in group.options.keys.sorted() {
      require(
        defaults[name] != nil || Self.scheduled.contains(name)
          || Self.implementations.contains(name), "\(Self.self)",
        "there is no option \(name); there are \(defaults.keys.sorted().joined(separator: ", "))")
    }
    group.options.merge(defaults) { own, _ in own }
    validate(group)
    groups.append(group)
  }

  /// What chooses among PyTorch's implementations of one rule, and changes nothing here.
  private static let implementations: Set<String> = [
    "foreach", "fused", "capturable", "differentiable",
  ]

  /// What schedulers keep in a group.
  private static let scheduled: Set<String> = [
    "initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum", "swa_lr",
  ]

  /// Stops where a group's options make no sense; subclasses check their own and call this one.
  open func validate(_ group: ParameterGroup) {
    for name in ["lr", "eps", "weight_decay", "momentum"] {
      guard let value = group.options[name]?.double else { continue }
      require(value >= 0, "\(Self.self)", "\(name) must not be negative: \(value)")
    }
    if group.options["betas"]?.doubles?.count == 2 {
      let betas = group.betas
      require(
        0..<1 ~= betas.0 && 0..<1 ~= betas.1, "\(Self.self)",
        "betas must lie in 0 ..< 1: \(betas)")
    }
  }

  /// How a parameter of a group moves: given the parameter, its gradient (contiguous, of the
  /// parameter's dtype) and what is remembered of it.
  ///
  /// Called once a group and step, so that options are read once; nothing is recorded meanwhile.
  open func rule(
    for group: ParameterGroup
  ) -> (_ parameter: Parameter, _ gradient: Tensor, _ state: ParameterState) -> Void {
    fail("\(Self.self)", "the optimizer says nowhere how a parameter moves")
  }

  /// The entries of a parameter's state that are single numbers, which PyTorch saves as tensors.
  open class var numbers: Set<String> { ["step"] }

  /// The shape that a tensor in a parameter's state must have; nil for any.
  open func shape(of entry: String, for parameter: Parameter) -> [Int]? { parameter.shape }

  /// The memory of what this process remembers of its parameters, in bytes.
  open var stateByteCount: Int {
    states.values.reduce(0) { $0 + $1.byteCount }
  }

  /// Moves every parameter that has a gradient.
  open func step() {
    if Capture.isOn { return Capture.effect { [self] in step() } }
    noGrad {
      var first = 0
      for group in groups {
        let rule = rule(for: group)
        for (place, parameter) in group.parameters.enumerated() {
          guard let gradient = parameter.grad else { continue }
          move(parameter, gradient, state(of: parameter), position: first + place, by: rule)
        }
        first += group.parameters.count
      }
    }
  }

  /// Moves one parameter, or a part of one, with its ``rounding`` and in its ``stateFormat``.
  /// - Parameters:
  ///   - position: The parameter's number among all of the optimizer.
  ///   - first: The index of its first number, where it is a part of one.
  package final func move(
    _ parameter: Parameter, _ gradient: Tensor, _ state: ParameterState, position: Int,
    first: Int = 0, by rule: (Parameter, Tensor, ParameterState) -> Void
  ) {
    func move(_ parameter: Parameter, _ gradient: Tensor, _ state: ParameterState) {
      stateFormat.step(
        parameter, gradient, state, unit: unit, position: position, first: first, by: rule)
    }
    if rounding.widens(parameter) {
      rounding.step(parameter, gradient, state, position: position, by: move)
    } else {
      move(parameter, gradient.to(parameter.dtype).contiguous(), state)
    }
  }

  /// Evaluates the loss, with its gradients, then moves every parameter.
  /// - Parameter closure: Zeroes the gradients, computes the loss, calls `backward()` and returns
  ///   the loss. Some optimizers, such as ``LBFGS``, call it several times.
  /// - Returns: The loss before the step.
  @discardableResult
  open func step(closure: () throws -> Tensor) rethrows -> Tensor {
    let loss = try enableGrad { try closure() }
    step()
    return loss
  }

  /// Whether a step takes ``step(closure:)``, since it evaluates the loss itself.
  open var needsClosure: Bool { false }

  /// Forgets every parameter's gradient (`zero_grad`).
  open func zeroGrad() {
    if Capture.isOn { return Capture.effect { [self] in zeroGrad() } }
    for group in groups {
      for parameter in group.parameters { parameter.grad = nil }
    }
  }

  /// Scales all gradients so that their norm taken together is at most `maxNorm`: see
  /// ``clipGradNorm(_:maxNorm:normType:)``.
  /// - Returns: The norm before.
  @discardableResult
  open func clipGradNorm(_ maxNorm: Double, normType: Double = 2) -> Double {
    Optimizers.clipGradNorm(parameters, maxNorm: maxNorm, normType: normType)
  }

  /// Multiplies all gradients by a factor, for ``GradScaler``.
  /// - Returns: Whether all of them are finite afterwards; the same on all ranks.
  open func unscaleGradients(by factor: Double) -> Bool {
    Optimizers.unscale(parameters.compactMap(\.grad), by: factor)
  }

  /// What the rule looks at together, which sharing the optimizer out among ranks may not cut.
  open var unit: UpdateUnit { .element }

  /// Copies of everything that the next step needs besides parameters and gradients
  /// (`state_dict`).
  open func stateDict() -> OptimizerState { copiedState() }

  /// Takes over saved state (`load_state_dict`): the options of every group and what is remembered
  /// of every parameter, tensors converted to their parameter's dtype.
  ///
  /// Parameters are matched by name within a group where both sides have the same names, otherwise
  /// by number, as PyTorch does. Nothing changes unless everything fits.
  /// - Throws: ``OptimizerStateError``.
  open func load(_ state: OptimizerState) throws(OptimizerStateError) { try adopt(state) }

  /// Every parameter, group by group.
  public var parameters: [Parameter] { groups.flatMap(\.parameters) }

  /// What is remembered of a parameter, empty before its first step.
  public func state(of parameter: Parameter) -> ParameterState {
    if let state = states[ObjectIdentifier(parameter)] { return state }
    let state = ParameterState()
    states[ObjectIdentifier(parameter)] = state
    return state
  }

  /// Replaces everything that is remembered.
  package func replaceStates(_ states: [ObjectIdentifier: ParameterState]) { self.states = states }
}

/// What an optimizer's rule looks at together.
public enum UpdateUnit: Sendable {
  /// Every number moves by itself.
  case element
  /// A parameter's numbers move together.
  case parameter
  /// All parameters move together.
  case model
}
