import NN
import Settings
import Tensors

/// Adaptive moments (`torch.optim.Adam`).
///
/// With the gradient g, taken negative where `maximize`, and the weight decay λ, at step t:
///
///     g ← g + λ·p                  (AdamW: p ← p - lr·λ·p instead)
///     m ← m + (g - m)·(1 - β₁)
///     v ← β₂·v + (1 - β₂)·g²
///     p ← p - lr/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)
///
/// With `amsgrad` the running maximum of v takes v's place. Kingma and Ba, Adam: A Method for
/// Stochastic Optimization, 2014; Reddi et al., On the Convergence of Adam and Beyond, 2018.
public class Adam: Optimizer {
  /// Whether weight decay acts on the parameter itself.
  private let isDecoupled: Bool

  /// Adam.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - betas: β₁ and β₂.
  ///   - eps: ε.
  ///   - weightDecay: λ.
  ///   - amsgrad: Divides by the largest v so far.
  ///   - maximize: Ascends instead.
  public convenience init(
    _ parameters: [some Optimizable], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false
  ) {
    self.init(
      parameters, isDecoupled: false, lr: lr, betas: betas, eps: eps, weightDecay: weightDecay,
      amsgrad: amsgrad, maximize: maximize)
  }

  init(
    _ parameters: [some Optimizable], isDecoupled: Bool, lr: Double, betas: (Double, Double),
    eps: Double, weightDecay: Double, amsgrad: Bool, maximize: Bool
  ) {
    self.isDecoupled = isDecoupled
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "betas": [.double(betas.0), .double(betas.1)], "eps": .double(eps),
        "weight_decay": .double(weightDecay), "amsgrad": .bool(amsgrad),
        "maximize": .bool(maximize), "decoupled_weight_decay": .bool(isDecoupled),
      ])
  }

  /// The formula above, in one pass.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let betas = group.betas
    // AdamW decouples whatever a loaded state's options say.
    let decoupled = isDecoupled || group.bool("decoupled_weight_decay")
    let (lr, eps, decay) = (group.lr, group.double("eps"), group.weightDecay)
    let (maximize, amsgrad) = (group.bool("maximize"), group.bool("amsgrad"))
    return { parameter, gradient, state in
      let step = state.countStep()
      Kernel.adam(
        parameter.value, gradient, mean: state.zeros("exp_avg", like: parameter),
        square: state.zeros("exp_avg_sq", like: parameter),
        largest: amsgrad ? state.zeros("max_exp_avg_sq", like: parameter) : nil, step: step,
        lr: lr, betas: betas, eps: eps, weightDecay: decay, isDecoupled: decoupled,
        maximize: maximize)
    }
  }
}

/// Adam with decoupled weight decay (`torch.optim.AdamW`): the decay shrinks the parameter itself,
/// `p ← p - lr·λ·p`, and stays out of the averages.
///
/// Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2017.
public final class AdamW: Adam {
  /// AdamW; the parameters are those of ``Adam``.
  public convenience init(
    _ parameters: [some Optimizable], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    eps: Double = 1e-8, weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
  ) {
    self.init(
      parameters, isDecoupled: true, lr: lr, betas: betas, eps: eps, weightDecay: weightDecay,
      amsgrad: amsgrad, maximize: maximize)
  }
}

extension OptimizerDefinition {
  /// `adam`.
  static let adam = OptimizerDefinition(
    of: AdamOptions.self, "adam", "Adam with an L2 penalty", states: 2
  ) { Adam($0) }
}

/// Keys of `adam`.
public struct AdamOptions: ConfigurationSection {
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
  /// Whether to divide by the largest average so far.
  public var amsgrad = false
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
    Field("amsgrad", \.amsgrad, "whether to divide by the largest average so far"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// Two averages need two rates.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    betas.count == 2
      ? [] : [("betas", "\(betas.count) rates for two averages", "give two, as [0.9, 0.999]")]
  }
}

extension OptimizerDefinition {
  /// `adamw`.
  static let adamw = OptimizerDefinition(
    of: AdamWOptions.self, "adamw", "Adam with decoupled weight decay", states: 2
  ) { AdamW($0) }
}

/// Keys of `adamw`: Adam's, of which the decay is another.
public struct AdamWOptions: ExtendingSection {
  /// Adam's keys.
  public var base = AdamOptions()
  /// The defaults.
  public init() { base.weightDecay = 0.01 }
}
