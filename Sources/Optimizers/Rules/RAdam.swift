import Foundation
import NN
import Settings
import Tensors

/// Adam that waits for its variance to be known (`torch.optim.RAdam`).
///
/// With m and v as in ``Adam``, m̂ = m/(1 - β₁ᵗ), and the length of the running average
/// ρ∞ = 2/(1 - β₂) - 1, ρ = ρ∞ - 2·t·β₂ᵗ/(1 - β₂ᵗ):
///
///     r = √((ρ - 4)(ρ - 2)ρ∞ / ((ρ∞ - 4)(ρ∞ - 2)ρ))
///     p ← p - lr·m̂·r·√(1 - β₂ᵗ)/(√v + ε)    where ρ > 5, else p ← p - lr·m̂
///
/// Liu et al., On the Variance of the Adaptive Learning Rate and Beyond, 2019.
public final class RAdam: Optimizer {
  /// RAdam.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - betas: β₁ and β₂.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - decoupledWeightDecay: The decay shrinks the parameter itself, as in ``AdamW``.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, decoupledWeightDecay: Bool = false,
    maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "betas": [.double(betas.0), .double(betas.1)], "eps": .double(eps),
        "weight_decay": .double(weightDecay),
        "decoupled_weight_decay": .bool(decoupledWeightDecay), "maximize": .bool(maximize),
      ])
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, betas, eps) = (group.lr, group.betas, group.double("eps"))
    let isDecoupled = group.bool("decoupled_weight_decay")
    return { parameter, gradient, state in
      let step = Double(state.countStep())
      let g =
        isDecoupled
        ? group.decoupledDirection(gradient, parameter) : group.direction(gradient, parameter)
      let mean = state.zeros("exp_avg", like: parameter).lerp(g, weight: 1 - betas.0)
      let square = (state.zeros("exp_avg_sq", like: parameter) * betas.1).addcmul(
        g, g, value: 1 - betas.1)
      state["exp_avg"] = mean
      state["exp_avg_sq"] = square
      let correction = 1 - pow(betas.1, step)
      let longest = 2 / (1 - betas.1) - 1
      let length = longest - 2 * step * pow(betas.1, step) / correction
      var move = mean / (1 - pow(betas.0, step)) * lr
      if length > 5 {
        let known = (length - 4) * (length - 2) * longest
        let rectified = (known / ((longest - 4) * (longest - 2) * length)).squareRoot()
        move = move * (correction.squareRoot() / (square.sqrt() + eps)) * rectified
      }
      parameter.assign(parameter.value - move)
    }
  }
}

extension OptimizerDefinition {
  /// `radam`.
  static let radam = OptimizerDefinition(
    of: RAdamOptions.self, "radam", "Adam with a rectified start", states: 2
  ) { RAdam($0) }
}

/// Keys of `radam`.
public struct RAdamOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 1e-3
  /// Decay rates of the two running averages.
  public var betas = [0.9, 0.999]
  /// What keeps the division finite.
  public var eps = 1e-8
  /// Factor of the decay.
  public var weightDecay = 0.0
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// Whether the decay acts on weights themselves.
  public var decoupledWeightDecay = false
  /// Whether to ascend.
  public var maximize = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("betas", \.betas, in: .from(0, below: 1), "decay rates of the two running averages"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the decay"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field(
      "decoupled_weight_decay", \.decoupledWeightDecay,
      "whether the decay acts on weights themselves"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// Two averages need two rates.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    betas.count == 2
      ? [] : [("betas", "\(betas.count) rates for two averages", "give two, as [0.9, 0.999]")]
  }
}
