import Tensors

/// An activation function by the name that configurations use (`ACT2FN`).
public struct NamedActivation {
  /// The name.
  public let name: String
  private let function: (Tensor) -> Tensor

  /// The function of a name, or nil where there is none.
  public init?(_ name: String) {
    guard let function = Self.functions[name] else { return nil }
    (self.name, self.function) = (name, function)
  }

  private init(_ name: String, _ function: @escaping (Tensor) -> Tensor) {
    (self.name, self.function) = (name, function)
  }

  /// The hyperbolic tangent, where a family does not let its configuration choose.
  public static var tanh: NamedActivation { NamedActivation("tanh") { F.tanh($0) } }
  /// x Φ(x), where a family does not let its configuration choose.
  public static var gelu: NamedActivation { NamedActivation("gelu") { F.gelu($0) } }

  /// The function's values.
  public func callAsFunction(_ x: Tensor) -> Tensor { function(x) }

  private static let functions: [String: @Sendable (Tensor) -> Tensor] = [
    "gelu": { F.gelu($0) },
    "gelu_python": { F.gelu($0) },
    "gelu_10": { F.hardtanh(F.gelu($0), minVal: -10, maxVal: 10) },
    "gelu_new": { F.gelu($0, approximate: .tanh) },
    "gelu_fast": { F.gelu($0, approximate: .tanh) },
    "gelu_pytorch_tanh": { F.gelu($0, approximate: .tanh) },
    "gelu_python_tanh": { F.gelu($0, approximate: .tanh) },
    "gelu_accurate": { F.gelu($0, approximate: .tanh) },
    "quick_gelu": { $0 * F.sigmoid($0 * 1.702) },
    "relu": { F.relu($0) },
    "relu2": { F.relu($0).square() },
    "relu6": { F.relu6($0) },
    "leaky_relu": { F.leakyReLU($0) },
    "silu": { F.silu($0) },
    "swish": { F.silu($0) },
    "mish": { F.mish($0) },
    "tanh": { F.tanh($0) },
    "sigmoid": { F.sigmoid($0) },
    "linear": { $0 },
    // Ma et al. 2022, Mega: close to the square of ReLU, with a bounded slope.
    "laplace": { ((($0 - 0.707107) / (0.282095 * 2.0.squareRoot())).erf() + 1) * 0.5 },
  ]
}

extension ModelConfiguration {
  /// The activation function that a field names.
  /// - Throws: ``ModelError`` where there is none of the name.
  public func activation(_ name: String, _ fallback: String) throws -> NamedActivation {
    let word = try string(name, fallback)
    guard let activation = NamedActivation(word) else {
      throw fault(name, "no activation function is called “\(word)”")
    }
    return activation
  }
}
