import NN
import Settings
import Tensors

/// Steps by the gradient's sign, each number with a step size of its own (`torch.optim.Rprop`); for
/// whole batches.
///
/// The step size η grows by η₊ where the sign stays, and shrinks by η₋ where it turns, in which case
/// the number rests for one step:
///
///     p ← p - sign(g)·η
///
/// Riedmiller and Braun, A Direct Adaptive Method for Faster Backpropagation Learning, 1993.
public final class Rprop: Optimizer {
  /// Rprop.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The first step size.
  ///   - etas: η₋ < 1 and η₊ > 1.
  ///   - stepSizes: The smallest and the largest step size.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2),
    stepSizes: (Double, Double) = (1e-6, 50), maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "etas": [.double(etas.0), .double(etas.1)],
        "step_sizes": [.double(stepSizes.0), .double(stepSizes.1)], "maximize": .bool(maximize),
      ])
  }

  /// 0 < η₋ < 1 < η₊.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    let etas = group.pair("etas")
    require(
      0 < etas.0 && etas.0 < 1 && 1 < etas.1, "Rprop", "etas must be 0 < η₋ < 1 < η₊: \(etas)")
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, etas, limits) = (group.lr, group.pair("etas"), group.pair("step_sizes"))
    return { parameter, gradient, state in
      _ = state.countStep()
      let dtype = parameter.dtype
      func number(_ value: Double) -> Tensor { .full([], value, dtype: dtype) }
      let g = group.direction(gradient, parameter)
      let agreement = g * state.zeros("prev", like: parameter)
      let turned = agreement.lt(0)
      let factor = Tensor.where(
        agreement.gt(0), number(etas.1), Tensor.where(turned, number(etas.0), number(1)))
      let sizes = state.tensor("step_size") { .full(parameter.shape, lr, dtype: dtype) }
      let size = (sizes * factor).clamp(min: limits.0, max: limits.1)
      let resting = g.maskedFill(turned, 0)
      state["prev"] = resting
      state["step_size"] = size
      parameter.assign(parameter.value.addcmul(resting.sign(), size, value: -1))
    }
  }
}

extension OptimizerDefinition {
  /// `rprop`.
  static let rprop = OptimizerDefinition(
    of: RpropOptions.self, "rprop", "steps by the signs of gradients", states: 2
  ) { Rprop($0) }
}

/// Keys of `rprop`.
public struct RpropOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// Factors of a step after a change of sign, and without one.
  public var etas = [0.5, 1.2]
  /// The smallest and the largest step.
  public var stepSizes = [1e-6, 50]
  /// Whether to ascend.
  public var maximize = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field(
      "etas", \.etas, in: .positiveFloat,
      "factors of a step after a change of sign, and without one"),
    Field("step_sizes", \.stepSizes, in: .positiveFloat, "the smallest and the largest step"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// Two factors around 1, and two sizes.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    if etas.count != 2 || etas[0] >= 1 || etas[1] <= 1 {
      return [("etas", "it is not a factor below 1 and one above", "give two, as [0.5, 1.2]")]
    }
    if stepSizes.count != 2 || stepSizes[0] > stepSizes[1] {
      return [("step_sizes", "it is not a smallest and a largest", "give two, as [1e-6, 50]")]
    }
    return []
  }
}
