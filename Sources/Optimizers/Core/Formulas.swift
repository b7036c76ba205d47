import NN
import Tensors

/// √Σx², as a number of the tensor's precision.
func norm(_ x: Tensor) -> Double {
  let x = x.contiguous()
  let norm = Kernel.sumOfSquares(x).squareRoot()
  return x.dtype == .float64 ? norm : Double(Float(norm))
}

/// A number as PyTorch's state keeps it, in a tensor of the default `float32`.
func single(_ value: Double) -> Double { Double(Float(value)) }

extension ParameterGroup {
  /// The direction that a rule follows: the gradient, negative where the group maximizes, with the
  /// weight decay's part.
  func direction(_ gradient: Tensor, _ parameter: Parameter) -> Tensor {
    let gradient = options["maximize"]?.bool == true ? -gradient : gradient
    let decay = options["weight_decay"]?.double ?? 0
    return decay == 0 ? gradient : gradient.add(parameter.value, alpha: decay)
  }

  /// The gradient, negative where the group maximizes; weight decay, where there is some, shrinks
  /// the parameter at once: p ← p·(1 - lr·λ).
  func decoupledDirection(_ gradient: Tensor, _ parameter: Parameter) -> Tensor {
    if weightDecay != 0 { parameter.assign(parameter.value * (1 - lr * weightDecay)) }
    return options["maximize"]?.bool == true ? -gradient : gradient
  }
}
