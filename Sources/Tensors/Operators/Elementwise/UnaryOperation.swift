/// One row of the table of elementwise functions of one tensor: the kernel and, beside it, the
/// gradient.
final class UnaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node) -> Tensor

  let name: String
  let kernel: UnaryKernel
  let saving: Saving
  let remaking: Remaking
  /// Whether the gradient is the same from the value and from the result.
  let readsEither: Bool
  /// The gradient in one pass, from the incoming gradient and the saved value; used wherever the
  /// walk itself is not recorded.
  let fused: BinaryKernel?
  /// The gradient in tensor operations, which has derivatives of its own. Nil: zero everywhere.
  let formula: Formula?
  /// Whether integers are computed as floats (`exp`), rather than as integers (`neg`).
  let floats: Bool
  let precision: PrecisionClass

  private init(
    name: String, kernel: UnaryKernel, saving: Saving, fused: BinaryKernel?,
    formula: Formula?, floats: Bool, precision: PrecisionClass, readsEither: Bool = false
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = saving
    self.readsEither = readsEither
    let isFromInputs = saving == .input(0) || saving == .inputs
    remaking =
      readsEither ? .fromKeptInputs(saving: .nothing) : isFromInputs ? .fromInputs : .never
    self.fused = fused
    self.formula = formula
    self.floats = floats
    self.precision = precision
  }

  /// A function whose result is floating point.
  static func float(
    _ name: String, _ kernel: UnaryKernel, _ saving: Saving, fused: BinaryKernel? = nil,
    precision: PrecisionClass = .any, _ formula: Formula?
  ) -> UnaryOperation {
    UnaryOperation(
      name: name, kernel: kernel, saving: saving, fused: fused, formula: formula, floats: true,
      precision: precision)
  }

  /// A function that keeps integers integers.
  /// - Parameter readsEither: Whether the gradient is the same from the value and from the result.
  static func any(
    _ name: String, _ kernel: UnaryKernel, _ saving: Saving, fused: BinaryKernel? = nil,
    readsEither: Bool = false, _ formula: Formula?
  ) -> UnaryOperation {
    UnaryOperation(
      name: name, kernel: kernel, saving: saving, fused: fused, formula: formula, floats: false,
      precision: .any, readsEither: readsEither)
  }

  func callAsFunction(_ a: Tensor, _ p0: Double = 0, _ p1: Double = 0) -> Tensor {
    let a = floats && !a.dtype.isFloatingPoint ? a.to(.float32) : a
    return Tensor.record(Call(row: self, p0: p0, p1: p1), [a])
  }

  /// A row with its numbers.
  struct Call: TensorOperation, ElementwiseOperation {
    let row: UnaryOperation
    let p0: Double
    let p1: Double

    var name: String { row.name }
    var precision: PrecisionClass { row.precision }
    var saving: Saving { row.saving }
    var remaking: Remaking { row.remaking }
    var readsResultOrInput: Bool { row.readsEither }
    var attributes: [String: Attribute] { ["p0": .double(p0), "p1": .double(p1)] }

    var element: ElementKernel { .unary(row.kernel, p0, p1) }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      guard let formula = row.formula else { return [Tensor.zeros(like: g)] }
      if let fused = row.fused, !isGradEnabled {
        let saved =
          row.readsEither
          ? node.resultOrInput() : row.saving == .output ? node.output() : node.input(0)
        return [ElementwiseGradient.of(row.name, fused, g, saved, p0, p1)]
      }
      return [formula(g, node)]
    }
  }
}

/// The same for functions with parameters, whose gradient formula reads them too.
final class ParametricOperation: Sendable {
  typealias Formula =
    @Sendable (_ gradient: Tensor, _ x: Tensor, _ p0: Double, _ p1: Double) -> Tensor

  let name: String
  let kernel: UnaryKernel
  let fused: BinaryKernel?
  let precision: PrecisionClass
  let formula: Formula

  init(
    _ name: String, _ kernel: UnaryKernel, fused: BinaryKernel?,
    precision: PrecisionClass = .any, _ formula: @escaping Formula
  ) {
    self.name = name
    self.kernel = kernel
    self.fused = fused
    self.precision = precision
    self.formula = formula
  }

  func callAsFunction(_ x: Tensor, _ p0: Double = 0, _ p1: Double = 0) -> Tensor {
    let a = x.dtype.isFloatingPoint ? x : x.to(.float32)
    return Tensor.record(Call(row: self, p0: p0, p1: p1), [a])
  }

  /// A row with its numbers.
  struct Call: TensorOperation, ElementwiseOperation {
    let row: ParametricOperation
    let p0: Double
    let p1: Double

    var name: String { row.name }
    var precision: PrecisionClass { row.precision }
    var saving: Saving { .inputs }
    var remaking: Remaking { .fromInputs }
    var attributes: [String: Attribute] { ["p0": .double(p0), "p1": .double(p1)] }

    var element: ElementKernel { .unary(row.kernel, p0, p1) }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
      if let fused = row.fused, !isGradEnabled {
        return [ElementwiseGradient.of(row.name, fused, g, node.input(0), p0, p1)]
      }
      return [row.formula(g, node.input(0), p0, p1)]
    }
  }
}
