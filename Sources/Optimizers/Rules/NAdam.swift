import Foundation
import NN
import Settings
import Tensors

/// Adam with Nesterov momentum (`torch.optim.NAdam`).
///
/// With m and v as in ``Adam`` and the momentum schedule μₜ = β₁·(1 - ½·0.96^(t·ψ)):
///
///     d = √(v/(1 - β₂ᵗ)) + ε
///     p ← p - lr·(1 - μₜ)/(1 - μ₁⋯μₜ) · g/d - lr·μₜ₊₁/(1 - μ₁⋯μₜ₊₁) · m/d
///
/// Dozat, Incorporating Nesterov Momentum into Adam, 2016.
public final class NAdam: Optimizer {
  /// NAdam.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - betas: β₁ and β₂.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - momentumDecay: ψ.
  ///   - decoupledWeightDecay: The decay shrinks the parameter itself, as in ``AdamW``.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, momentumDecay: Double = 4e-3,
    decoupledWeightDecay: Bool = false, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "betas": [.double(betas.0), .double(betas.1)], "eps": .double(eps),
        "weight_decay": .double(weightDecay), "momentum_decay": .double(momentumDecay),
        "decoupled_weight_decay": .bool(decoupledWeightDecay), "maximize": .bool(maximize),
      ])
  }

  /// ψ must not be negative.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    require(group.double("momentum_decay") >= 0, "NAdam", "momentum_decay must not be negative")
  }

  /// The steps made and the product of the momenta.
  public override class var numbers: Set<String> { ["step", "mu_product"] }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, betas, eps) = (group.lr, group.betas, group.double("eps"))
    let momentumDecay = group.double("momentum_decay")
    let isDecoupled = group.bool("decoupled_weight_decay")
    return { parameter, gradient, state in
      let step = state.countStep()
      let g =
        isDecoupled
        ? group.decoupledDirection(gradient, parameter) : group.direction(gradient, parameter)
      func momentum(_ step: Int) -> Double {
        betas.0 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay))
      }
      let (now, next) = (momentum(step), momentum(step + 1))
      let product = single((state[value: "mu_product"]?.double ?? 1) * single(now))
      state[value: "mu_product"] = .double(product)
      let mean = state.zeros("exp_avg", like: parameter).lerp(g, weight: 1 - betas.0)
      let square = (state.zeros("exp_avg_sq", like: parameter) * betas.1).addcmul(
        g, g, value: 1 - betas.1)
      state["exp_avg"] = mean
      state["exp_avg_sq"] = square
      let divisor = (square / (1 - pow(betas.1, Double(step)))).sqrt() + eps
      let moved = parameter.value.addcdiv(g, divisor, value: -lr * (1 - now) / (1 - product))
      parameter.assign(moved.addcdiv(mean, divisor, value: -lr * next / (1 - product * next)))
    }
  }
}

extension OptimizerDefinition {
  /// `nadam`.
  static let nadam = OptimizerDefinition(
    of: NAdamOptions.self, "nadam", "Adam with Nesterov momentum", states: 2
  ) { NAdam($0) }
}

/// Keys of `nadam`.
public struct NAdamOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 2e-3
  /// Decay rates of the two running averages.
  public var betas = [0.9, 0.999]
  /// What keeps the division finite.
  public var eps = 1e-8
  /// Factor of the decay.
  public var weightDecay = 0.0
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// How fast the momentum rises.
  public var momentumDecay = 4e-3
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
    Field("momentum_decay", \.momentumDecay, in: .float(), "how fast the momentum rises"),
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
