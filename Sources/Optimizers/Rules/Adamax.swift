import Foundation
import NN
import Tensors

/// Adam with the largest instead of the mean square gradient (`torch.optim.Adamax`).
///
///     g ← g + λ·p
///     m ← m + (g - m)·(1 - β₁)
///     u ← max(β₂·u, |g| + ε)
///     p ← p - lr/(1 - β₁ᵗ) · m / u
///
/// Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014, section 7.1.
public final class Adamax: Optimizer {
  /// Adamax.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - betas: β₁ and β₂.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "betas": [.double(betas.0), .double(betas.1)], "eps": .double(eps),
        "weight_decay": .double(weightDecay), "maximize": .bool(maximize),
      ])
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, betas, eps) = (group.lr, group.betas, group.double("eps"))
    return { parameter, gradient, state in
      let step = state.countStep()
      let g = group.direction(gradient, parameter)
      let mean = state.zeros("exp_avg", like: parameter).lerp(g, weight: 1 - betas.0)
      let largest = (state.zeros("exp_inf", like: parameter) * betas.1).maximum(g.abs() + eps)
      state["exp_avg"] = mean
      state["exp_inf"] = largest
      let rate = lr / (1 - pow(betas.0, Double(step)))
      parameter.assign(parameter.value.addcdiv(mean, largest, value: -rate))
    }
  }
}
