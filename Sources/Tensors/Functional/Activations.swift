import CKernels
import Foundation

private enum Rows {
  typealias Row = ParametricOperation
  static let gelu = Row("gelu", TORUS_GELU, fused: TORUS_GELU_BACKWARD) { g, x, _, _ in
    let cdf = ((x * 0.5.squareRoot()).erf() + 1) * 0.5
    return g * (cdf + x * (x.square() * -0.5).exp() * (1 / (2 * Double.pi).squareRoot()))
  }
  static let geluTanh = Row("gelu_tanh", TORUS_GELU_TANH, fused: TORUS_GELU_TANH_BACKWARD) {
    g, x, _, _ in
    let k = (2 / Double.pi).squareRoot()
    let t = ((x + x.pow(3) * 0.044715) * k).tanh()
    let slope = (x.square() * (3 * 0.044715) + 1) * k
    return g * ((t + 1) * 0.5 + x * 0.5 * (1 - t.square()) * slope)
  }
  static let silu = Row("silu", TORUS_SILU, fused: TORUS_SILU_BACKWARD) { g, x, _, _ in
    let s = x.sigmoid()
    return g * (s * (x * (1 - s) + 1))
  }
}

extension F {
  /// max(x, 0).
  public static func relu(_ x: Tensor) -> Tensor { x.relu() }

  /// How ``gelu(_:approximate:)`` computes the normal distribution.
  public enum GELUApproximation: String, Sendable {
    /// By erf, exactly.
    case none
    /// By tanh, as GPT-2 does.
    case tanh
  }

  /// x Φ(x), the Gaussian error linear unit (Hendrycks & Gimpel 2016).
  public static func gelu(_ x: Tensor, approximate: GELUApproximation = .none) -> Tensor {
    approximate == .none ? Rows.gelu(x) : Rows.geluTanh(x)
  }

  /// x sigmoid(x), also called swish.
  public static func silu(_ x: Tensor) -> Tensor { Rows.silu(x) }

  /// 1 / (1 + e⁻ˣ).
  public static func sigmoid(_ x: Tensor) -> Tensor { x.sigmoid() }

  /// The hyperbolic tangent.
  public static func tanh(_ x: Tensor) -> Tensor { x.tanh() }
}
