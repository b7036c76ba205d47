import CKernels

/// One row of the table of elementwise functions of one tensor: the kernel and, beside it, the
/// gradient.
struct UnaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node) -> Tensor

  let name: String
  let kernel: torus_unary_op
  let saving: Saving
  /// The gradient in one pass, from the incoming gradient and the saved value; used wherever the
  /// walk itself is not recorded.
  let fused: torus_binary_op?
  /// The gradient in tensor operations, which has derivatives of its own. Nil: zero everywhere.
  let formula: Formula?
  /// Whether integers are computed as floats (`exp`), rather than as integers (`neg`).
  let floats: Bool

  /// A function whose result is floating point.
  static func float(
    _ name: String, _ kernel: torus_unary_op, _ saving: Saving, fused: torus_binary_op? = nil,
    _ formula: Formula?
  ) -> UnaryOperation {
    UnaryOperation(
      name: name, kernel: kernel, saving: saving, fused: fused, formula: formula, floats: true)
  }

  /// A function that keeps integers integers.
  static func any(
    _ name: String, _ kernel: torus_unary_op, _ saving: Saving, fused: torus_binary_op? = nil,
    _ formula: Formula?
  ) -> UnaryOperation {
    UnaryOperation(
      name: name, kernel: kernel, saving: saving, fused: fused, formula: formula, floats: false)
  }

  func callAsFunction(_ a: Tensor, _ p0: Double = 0, _ p1: Double = 0) -> Tensor {
    let a = floats && !a.dtype.isFloatingPoint ? a.to(.float32) : a
    return Tensor.apply(
      name, [a], attributes: ["p0": .double(p0), "p1": .double(p1)], saving: saving
    ) { inputs in
      Kernel.unary(name, kernel, inputs[0], p0, p1)
    } gradient: { gradient, node in
      guard let formula else { return [Tensor.zeros(like: gradient)] }
      if let fused, !isGradEnabled {
        let saved = saving == .output ? node.output() : node.input(0)
        return [Kernel.binary(name, fused, gradient, saved, p0, p1)]
      }
      return [formula(gradient, node)]
    }
  }
}

/// The same for functions with parameters, whose gradient formula reads them too.
struct ParametricOperation: Sendable {
  typealias Formula =
    @Sendable (_ gradient: Tensor, _ x: Tensor, _ p0: Double, _ p1: Double) -> Tensor

  let name: String
  let kernel: torus_unary_op
  let fused: torus_binary_op?
  let formula: Formula

  init(
    _ name: String, _ kernel: torus_unary_op, fused: torus_binary_op?, _ formula: @escaping Formula
  ) {
    self.name = name
    self.kernel = kernel
    self.fused = fused
    self.formula = formula
  }

  func callAsFunction(_ x: Tensor, _ p0: Double = 0, _ p1: Double = 0) -> Tensor {
    let a = x.dtype.isFloatingPoint ? x : x.to(.float32)
    return Tensor.apply(
      name, [a], attributes: ["p0": .double(p0), "p1": .double(p1)], saving: .inputs
    ) { inputs in
      Kernel.unary(name, kernel, inputs[0], p0, p1)
    } gradient: { gradient, node in
      if let fused, !isGradEnabled {
        return [Kernel.binary(name, fused, gradient, node.input(0), p0, p1)]
      }
      return [formula(gradient, node.input(0), p0, p1)]
    }
  }
}
