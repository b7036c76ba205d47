import CKernels
import NN
import Tensors

/// Runs a kernel that writes a parameter's memory in place, and says so to the graph.
func fused(
  _ optimizer: String, _ parameter: Parameter,
  _ kernel: (torus_dtype, UnsafeMutableRawPointer, Int64) -> torus_status
) {
  let value = parameter.value
  value.storage.version &+= 1
  let status = kernel(value.dtype.kernel, value.pointer, Int64(value.count))
  require(status == TORUS_OK, optimizer, "not defined for parameters of \(value.dtype)")
}

extension DType {
  /// The kernels' name for the type.
  var kernel: torus_dtype { torus_dtype(rawValue: rawValue) }
}

/// √Σx², as a number of the tensor's precision.
func norm(_ x: Tensor) -> Double {
  let x = x.contiguous()
  let norm = torus_sum_squares(x.dtype.kernel, x.pointer, Int64(x.count)).squareRoot()
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
