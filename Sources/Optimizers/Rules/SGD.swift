import NN
import Settings
import Tensors

/// Stochastic gradient descent with momentum (`torch.optim.SGD`).
///
/// With the gradient g, taken negative where `maximize`, and the weight decay λ:
///
///     g ← g + λ·p
///     b ← μ·b + (1 - τ)·g        (b = g at the first step)
///     p ← p - lr·b               (nesterov: p - lr·(g + μ·b))
///
/// Sutskever et al., On the importance of initialization and momentum in deep learning, 2013; the
/// learning rate stands outside of the momentum, as in PyTorch.
public final class SGD: Optimizer {
  /// Descent.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - momentum: μ; with 0 nothing is remembered.
  ///   - dampening: τ.
  ///   - weightDecay: λ.
  ///   - nesterov: Looks ahead; needs a momentum and no dampening.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-3, momentum: Double = 0,
    dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false, maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "momentum": .double(momentum), "dampening": .double(dampening),
        "weight_decay": .double(weightDecay), "nesterov": .bool(nesterov),
        "maximize": .bool(maximize),
      ])
  }

  /// Nesterov momentum needs a momentum and no dampening.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    if group.bool("nesterov") {
      require(
        group.momentum > 0 && group.double("dampening") == 0, "SGD",
        "Nesterov momentum needs a momentum and no dampening")
    }
  }

  /// The formula above, in one pass.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, momentum, decay) = (group.lr, group.momentum, group.weightDecay)
    let (dampening, nesterov) = (group.double("dampening"), group.bool("nesterov"))
    let maximize = group.bool("maximize")
    return { parameter, gradient, state in
      var isFirst = false
      var buffer: Tensor?
      if momentum != 0 {
        buffer = state.tensor("momentum_buffer") {
          isFirst = true
          return .empty(parameter.shape, dtype: parameter.dtype)
        }
      }
      Kernel.sgd(
        parameter.value, gradient, buffer: buffer, isFirst: isFirst, lr: lr, momentum: momentum,
        dampening: dampening, weightDecay: decay, nesterov: nesterov, maximize: maximize)
    }
  }
}

extension OptimizerDefinition {
  /// `sgd`.
  static let sgd = OptimizerDefinition(
    of: SGDOptions.self, "sgd", "stochastic gradient descent"
  ) { SGD($0) }
}

/// Keys of `sgd`.
public struct SGDOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// How much of the last step's direction is kept.
  public var momentum = 0.0
  /// How much of the gradient is left out of the momentum.
  public var dampening = 0.0
  /// Whether the momentum looks one step ahead.
  public var nesterov = false
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
    Field("momentum", \.momentum, in: .from(0, below: 1), "how much of the last direction is kept"),
    Field("dampening", \.dampening, in: .between(0, 1), "what momentum leaves out of a gradient"),
    Field("nesterov", \.nesterov, "whether the momentum looks one step ahead"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// Nesterov needs momentum and no dampening.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    nesterov && (momentum == 0 || dampening != 0)
      ? [
        (
          "nesterov", "it needs a momentum and no dampening",
          "set momentum to 0.9, say, and dampening to 0"
        )
      ]
      : []
  }
}
