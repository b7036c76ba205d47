import NN
import Settings
import Tensors

/// Orthogonalized momentum for the matrices of hidden layers (`torch.optim.Muon`). Vectors,
/// embeddings and the last layer belong to another optimizer, such as ``AdamW``.
///
///     b ← b + (g - b)·(1 - μ)
///     u = NS(nesterov ? g + (b - g)·μ : b)
///     p ← p·(1 - lr·λ) - lr·ratio·u
///
/// NS brings every singular value near 1 by steps of X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X in `bfloat16`
/// precision. Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024.
public final class Muon: Optimizer {
  /// How the learning rate follows a matrix's sizes.
  public enum Adjustment: String, ConfigurationChoice {
    /// √max(1, rows/columns).
    case original
    /// 0.2·√max(rows, columns), so that AdamW's learning rates fit (Liu et al., Muon is Scalable
    /// for LLM Training, 2025).
    case matchRMSAdamW = "match_rms_adamw"
  }

  /// Muon.
  /// - Parameters:
  ///   - parameters: Matrices, or groups of them with options of their own.
  ///   - lr: The learning rate.
  ///   - weightDecay: λ.
  ///   - momentum: μ.
  ///   - nesterov: Looks ahead.
  ///   - coefficients: a, b and c.
  ///   - eps: The smallest norm that a matrix is divided by.
  ///   - iterations: The steps of NS, fewer than 100.
  ///   - adjustment: How the learning rate follows a matrix's sizes.
  public init(
    _ parameters: [some Optimizable], lr: Double = 1e-3, weightDecay: Double = 0.1,
    momentum: Double = 0.95, nesterov: Bool = true,
    nsCoefficients coefficients: (Double, Double, Double) = (3.4445, -4.7750, 2.0315),
    eps: Double = 1e-7,
    nsSteps iterations: Int = 5, adjustLRFn adjustment: Adjustment = .original
  ) {
    super.init(
      parameters,
      defaults: [
        "lr": .double(lr), "weight_decay": .double(weightDecay), "momentum": .double(momentum),
        "nesterov": .bool(nesterov),
        "ns_coefficients": .doubles([coefficients.0, coefficients.1, coefficients.2]),
        "eps": .double(eps), "ns_steps": .int(iterations),
        "adjust_lr_fn": .string(adjustment.rawValue),
      ])
  }

  /// A parameter's numbers move together.
  public override var unit: UpdateUnit { .parameter }

  /// Matrices only, three coefficients, fewer than 100 iterations.
  public override func validate(_ group: ParameterGroup) {
    super.validate(group)
    for parameter in group.parameters {
      require(
        parameter.shape.count == 2, "Muon",
        "trains matrices only; \(parameter.shape) belongs to another optimizer")
    }
    require(
      group.options["ns_coefficients"]?.doubles?.count == 3, "Muon",
      "ns_coefficients must be three numbers")
    require(0..<100 ~= group.int("ns_steps"), "Muon", "ns_steps must lie in 0 ..< 100")
  }

  /// The formula above.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void {
    let (lr, momentum, eps) = (group.lr, group.momentum, group.double("eps"))
    let (nesterov, iterations) = (group.bool("nesterov"), group.int("ns_steps"))
    let coefficients = group.options["ns_coefficients"]?.doubles ?? []
    let adjustment = group.options["adjust_lr_fn"]?.string.flatMap(Adjustment.init) ?? .original
    return { parameter, gradient, state in
      let buffer = state.zeros("momentum_buffer", like: parameter).lerp(
        gradient, weight: 1 - momentum)
      state["momentum_buffer"] = buffer
      let update = orthogonalized(
        nesterov ? gradient.lerp(buffer, weight: momentum) : buffer, coefficients, iterations, eps)
      let (rows, columns) = (Double(parameter.shape[0]), Double(parameter.shape[1]))
      let ratio =
        switch adjustment {
        case .original: max(1, rows / columns).squareRoot()
        case .matchRMSAdamW: 0.2 * max(rows, columns).squareRoot()
        }
      _ = group.decoupledDirection(gradient, parameter)
      parameter.assign(
        parameter.value.add(update.to(parameter.dtype), alpha: -lr * ratio))
    }
  }
}

/// A matrix with the same singular vectors and singular values near 1. Products are formed in
/// `float32` and rounded to `bfloat16` once each, which is what accumulating kernels do.
private func orthogonalized(
  _ matrix: Tensor, _ coefficients: [Double], _ iterations: Int, _ eps: Double
) -> Tensor {
  func rounded(_ x: Tensor) -> Tensor { x.to(.bfloat16).to(.float32) }
  let isTall = matrix.size(0) > matrix.size(1)
  var x = rounded(matrix)
  if isTall { x = x.transposed() }
  let size = rounded(Tensor(max(norm(x), eps))).item()
  x = rounded(x / size)
  for _ in 0..<iterations {
    let gram = rounded(x.matmul(x.transposed()))
    let mixed = rounded(gram * coefficients[1] + gram.matmul(gram) * coefficients[2])
    x = rounded(x * coefficients[0] + mixed.matmul(x))
  }
  return isTall ? x.transposed() : x
}

extension Muon {
  /// Refuses a configuration whose model has other parameters than matrices.
  @Sendable fileprivate static func requireMatrices(
    _ parameters: [OptimizerDefinition.Named]
  ) throws(ConfigurationError) {
    guard let other = parameters.first(where: { $0.parameter.shape.count != 2 }) else { return }
    throw .conflict(
      "optimizer.name",
      problem:
        "muon trains matrices only, and the model has \(other.name) \(other.parameter.shape)",
      remedy: "name another optimizer")
  }
}

extension OptimizerDefinition {
  /// `muon`.
  static let muon = OptimizerDefinition(
    of: MuonOptions.self, "muon", "orthogonal steps of matrices", states: 1,
    check: Muon.requireMatrices
  ) { Muon($0) }
}

/// Keys of `muon`.
public struct MuonOptions: ConfigurationSection {
  /// Learning rate.
  public var lr = 1e-3
  /// Factor of the decay.
  public var weightDecay = 0.1
  /// How much of the last step's direction is kept.
  public var momentum = 0.95
  /// Whether the momentum looks one step ahead.
  public var nesterov = true
  /// The polynomial that makes a step orthogonal.
  public var coefficients = [3.4445, -4.7750, 2.0315]
  /// What keeps the division finite.
  public var eps = 1e-7
  /// How often it is applied.
  public var nsSteps = 5
  /// How the rate follows the shape.
  public var adjustment = Muon.Adjustment.original
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("weight_decay", \.weightDecay, in: .float(), "factor of the decay"),
    Field("momentum", \.momentum, in: .from(0, below: 1), "how much of the last direction is kept"),
    Field("nesterov", \.nesterov, "whether the momentum looks one step ahead"),
    Field(
      "ns_coefficients", \.coefficients, in: .between(-1000, 1000),
      "the polynomial that makes a step orthogonal"),
    Field("eps", \.eps, in: .positiveFloat, "what keeps the division finite"),
    Field("ns_steps", \.nsSteps, in: .between(0, 99), "how often it is applied"),
    Field("adjust_lr_fn", \.adjustment, "how the rate follows the shape"),
  ]
  /// The polynomial has three terms.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    coefficients.count == 3
      ? []
      : [
        (
          "ns_coefficients", "\(coefficients.count) coefficients of a polynomial of three terms",
          "give three, as [3.4445, -4.775, 2.0315]"
        )
      ]
  }
}
