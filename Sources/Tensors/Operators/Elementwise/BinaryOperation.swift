/// One row of the table of elementwise functions of two tensors: the kernel and, beside it, the
/// operands' gradients.
final class BinaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node) -> [Tensor?]

  let name: String
  let kernel: BinaryKernel
  let saving: Saving
  let remaking: Remaking
  /// Whether integer operands are computed as floats (true division).
  let floats: Bool
  /// The operands' gradients. Nil: zero everywhere.
  let formula: Formula?

  init(
    _ name: String, _ kernel: BinaryKernel, _ saving: Saving = .inputs, floats: Bool = false,
    _ formula: Formula? = nil
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = formula == nil ? .nothing : saving
    remaking = self.saving == .inputs ? .fromInputs : .never
    self.floats = floats
    self.formula = formula
  }

  func callAsFunction(_ a: Tensor, _ other: some Operand) -> Tensor {
    let b = other.operand(beside: a)
    var dtype = Promotion.resultType(a, b)
    if floats { dtype = dtype.floating }
    return Tensor.record(Call(row: self), [a.to(dtype), b.to(dtype)])
  }

  /// A row as an operation.
  struct Call: TensorOperation, ElementwiseOperation {
    let row: BinaryOperation

    var precision: PrecisionClass { .widest }
    var name: String { row.name }
    var saving: Saving { row.saving }
    var remaking: Remaking { row.remaking }
    var attributes: [String: Attribute] { [:] }

    var element: ElementKernel { .binary(row.kernel, 1) }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      guard let formula = row.formula else {
        let zero = g.zerosLike()
        return [zero, zero]
      }
      return formula(g, node)
    }
  }
}
