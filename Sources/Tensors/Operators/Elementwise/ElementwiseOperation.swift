/// An operation with one result, each element of which is computed of its operands' elements at the same place,
/// by one kernel. A replayed step computes chains of these in one pass over memory.
protocol ElementwiseOperation: Operation {
  /// The kernel, with its numbers.
  var element: ElementKernel { get }
}

extension ElementwiseOperation {
  /// Computes the result and records nothing.
  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.elementwise(name, element, inputs) }
}

/// A gradient that one kernel computes of what flows in and a value that was saved; for walks that are not recorded
/// themselves.
struct ElementwiseGradient: ConstantOperation, ElementwiseOperation {
  let name: String
  let kernel: BinaryKernel
  let p0: Double
  let p1: Double
  var attributes: [String: Attribute] { ["p0": .double(p0), "p1": .double(p1)] }
  var element: ElementKernel { .binary(kernel, p0, p1) }

  static func of(
    _ name: String, _ kernel: BinaryKernel, _ gradient: Tensor, _ saved: Tensor, _ p0: Double,
    _ p1: Double = 0
  ) -> Tensor {
    Tensor.record(Self(name: name, kernel: kernel, p0: p0, p1: p1), [gradient, saved])
  }
}
