import Foundation
import NN
import Settings
import Tensors

/// Stochastic gradient descent that also keeps the average of the way (`torch.optim.ASGD`).
///
///     g ← g + wd·p
///     p ← p·(1 - λ·η) - η·g
///     a ← a + (p - a)·μ
///     η = lr/(1 + λ·lr·t)^α,  μ = 1/max(1, t - t₀)
///
/// The average is `state(of: parameter)["ax"]`. Polyak and Juditsky, Acceleration of Stochastic
/// Approximation by Averaging, 1992.
public final class ASGD: Optimizer {
  /// ASGD.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - lambda: λ.
  ///   - alpha: α.
  ///   - start: t₀, the step at which averaging starts.
  ///   - weightDecay: wd.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-2, lambda: Double = 1e-4,
    alpha: Double = 0.75, t0 start: Double = 1e6, weightDecay: Double = 0, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "lambd": .double(lambda), "alpha": .double(alpha),
        "t0": .double(start), "weight_decay": .double(weightDecay), "maximize": .bool(maximize),
      ])
  }

  /// The steps made, η and μ.
  public override class var numbers: Set<String> { ["step", "eta", "mu"] }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, lambda) = (group.lr, group.double("lambd"))
    let (alpha, start) = (group.double("alpha"), group.double("t0"))
    return { parameter, gradient, state in
      let step = Double(state.countStep())
      let eta = state[value: "eta"]?.double ?? single(lr)
      let mu = state[value: "mu"]?.double ?? 1
      let g = group.direction(gradient, parameter)
      parameter.assign((parameter.value * (1 - lambda * eta)).add(g, alpha: -eta))
      let average = state.zeros("ax", like: parameter)
      let value = parameter.value.detach()
      state["ax"] = mu == 1 ? value.clone() : average + (value - average) * mu
      state[value: "eta"] = .double(single(lr / pow(1 + lambda * lr * step, alpha)))
      state[value: "mu"] = .double(single(1 / max(1, step - start)))
    }
  }
}

extension OptimizerDefinition {
  /// `asgd`.
  static let asgd = OptimizerDefinition(
    of: ASGDOptions.self, "asgd", "descent with an average of the weights", states: 1
  ) { ASGD($0) }
}

/// Keys of `asgd`.
public struct ASGDOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// Decay of the weights and of the rate.
  public var lambda = 1e-4
  /// Power by which the rate falls.
  public var alpha = 0.75
  /// Step at which averaging begins.
  public var start = 1e6
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
    Field("lambd", \.lambda, in: .float(), "decay of the weights and of the rate"),
    Field("alpha", \.alpha, in: .float(), "power by which the rate falls"),
    Field("t0", \.start, in: .float(), "step at which averaging begins"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
}
