import Foundation
import NN
import Settings
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

extension OptimizerDefinition {
  /// `adamax`.
  static let adamax = OptimizerDefinition(
    of: AdamaxOptions.self, "adamax", "Adam with the largest gradient", states: 2
  ) { Adamax($0) }
}

/// Keys of `adamax`.
public struct AdamaxOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 2e-3
  /// Decay rates of the two running averages.
  public var betas = [0.9, 0.999]
  /// What keeps the division finite.
  public var eps = 1e-8
  /// Factor of the L2 penalty.
  public var weightDecay = 0.0
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// Whether to ascend.
  public var maximize = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("betas", \.betas, in: .from(0, below: 1), "decay rates of the two running averages"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// Two averages need two rates.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    betas.count == 2
      ? [] : [("betas", "\(betas.count) rates for two averages", "give two, as [0.9, 0.999]")]
  }
}
