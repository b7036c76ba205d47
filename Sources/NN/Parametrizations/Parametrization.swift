import Tensors

/// A rule by which a parameter is computed from others (`torch.nn.utils.parametrize`).
///
/// ```swift
/// final class Symmetric: Parametrization {
///   override func forward(_ originals: [Tensor]) -> Tensor {
///     (originals[0] + originals[0].transposed(0, 1)) / 2
///   }
/// }
/// layer.registerParametrization("weight", Symmetric())
/// ```
open class Parametrization: Module {
  /// A rule; subclasses need not call it by name.
  public override init() {}

  /// The parameter's value from what it is computed from: one tensor, or as many as
  /// ``rightInverse(_:)`` returns.
  open func forward(_ originals: [Tensor]) -> Tensor { originals[0] }

  /// What a value is computed from: initial values, and those of a later assignment. By default the
  /// value itself.
  open func rightInverse(_ value: Tensor) -> [Tensor] { [value] }

  /// Called with the parameter's value before the rule is applied for the first time.
  open func prepare(_ value: Tensor) {}
}

/// The rules of one parameter, in order, with what it is computed from
/// (`torch.nn.utils.parametrize.ParametrizationList`).
public final class ParametrizationList: Module, ParameterDerivation {
  private let originals: NamedParameters
  private var rules: [Parametrization]

  init(_ rule: Parametrization, of parameter: Parameter) {
    rules = [rule]
    let values = noGrad { rule.rightInverse(parameter.value.detach()) }
    var originals = NamedParameters()
    for (index, value) in values.enumerated() {
      let name = values.count == 1 ? "original" : "original\(index)"
      originals[name] = Parameter(noGrad { value.clone() }, requiresGrad: parameter.requiresGrad)
    }
    self.originals = originals
  }

  func append(_ rule: Parametrization) { rules.append(rule) }

  /// What the parameter is computed from stands below `parametrizations`, rules under their numbers.
  public override class var stateNames: [String: String] { ["originals": "", "rules": ""] }

  var sources: [Parameter] { originals.entries.map(\.parameter) }

  var value: Tensor {
    let first = rules[0].forward(sources.map(\.value))
    return rules.dropFirst().reduce(first) { $1.forward([$0]) }
  }

  func copied(by copier: ModuleCopier) -> any ParameterDerivation { copier.copied(self) }

  func members(_ name: String) -> [NamedMember] { [("parametrizations.\(name)", .module(self))] }

  func assign(_ value: Tensor) {
    noGrad {
      var present = [value]
      for rule in rules.reversed() { present = rule.rightInverse(present[0]) }
      for (source, part) in zip(sources, present) { source.assign(part) }
    }
  }
}

extension Module {
  /// Has a parameter computed by a rule from now on (`register_parametrization`); a second one is
  /// applied to what the first computes.
  ///
  /// State dicts hold `parametrizations.weight.original` (`original0`, … where there are several) in
  /// place of `weight`, as PyTorch's. Optimizers that were made before hold the old parameter.
  /// - Parameters:
  ///   - name: The parameter of this module alone: `weight`.
  ///   - rule: How it is computed.
  @discardableResult
  public func registerParametrization(_ name: String, _ rule: Parametrization) -> Self {
    let parameter = slot(name, "registerParametrization")
    rule.prepare(noGrad { parameter.value.detach() })
    if let list = parameter.derivation as? ParametrizationList {
      list.append(rule)
    } else {
      require(
        parameter.derivation == nil, "registerParametrization",
        "\(name) is pruned: remove that first")
      parameter.derive(by: ParametrizationList(rule, of: parameter))
    }
    // PyTorch reads the value once to see whether it fits, which is one power iteration of a spectral norm.
    let value = noGrad { parameter.value }
    require(
      value.shape == parameter.shape && value.dtype == parameter.dtype, "registerParametrization",
      "\(type(of: rule)) makes \(value.shape) of \(value.dtype) of \(name), which is "
        + "\(parameter.shape) of \(parameter.dtype)")
    rule.train(isTraining)
    return self
  }

  /// Makes a parameter one of its own again, with the value that it has (`remove_parametrizations`).
  @discardableResult
  public func removeParametrizations(_ name: String) -> Self {
    let parameter = slot(name, "removeParametrizations")
    require(
      parameter.derivation is ParametrizationList, "removeParametrizations",
      "\(name) of \(type(of: self)) is not parametrized")
    parameter.derive(by: nil)
    return self
  }

  /// Whether a parameter of this module is computed by a rule (`is_parametrized`).
  public func isParametrized(_ name: String) -> Bool {
    parameterSlots.first { $0.name == name }?.parameter.derivation is ParametrizationList
  }

  /// The parameter that a property of this module holds.
  func slot(_ name: String, _ caller: String) -> Parameter {
    let slots = parameterSlots
    guard let parameter = slots.first(where: { $0.name == name })?.parameter else {
      fail(caller, "\(type(of: self)) has no parameter \"\(name)\" among \(slots.map(\.name))")
    }
    return parameter
  }
}
