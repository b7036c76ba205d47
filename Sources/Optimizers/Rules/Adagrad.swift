import NN
import Tensors

/// Gradients divided by the root of their summed squares (`torch.optim.Adagrad`).
///
///     g ← g + λ·p
///     s ← s + g²
///     p ← p - lr/(1 + (t - 1)·η) · g / (√s + ε)
///
/// Duchi et al., Adaptive Subgradient Methods, 2011.
public final class Adagrad: Optimizer {
  /// Adagrad.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - lrDecay: η.
  ///   - weightDecay: λ.
  ///   - initialAccumulator: What s starts as.
  ///   - eps: ε.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-2, lrDecay: Double = 0,
    weightDecay: Double = 0, initialAccumulator: Double = 0, eps: Double = 1e-10,
    maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "lr_decay": .double(lrDecay), "weight_decay": .double(weightDecay),
        "initial_accumulator_value": .double(initialAccumulator), "eps": .double(eps),
        "maximize": .bool(maximize),
      ])
  }

  /// Neither the decay nor the start may be negative.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    for name in ["lr_decay", "initial_accumulator_value"] {
      require(group.double(name) >= 0, "Adagrad", "\(name) must not be negative")
    }
  }

  /// The formula above, in one pass.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, lrDecay, eps) = (group.lr, group.double("lr_decay"), group.double("eps"))
    let (decay, maximize) = (group.weightDecay, group.bool("maximize"))
    let initial = group.double("initial_accumulator_value")
    return { parameter, gradient, state in
      let step = state.countStep()
      let sum = state.tensor("sum") { .full(parameter.shape, initial, dtype: parameter.dtype) }
      Kernel.adagrad(
        parameter.value, gradient, sum: sum, step: step, lr: lr, lrDecay: lrDecay, eps: eps,
        weightDecay: decay, maximize: maximize)
    }
  }
}
