/// A linear operation and its adjoint, each the other's gradient: averages, resampling, unfolding.
struct LinearMap {
  let name: String
  /// Computes the map of a contiguous tensor.
  let forward: (Tensor) -> Tensor
  /// Computes the adjoint of a contiguous gradient.
  let adjoint: (Tensor) -> Tensor

  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.apply(name, [x]) { inputs in
      forward(inputs[0].contiguous())
    } gradient: { g, _ in
      [transposed(g)]
    }
  }

  /// The adjoint as an operation.
  var transposed: LinearMap {
    LinearMap(name: "\(name)_adjoint", forward: adjoint, adjoint: forward)
  }
}
