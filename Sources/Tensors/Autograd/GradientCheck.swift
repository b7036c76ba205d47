/// What `gradcheck` found wrong.
public struct GradientMismatch: Error, CustomStringConvertible {
  /// Which input, which of its elements, and both derivatives.
  public let description: String
}

/// Compares a function's gradients with finite differences (`torch.autograd.gradcheck`).
///
/// Every element of every floating-point input is moved by ±eps; the change of the output's weighted
/// sum, with fixed weights that differ by element, must be the gradient's.
/// - Parameters:
///   - function: Tensors of tensors; must give the same result every time.
///   - inputs: Best in `float64`.
///   - eps: How far inputs are moved.
///   - atol: What numerical and analytical may differ by: atol + rtol · |numerical|, and the
///     rounding of the outputs, 4 ε · max |output| / eps.
///   - rtol: See `atol`.
/// - Throws: ``GradientMismatch`` for the first element that differs.
public func gradcheck(
  _ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor], eps: Double = 1e-6, atol: Double = 1e-5,
  rtol: Double = 1e-3
) throws(GradientMismatch) {
  let leaves = inputs.map { $0.dtype.isFloatingPoint ? $0.requiringGrad() : $0 }
  let results = enableGrad { function(leaves) }
  let places = results.indices.filter { results[$0].requiresGrad }
  guard !places.isEmpty else { return }
  let outputs = places.map { results[$0] }
  let weights = outputs.map(checkWeights)
  let positions = leaves.indices.filter { leaves[$0].dtype.isFloatingPoint }
  let analytical = grad(
    of: outputs, withRespectTo: positions.map { leaves[$0] }, gradients: weights)

  // What rounding of the outputs does to a finite difference, which no derivative can be held to.
  let largest = outputs.reduce(0.0) { most, output in
    output.count == 0
      ? most : Swift.max(most, noGrad { output.abs().max().to(.float64).item(Double.self) })
  }
  let noise = 4 * largest * Double.ulpOfOne / eps

  // Element by element before it is added up: a large element must not drown a small one's change.
  func weightedChange(_ high: [Tensor], _ low: [Tensor]) -> Double {
    noGrad {
      let (high, low) = (function(high), function(low))
      return zip(places, weights).reduce(0.0) { total, pair in
        let change = high[pair.0].to(.float64) - low[pair.0].to(.float64)
        return total + (change * pair.1.to(.float64)).sum().item()
      }
    }
  }

  for (place, position) in positions.enumerated() {
    let input = inputs[position].detach().contiguous()
    let values = input.array(of: Double.self)
    let slope = analytical[place]?.array(of: Double.self) ?? values.map { _ in 0 }
    for element in values.indices {
      func moved(_ offset: Double) -> [Tensor] {
        var moved = values
        moved[element] += offset
        var arguments = inputs
        arguments[position] = Tensor(moved, shape: input.shape, dtype: .float64).to(input.dtype)
        return arguments
      }
      let numerical = weightedChange(moved(eps), moved(-eps)) / (2 * eps)
      let error = abs(numerical - slope[element])
      if !(error <= atol + rtol * abs(numerical) + noise) {
        throw GradientMismatch(
          description:
            "input \(position) \(input.shape), element \(element): the gradient is \(slope[element]), finite differences give \(numerical)"
        )
      }
    }
  }
}

/// Compares the gradient of a function of one tensor with finite differences
/// (`torch.autograd.gradcheck`): `try gradcheck({ ($0 ** 2).sin() }, x)`.
/// - Throws: ``GradientMismatch`` for the first element that differs.
public func gradcheck(
  _ function: (Tensor) -> Tensor, _ input: Tensor, eps: Double = 1e-6, atol: Double = 1e-5,
  rtol: Double = 1e-3
) throws(GradientMismatch) {
  try gradcheck({ [function($0[0])] }, [input], eps: eps, atol: atol, rtol: rtol)
}

/// Compares second derivatives with finite differences of the first ones
/// (`torch.autograd.gradgradcheck`).
/// - Throws: ``GradientMismatch`` for the first element that differs.
public func gradgradcheck(
  _ function: @escaping ([Tensor]) -> [Tensor], _ inputs: [Tensor], eps: Double = 1e-6,
  atol: Double = 1e-5, rtol: Double = 1e-3
) throws(GradientMismatch) {
  let floats = inputs.indices.filter { inputs[$0].dtype.isFloatingPoint }
  let first: ([Tensor]) -> [Tensor] = { arguments in
    enableGrad {
      let leaves = arguments.indices.map { index in
        floats.contains(index) && !arguments[index].requiresGrad
          ? arguments[index].requiringGrad() : arguments[index]
      }
      let outputs = function(leaves).filter { $0.requiresGrad }
      guard !outputs.isEmpty else { return [] }
      return grad(
        of: outputs, withRespectTo: floats.map { leaves[$0] },
        gradients: outputs.map(checkWeights), createGraph: true
      ).enumerated().map { index, gradient in
        gradient ?? Tensor.zeros(like: leaves[floats[index]])
      }
    }
  }
  try gradcheck(first, inputs, eps: eps, atol: atol, rtol: rtol)
}

/// Weights of an output's elements: fixed, of either sign, and different from each other.
private func checkWeights(_ output: Tensor) -> Tensor {
  let signed: [Double] = (0..<output.count).map { index in
    let size = 0.5 + Double((index * 37 + 11) % 101) / 101
    return index % 3 == 1 ? -size : size
  }
  return Tensor(signed, shape: output.shape, dtype: .float64).to(output.dtype)
}
