import Testing
import Torus

/// Compares gradients with central differences in `float64`: the first derivative of a weighted sum
/// of a function's results, and where asked for the derivative of that.
struct GradientCheck {
  var step = 1e-6
  var tolerance = 1e-5

  /// The largest difference between gradients and central differences, relative to 1 + |gradient|.
  func worstError(of inputs: [Tensor], _ function: ([Tensor]) -> Tensor) -> Double {
    let leaves = inputs.map { $0.to(.float64).requiringGrad() }
    let output = function(leaves)
    let weights = Self.weights(output)
    let gradients = grad(of: [output], withRespectTo: leaves, gradients: [weights])
    var worst = 0.0
    for (which, leaf) in leaves.enumerated() {
      let values = leaf.array(of: Double.self)
      let analytic = (gradients[which] ?? Tensor.zeros(like: leaf)).array(of: Double.self)
      for place in values.indices {
        func value(at offset: Double) -> Double {
          var moved = values
          moved[place] += offset
          var arguments = leaves.map { $0.detach() }
          arguments[which] = Tensor(moved, shape: leaf.shape)
          return (function(arguments) * weights).sum().item()
        }
        let numeric = (value(at: step) - value(at: -step)) / (2 * step)
        worst = max(worst, abs(numeric - analytic[place]) / (1 + abs(analytic[place])))
      }
    }
    return worst
  }

  /// The same for the gradient as a function of the inputs.
  func worstSecondError(of inputs: [Tensor], _ function: ([Tensor]) -> Tensor) -> Double {
    worstError(of: inputs) { arguments in
      let leaves = arguments.map { $0.requiresGrad ? $0 : $0.requiringGrad() }
      let output = function(leaves)
      let gradients = grad(
        of: [output], withRespectTo: leaves, gradients: [Self.weights(output)], createGraph: true)
      let parts = zip(leaves, gradients).map { leaf, gradient in
        (gradient ?? Tensor.zeros(like: leaf)).flattened()
      }
      return Tensor.cat(parts)
    }
  }

  /// Different for each element, so that no errors cancel.
  private static func weights(_ output: Tensor) -> Tensor {
    let places = (0..<output.count).map { 0.5 + Double(($0 * 7) % 11) / 11 }
    return Tensor(places, shape: output.shape)
  }
}

/// Numbers between bounds, the same in every run, no two alike.
func spread(_ shape: [Int], from low: Double = -2, to high: Double = 2) -> Tensor {
  let count = shape.reduce(1, *)
  let values: [Double] = (0..<count).map { index in
    let place = Double((index * 37 + 11) % (count * 2 + 53)) + 0.37
    return low + (high - low) * place / Double(count * 2 + 53)
  }
  return Tensor(values, shape: shape)
}
