import NN
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
