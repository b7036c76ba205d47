import NN
import Settings
import Tensors

/// Steps in the units of the parameter, without a learning rate to choose
/// (`torch.optim.Adadelta`).
///
///     g ← g + λ·p
///     s ← ρ·s + (1 - ρ)·g²
///     δ = √(u + ε) / √(s + ε) · g
///     u ← ρ·u + (1 - ρ)·δ²
///     p ← p - lr·δ
///
/// Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.
public final class Adadelta: Optimizer {
  /// Adadelta.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: A factor for δ.
  ///   - rho: ρ.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1, rho: Double = 0.9, eps: Double = 1e-6,
    weightDecay: Double = 0, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "rho": .double(rho), "eps": .double(eps),
        "weight_decay": .double(weightDecay), "maximize": .bool(maximize),
      ])
  }

  /// ρ lies in 0 ... 1.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    require(0...1 ~= group.double("rho"), "Adadelta", "rho must lie in 0 ... 1")
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, rho, eps) = (group.lr, group.double("rho"), group.double("eps"))
    return { parameter, gradient, state in
      _ = state.countStep()
      let g = group.direction(gradient, parameter)
      let square = (state.zeros("square_avg", like: parameter) * rho).addcmul(g, g, value: 1 - rho)
      let accumulated = state.zeros("acc_delta", like: parameter)
      let delta = (accumulated + eps).sqrt() / (square + eps).sqrt() * g
      state["square_avg"] = square
      state["acc_delta"] = (accumulated * rho).addcmul(delta, delta, value: 1 - rho)
      parameter.assign(parameter.value.add(delta, alpha: -lr))
    }
  }
}

extension OptimizerDefinition {
  /// `adadelta`.
  static let adadelta = OptimizerDefinition(
    of: AdadeltaOptions.self, "adadelta", "steps in units of earlier ones", states: 2
  ) { Adadelta($0) }
}

/// Keys of `adadelta`.
public struct AdadeltaOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 1.0
  /// Decay rate of the two averages.
  public var rho = 0.9
  /// What keeps the division finite.
  public var eps = 1e-6
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
    Field("rho", \.rho, in: .between(0, 1), "decay rate of the two averages"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
}
