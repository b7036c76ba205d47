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
