import CKernels

/// One row of the table of elementwise functions of two tensors: the kernel and, beside it, the
/// operands' gradients.
struct BinaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node) -> [Tensor?]

  let name: String
  let kernel: torus_binary_op
  let saving: Saving
  /// Whether integer operands are computed as floats (true division).
  let floats: Bool
  /// The operands' gradients. Nil: zero everywhere.
  let formula: Formula?

  init(
    _ name: String, _ kernel: torus_binary_op, _ saving: Saving = .inputs, floats: Bool = false,
    _ formula: Formula? = nil
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = formula == nil ? .nothing : saving
    self.floats = floats
    self.formula = formula
  }

  func callAsFunction(_ a: Tensor, _ other: some Operand) -> Tensor {
    let b = other.operand(beside: a)
    var dtype = Promotion.resultType(a, b)
    if floats { dtype = dtype.floating }
    return Tensor.apply(name, [a.to(dtype), b.to(dtype)], saving: saving) { inputs in
      Kernel.binary(name, kernel, inputs[0], inputs[1], 1)
    } gradient: { gradient, node in
      guard let formula else {
        let zero = gradient.zerosLike()
        return [zero, zero]
      }
      return formula(gradient, node)
    }
  }
}
