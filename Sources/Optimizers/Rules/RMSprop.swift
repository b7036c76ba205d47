import NN
import Settings
import Tensors

/// Gradients divided by a running root mean square (`torch.optim.RMSprop`).
///
///     g ← g + λ·p
///     s ← α·s + (1 - α)·g²
///     d = √s + ε                 (centered: a ← a + (g - a)·(1 - α), d = √(s - a²) + ε)
///     p ← p - lr·g/d             (with momentum: b ← μ·b + g/d, p ← p - lr·b)
///
/// Tieleman and Hinton, lecture 6.5, 2012; centered: Graves, Generating Sequences, 2013.
public final class RMSprop: Optimizer {
  /// RMSprop.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - alpha: α.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - momentum: μ.
  ///   - centered: Divides by a running standard deviation.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8,
    weightDecay: Double = 0, momentum: Double = 0, centered: Bool = false, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "alpha": .double(alpha), "eps": .double(eps),
        "weight_decay": .double(weightDecay), "momentum": .double(momentum),
        "centered": .bool(centered), "maximize": .bool(maximize),
      ])
  }

  /// α must not be negative.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    require(group.double("alpha") >= 0, "RMSprop", "alpha must not be negative")
  }

  /// The formula above, in one pass.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, alpha, eps) = (group.lr, group.double("alpha"), group.double("eps"))
    let (decay, momentum) = (group.weightDecay, group.momentum)
    let (maximize, centered) = (group.bool("maximize"), group.bool("centered"))
    return { parameter, gradient, state in
      _ = state.countStep()
      Kernel.rmsprop(
        parameter.value, gradient, square: state.zeros("square_avg", like: parameter),
        average: centered ? state.zeros("grad_avg", like: parameter) : nil,
        buffer: momentum > 0 ? state.zeros("momentum_buffer", like: parameter) : nil, lr: lr,
        alpha: alpha, eps: eps, weightDecay: decay, momentum: momentum, maximize: maximize)
    }
  }
}

extension OptimizerDefinition {
  /// `rmsprop`.
  static let rmsprop = OptimizerDefinition(
    of: RMSpropOptions.self, "rmsprop", "steps divided by a running size of gradients", states: 1
  ) { RMSprop($0) }
}

/// Keys of `rmsprop`.
public struct RMSpropOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// Decay rate of the average.
  public var alpha = 0.99
  /// What keeps the division finite.
  public var eps = 1e-8
  /// Factor of the L2 penalty.
  public var weightDecay = 0.0
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// How much of the last step's direction is kept.
  public var momentum = 0.0
  /// Whether the gradient's mean is taken off first.
  public var centered = false
  /// Whether to ascend.
  public var maximize = false
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("alpha", \.alpha, in: .between(0, 1), "decay rate of the average"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("momentum", \.momentum, in: .from(0, below: 1), "how much of the last direction is kept"),
    Field("centered", \.centered, "whether the mean is taken off first"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
}
