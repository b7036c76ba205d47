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
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("momentum", \.momentum, in: .from(0, below: 1), "how much of the last direction is kept"),
    Field("dampening", \.dampening, in: .between(0, 1), "what momentum leaves out of a gradient"),
    Field("nesterov", \.nesterov, "whether the momentum looks one step ahead"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the L2 penalty"),
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

/// Keys of `adam`, whose weight decay is an L2 penalty, and of `adamw`, which decays weights
/// themselves.
public struct AdamOptions: ConfigurationSection {
  /// Which parameters decay.
  public enum Decayed: String, ConfigurationChoice {
    /// Every parameter.
    case all
    /// Those with two dimensions or more: no biases and no norms.
    case matrices
  }
  /// Learning rate.
  public var lr = 1e-3
  /// Decay rates of the two running averages.
  public var betas = [0.9, 0.999]
  /// What keeps the division finite.
  public var eps = 1e-8
  /// Factor of the decay.
  public var weightDecay: Double
  /// Which parameters decay.
  public var decayed = Decayed.all
  /// Adam's defaults.
  public init() { self.init(weightDecay: 0) }
  init(weightDecay: Double) { self.weightDecay = weightDecay }
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("betas", \.betas, in: .from(0, below: 1), "decay rates of the two running averages"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the decay"),
    Field("decayed", \.decayed, "which parameters decay"),
  ]
  /// Two averages need two rates.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    betas.count == 2
      ? [] : [("betas", "\(betas.count) rates for two averages", "give two, as [0.9, 0.999]")]
  }
}

/// Keys of `adamw`: Adam's, with a decay of 0.01 unless another is set.
@dynamicMemberLookup
public struct AdamWOptions: ConfigurationSection {
  /// The options shared with Adam.
  public var adam = AdamOptions(weightDecay: 0.01)
  /// The defaults.
  public init() {}
  /// Each of Adam's options.
  public subscript<Value>(dynamicMember path: WritableKeyPath<AdamOptions, Value>) -> Value {
    get { adam[keyPath: path] }
    set { adam[keyPath: path] = newValue }
  }
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.adam.lr, in: .float(), "learning rate"),
    Field("betas", \.adam.betas, in: .from(0, below: 1), "decay rates of the two running averages"),
    Field("eps", \.adam.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("weight_decay", \.adam.weightDecay, in: .float(), "factor of the decay"),
    Field("decayed", \.adam.decayed, "which parameters decay"),
  ]
  /// Adam's.
  public var conflicts: [(key: String, problem: String, remedy: String)] { adam.conflicts }
}
