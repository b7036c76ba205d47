/// What ``gradcheck(_:_:eps:atol:rtol:)`` found wrong.
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
///   - atol, rtol: |numerical - analytical| ≤ atol + rtol · |numerical|.
/// - Throws: ``GradientMismatch`` for the first element that differs.
public func gradcheck(
  _ function: ([Tensor]) -> [Tensor], _ inputs: [Tensor], eps: Double = 1e-6, atol: Double = 1e-5,
  rtol: Double = 1e-3
) throws(GradientMismatch) {
  let leaves = inputs.map { $0.dtype.isFloatingPoint ? $0.requiringGrad() : $0 }
  let outputs = enableGrad { function(leaves) }.filter { $0.requiresGrad }
  guard !outputs.isEmpty else { return }
  let weights = outputs.map(checkWeights)
  let positions = leaves.indices.filter { leaves[$0].dtype.isFloatingPoint }
  let analytical = grad(
    of: outputs, withRespectTo: positions.map { leaves[$0] }, gradients: weights)

  func weighted(_ moved: [Tensor]) -> Double {
    noGrad {
      var index = 0
      return function(moved).reduce(0.0) { total, output in
        guard output.dtype.isFloatingPoint, index < weights.count,
          output.shape == weights[index].shape
        else { return total }
        defer { index += 1 }
        return total + (output.to(.float64) * weights[index].to(.float64)).sum().item()
      }
    }
  }

  for (place, position) in positions.enumerated() {
    let input = inputs[position].detach().contiguous()
    let values = input.array(of: Double.self)
    let slope = analytical[place]?.array(of: Double.self) ?? values.map { _ in 0 }
    for element in values.indices {
      func at(_ offset: Double) -> Double {
        var moved = values
        moved[element] += offset
        var arguments = inputs
        arguments[position] = Tensor(moved, shape: input.shape).to(input.dtype)
        return weighted(arguments)
      }
      let numerical = (at(eps) - at(-eps)) / (2 * eps)
      let error = abs(numerical - slope[element])
      if !(error <= atol + rtol * abs(numerical)) {
        throw GradientMismatch(
          description:
            "input \(position) \(input.shape), element \(element): the gradient is \(slope[element]), finite differences give \(numerical)"
        )
      }
    }
  }
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
  return Tensor(signed, shape: output.shape).to(output.dtype)
}
