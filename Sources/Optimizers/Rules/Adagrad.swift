import NN
import Settings
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
    weightDecay: Double = 0, initialAccumulatorValue initialAccumulator: Double = 0,
    eps: Double = 1e-10,
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

extension OptimizerDefinition {
  /// `adagrad`.
  static let adagrad = OptimizerDefinition(
    of: AdagradOptions.self, "adagrad", "steps that shrink with all gradients so far", states: 1
  ) { Adagrad($0) }
}

/// Keys of `adagrad`.
public struct AdagradOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// How fast the rate falls with the step.
  public var lrDecay = 0.0
  /// Factor of the L2 penalty.
  public var weightDecay = 0.0
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// What the sums of squares begin with.
  public var initialAccumulatorValue = 0.0
  /// What keeps the division finite.
  public var eps = 1e-10
  /// Whether to ascend.
  public var maximize = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("lr_decay", \.lrDecay, in: .float(), "how fast the rate falls with the step"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field(
      "initial_accumulator_value", \.initialAccumulatorValue, in: .float(),
      "what the sums of squares begin with"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
}
