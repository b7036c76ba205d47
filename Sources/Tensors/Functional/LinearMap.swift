/// A linear operation and its adjoint, each the other's gradient: averages, resampling, unfolding. The
/// first operand is what is mapped; the others are constants of the map.
protocol LinearMap: TensorOperation {
  /// Computes the map of a contiguous tensor.
  func map(_ x: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor
  /// Computes the adjoint of a contiguous gradient.
  func adjoint(_ g: Tensor, _ constants: ArraySlice<Tensor>) -> Tensor
}

extension LinearMap {
  /// The adjoint as an operation.
  var transposed: Adjoint<Self> { Adjoint(map: self) }

  func forward(_ inputs: [Tensor]) -> Tensor { map(inputs[0].contiguous(), inputs.dropFirst()) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    node.linearGradient(Tensor.record(transposed, [g] + node.constants))
  }
}

/// The adjoint of a linear map as an operation.
struct Adjoint<Map: LinearMap>: TensorOperation {
  let map: Map
  var name: String { "\(map.name)_adjoint" }
  var attributes: [String: Attribute] { map.attributes }
  var saving: Saving { map.saving }

  func forward(_ inputs: [Tensor]) -> Tensor {
    map.adjoint(inputs[0].contiguous(), inputs.dropFirst())
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    node.linearGradient(Tensor.record(map, [g] + node.constants))
  }
}

extension Node {
  fileprivate var constants: [Tensor] { (1..<inputCount).map { input($0) } }

  fileprivate func linearGradient(_ g: Tensor) -> [Tensor?] {
    [g] + [Tensor?](repeating: nil, count: inputCount - 1)
  }
}
