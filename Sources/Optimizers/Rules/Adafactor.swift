import Foundation
import NN
import Settings
import Tensors

/// Adam's second moment in the memory of its rows and columns (`torch.optim.Adafactor`).
///
/// At step t, with the last two dimensions as rows and columns, 1 - β = t^γ (γ negative) and
/// r = min(lr, 1/√t):
///
///     p ← p·(1 - lr·λ)
///     R ← R + (mean over columns of g² - R)·(1 - β),  C likewise over rows
///     u = g / √max(R·C / max(mean of R, ε₁), ε₁²)
///     p ← p - max(ε₂, rms(p))·r / max(1, rms(u)/d) · u
///
/// Vectors keep their whole second moment. Shazeer and Stern, Adafactor: Adaptive Learning Rates
/// with Sublinear Memory Cost, 2018.
public final class Adafactor: Optimizer {
  /// Adafactor.
  /// - Parameters:
  ///   - parameters: Parameters, or groups of them with options of their own.
  ///   - lr: The largest relative step.
  ///   - beta2Decay: γ.
  ///   - eps: ε₁, by default the parameter's machine epsilon, and ε₂.
  ///   - clipping: d.
  ///   - weightDecay: λ.
  ///   - maximize: Ascends instead.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-2, beta2Decay: Double = -0.8,
    eps: (Double?, Double) = (nil, 1e-3), d clipping: Double = 1, weightDecay: Double = 0,
    maximize: Bool = false
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "beta2_decay": .double(beta2Decay),
        "eps": [eps.0.map { .double($0) } ?? .null, .double(eps.1)], "d": .double(clipping),
        "weight_decay": .double(weightDecay), "maximize": .bool(maximize),
      ])
  }

  /// A parameter's numbers move together.
  public override var unit: UpdateUnit { .parameter }

  /// γ ≤ 0, d ≥ 1 and no negative ε.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    require(group.double("beta2_decay") <= 0, "Adafactor", "beta2_decay must not be positive")
    require(group.double("d") >= 1, "Adafactor", "the clipping threshold d must be at least 1")
    let eps = group.options["eps"]?.list ?? []
    require(
      eps.count == 2 && eps[1].double != nil && eps.allSatisfy { ($0.double ?? 0) >= 0 },
      "Adafactor", "eps must be two numbers that are not negative, or nil and one")
  }

  /// Rows and columns have shapes of their own.
  public override func shape(of entry: String, for parameter: Parameter) -> [Int]? {
    var shape = parameter.shape
    guard shape.count > 1 else { return shape }
    if entry == "row_var" { shape[shape.count - 1] = 1 }
    if entry == "col_var" { shape[shape.count - 2] = 1 }
    return shape
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, decay, clipping) = (group.lr, group.double("beta2_decay"), group.double("d"))
    let eps = group.options["eps"]?.list?.map(\.double) ?? []
    return { parameter, gradient, state in
      let step = Double(state.countStep())
      let weight = pow(step, decay)
      let smallest = (eps.first ?? nil) ?? parameter.dtype.epsilon
      let count = Double(parameter.count)
      let size = max((eps.last ?? nil) ?? 0, norm(parameter.value.detach()) / count.squareRoot())
      let rate = size * min(lr, 1 / step.squareRoot())
      let g = group.decoupledDirection(gradient, parameter)
      let variance: Tensor
      if g.rank > 1 {
        func mean(_ name: String, _ dim: Int) -> Tensor {
          let mean =
            (g * g).sum(dim: dim, keepDim: true).sqrt().square() / Double(g.size(dim))
          let before = state.tensor(name) { .zeros(like: mean) }
          let after = before.lerp(mean, weight: weight)
          state[name] = after
          return after
        }
        let (rows, columns) = (mean("row_var", -1), mean("col_var", -2))
        variance = rows.matmul(columns) / rows.mean(dim: -2, keepDim: true).clamp(min: smallest)
      } else {
        variance = state.zeros("variance", like: parameter).lerp(g * g, weight: weight)
        state["variance"] = variance
      }
      let update = variance.clamp(min: smallest * smallest).rsqrt() * g
      let divisor = max(1, norm(update) / (count.squareRoot() * clipping))
      parameter.assign(parameter.value.add(update, alpha: -rate / divisor))
    }
  }
}

extension DType {
  /// The distance from 1 to the next number (`torch.finfo(dtype).eps`).
  fileprivate var epsilon: Double {
    switch self {
    case .float64: 0x1p-52
    case .bfloat16: 0x1p-7
    case .float16: 0x1p-10
    default: 0x1p-23
    }
  }
}

extension OptimizerDefinition {
  /// `adafactor`.
  static let adafactor = OptimizerDefinition(
    of: AdafactorOptions.self, "adafactor", "Adam's second moment by rows and columns"
  ) { Adafactor($0) }
}

/// Keys of `adafactor`.
public struct AdafactorOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 0.01
  /// Power of the step by which the average slows down.
  public var beta2Decay = -0.8
  /// Least of squared gradients, nil for the type's epsilon, and of a parameter's size.
  public var eps: [Double?] = [nil, 1e-3]
  /// Largest size of an update.
  public var clipping = 1.0
  /// Factor of the decay.
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
    Field(
      "beta2_decay", \.beta2Decay, in: .atMost(0),
      "power of the step by which the average slows down"),
    Field(
      "eps", \.eps, in: .float(),
      "least of squared gradients (null: the type's) and of a parameter's size"),
    Field("d", \.clipping, in: .float(from: 1), "largest size of an update"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the decay"),
    Field("decayed", \.decayed, "which parameters decay"),
    Field("maximize", \.maximize, "whether to ascend"),
  ]
  /// There are two, and only the first one follows from the type.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    eps.count == 2 && eps[1] != nil
      ? [] : [("eps", "it is not two numbers, or null and one", "give two, as [null, 1e-3]")]
  }
}
