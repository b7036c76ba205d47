import NN
import Tensors

/// Scales all gradients by one factor so that their norm taken together is at most `maxNorm`
/// (`torch.nn.utils.clip_grad_norm_`).
///
/// The factor is min(1, maxNorm/(norm + 1e-6)), with the norm of the parameters' norms. In a
/// data-parallel run gradients are already the same on every rank, and with them the decision.
/// - Parameters:
///   - parameters: Those without a gradient are left out.
///   - maxNorm: The largest norm.
///   - normType: The exponent of the norm: see ``gradNorm(_:normType:)``.
/// - Returns: The norm before; infinite or nan where a gradient is, which then spreads to all.
@discardableResult
public func clipGradNorm(
  _ parameters: [Parameter], maxNorm: Double, normType: Double = 2
) -> Double {
  require(maxNorm >= 0, "clipGradNorm", "the largest norm must not be negative: \(maxNorm)")
  let total = gradNorm(parameters, normType: normType)
  clip(parameters.compactMap(\.grad), norm: total, maxNorm: maxNorm)
  return total
}

/// The same, but gradients whose norm is infinite or nan are an error and stay as they are
/// (`error_if_nonfinite`).
/// - Throws: ``NonfiniteNorm``.
@discardableResult
public func clipGradNorm(
  _ parameters: [Parameter], maxNorm: Double, normType: Double = 2, errorIfNonfinite: Bool
) throws(NonfiniteNorm) -> Double {
  require(maxNorm >= 0, "clipGradNorm", "the largest norm must not be negative: \(maxNorm)")
  let total = gradNorm(parameters, normType: normType)
  if errorIfNonfinite, !total.isFinite { throw NonfiniteNorm(norm: total, normType: normType) }
  clip(parameters.compactMap(\.grad), norm: total, maxNorm: maxNorm)
  return total
}

/// Gradients that cannot be clipped, since their norm is infinite or nan.
public struct NonfiniteNorm: Error, CustomStringConvertible {
  /// The norm.
  public let norm: Double
  /// Its exponent.
  public let normType: Double

  /// The norm and what to do.
  public var description: String {
    "the gradients' norm of order \(normType) is \(norm), so that they cannot be clipped; skip the "
      + "step, or lower the learning rate"
  }
}

/// Scales gradients whose norm taken together, with others perhaps, is known.
package func clip(_ gradients: [Tensor], norm: Double, maxNorm: Double) {
  let factor = single(single(maxNorm) / single(norm + 1e-6))
  if factor < 1 || factor.isNaN { scale(gradients, by: factor) }
}

/// The norm of all gradients taken together (`torch.nn.utils.get_total_norm`): that of the
/// gradients' norms, each (Σ|x|ᵖ)^(1/p).
/// - Parameters:
///   - parameters: Those without a gradient are left out.
///   - normType: The exponent p. Infinity takes the largest absolute value, its negative the
///     smallest; 0 counts the gradients that are not all zero.
public func gradNorm(_ parameters: [Parameter], normType: Double = 2) -> Double {
  require(!normType.isNaN, "gradNorm", "the norm's exponent is nan")
  let norms = parameters.compactMap(\.grad).map { gradient in
    noGrad { tensorNorm(gradient.contiguous(), normType) }
  }
  return norms.isEmpty ? 0 : norm(ofNorms: norms, normType)
}

/// The norm of tensors whose norms are known, rounded to single precision. A nan spreads.
package func norm(ofNorms norms: [Double], _ exponent: Double) -> Double {
  switch exponent {
  case 2: single(norms.reduce(0) { $0 + $1 * $1 }.squareRoot())
  case 1: single(norms.reduce(0, +))
  default: single(tensorNorm(Tensor(norms, dtype: .float64), exponent))
  }
}

/// The norm of a contiguous tensor, rounded to single precision unless it is in double. Of no
/// numbers it is 0, and infinite for a negative exponent, so that they add nothing to others.
package func tensorNorm(_ x: Tensor, _ exponent: Double) -> Double {
  let norm: Double =
    switch exponent {
    case 2: Kernel.sumOfSquares(x).squareRoot()
    case 1: Kernel.sumOfSizes(x)
    case 0: Double(x.ne(0).sum().item(Int.self))
    case .infinity: Kernel.largestSize(x)
    case -.infinity: x.count == 0 ? .infinity : x.to(.float64).abs().min().item()
    default: x.to(.float64).abs().pow(exponent).sum().pow(1 / exponent).item()
    }
  return x.dtype == .float64 ? norm : single(norm)
}

/// Limits every number of every gradient to -clipValue ... clipValue (`torch.nn.utils.clip_grad_value_`).
public func clipGradValue(_ parameters: [Parameter], clipValue limit: Double) {
  require(limit >= 0, "clipGradValue", "the limit must not be negative: \(limit)")
  noGrad {
    for gradient in parameters.compactMap(\.grad) {
      gradient.copyInPlace(gradient.clamp(min: -limit, max: limit))
    }
  }
}

/// Multiplies gradients in place.
func scale(_ gradients: [Tensor], by factor: Double) {
  noGrad {
    for gradient in gradients {
      if gradient.isContiguous {
        Kernel.scale(gradient, by: factor)
      } else {
        gradient.copyInPlace(gradient * factor)
      }
    }
  }
}
