/// One row of the table of elementwise functions of three tensors and a number.
private final class TernaryOperation: Sendable {
  typealias Formula = @Sendable (_ gradient: Tensor, _ node: Node, _ value: Double) -> [Tensor?]

  let name: String
  let kernel: TernaryKernel
  let saving: Saving
  let formula: Formula

  init(
    _ name: String, _ kernel: TernaryKernel, _ saving: Saving, _ formula: @escaping Formula
  ) {
    self.name = name
    self.kernel = kernel
    self.saving = saving
    self.formula = formula
  }

  func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor, _ value: Double = 1) -> Tensor {
    let dtype = Promotion.resultType([a, b, c])
    return Tensor.record(
      Call(row: self, value: value), [a.to(dtype), b.to(dtype), c.to(dtype)])
  }

  /// A row with its number.
  struct Call: TensorOperation, ElementwiseOperation {
    let row: TernaryOperation
    let value: Double

    var precision: PrecisionClass { .widest }
    var name: String { row.name }
    var saving: Saving { row.saving }
    var attributes: [String: Attribute] { ["value": .double(value)] }

    var element: ElementKernel { .ternary(row.kernel, value) }

    func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { row.formula(g, node, value) }
  }
}

private enum Rows {
  typealias Row = TernaryOperation
  static let addcmul = Row("addcmul", .addcmul, .input(1, 2)) { g, node, value in
    [
      g,
      node.needsGradient(1) ? g * (node.input(2) * value) : nil,
      node.needsGradient(2) ? g * (node.input(1) * value) : nil,
    ]
  }
  static let addcdiv = Row("addcdiv", .addcdiv, .input(1, 2)) { g, node, value in
    let (b, c) = (node.input(1), node.input(2))
    return [
      g,
      node.needsGradient(1) ? g * (value / c) : nil,
      node.needsGradient(2) ? -g * (b * value / c.square()) : nil,
    ]
  }
  static let lerp = Row("lerp", .lerp, .inputs) { g, node, _ in
    let (a, b, weight) = (node.input(0), node.input(1), node.input(2))
    return [
      g * (1 - weight), g * weight, node.needsGradient(2) ? g * (b - a) : nil,
    ]
  }
}

/// Fused functions of three tensors, broadcast.
extension Tensor {
  /// x + value · a · b (`torch.addcmul`).
  public func addcmul(
    _ a: Tensor, _ b: Tensor, value: some ScalarConvertible = 1
  ) -> Tensor { Rows.addcmul(self, a, b, value.scalar.double) }

  /// x + value · a / b (`torch.addcdiv`); floating point only.
  public func addcdiv(
    _ a: Tensor, _ b: Tensor, value: some ScalarConvertible = 1
  ) -> Tensor { Rows.addcdiv(self, a, b, value.scalar.double) }

  /// x + weight · (end - x), exact at both ends (`torch.lerp`).
  public func lerp(_ end: Tensor, weight: Tensor) -> Tensor {
    require(
      dtype == end.dtype && dtype == weight.dtype, "lerp",
      "dtypes differ: \(dtype), \(end.dtype) and a weight of \(weight.dtype)")
    return Rows.lerp(self, end, weight)
  }

  /// x + weight · (end - x) for one weight (`torch.lerp`).
  public func lerp(_ end: Tensor, weight: Double) -> Tensor {
    require(dtype == end.dtype, "lerp", "dtypes differ: \(dtype) and \(end.dtype)")
    return Tensor.record(LerpByNumber(weight: weight), [self, end])
  }
}

/// x + weight · (end - x) for one weight.
private struct LerpByNumber: TensorOperation, ElementwiseOperation {
  let weight: Double
  var precision: PrecisionClass { .widest }
  var name: String { "lerp" }

  var element: ElementKernel { .binary(.lerpScalar, weight) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g * (1 - weight), g * weight] }
}
