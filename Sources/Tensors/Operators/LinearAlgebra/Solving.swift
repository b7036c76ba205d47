extension Linalg {
  /// Solves A X = B, or X A = B where `left` is false, by LU factors (`torch.linalg.solve`).
  ///
  /// `[..., n, n]` with `[..., n, k]`, or with vectors `[..., n]`, where b has one dimension, or A's
  /// shape without its last one. Batches broadcast. A singular matrix is an error.
  public static func solve(_ a: Tensor, _ b: Tensor, left: Bool = true) -> Tensor {
    let (x, info) = solveEx(a, b, left: left)
    requireSuccess("linalg.solve", info, singular)
    return x
  }

  /// ``solve(_:_:left:)`` without an error (`torch.linalg.solve_ex`): for each matrix, 0 or the first
  /// diagonal element of its factor U, counted from 1, that is 0.
  public static func solveEx(
    _ a: Tensor, _ b: Tensor, left: Bool = true
  ) -> (solution: Tensor, info: Tensor) {
    let name = "linalg.solve"
    requireMatrices(name, a, square: true)
    let isVector = isVector(b, beside: a)
    require(left || !isVector, name, "left: false needs a matrix on the right, not \(b.shape)")
    if isVector {
      let (x, info) = solveEx(a, b.unsqueezed(-1))
      return (x.squeezed(-1), info)
    }
    if !left {
      let (x, info) = solveEx(a.transposed(), b.transposed())
      return (x.transposed(), info)
    }
    require(
      b.rank >= 2 && b.size(-2) == a.size(-1), name,
      "\(b.shape) does not fit on the right of \(a.shape)")
    _ = batch(name, a, b)
    let results = Tensor.record(Solve(), [a, b])
    return (results[0], results[3])
  }

  /// Whether a right-hand side is a batch of vectors: one dimension, or A's shape without its last.
  static func isVector(_ b: Tensor, beside a: Tensor) -> Bool {
    b.rank == 1 || b.shape == Array(a.shape.dropLast())
  }

  /// Solves A X = B, or X A = B where `left` is false, for triangular matrices
  /// (`torch.linalg.solve_triangular`).
  ///
  /// `[..., n, n]` with `[..., n, k]` (or `[..., k, n]`); batches broadcast. The other triangle is
  /// not read, nor the diagonal with `unitriangular`, which takes it as ones. Where the diagonal has
  /// a 0, the result is not finite.
  public static func solveTriangular(
    _ a: Tensor, _ b: Tensor, upper: Bool, left: Bool = true, unitriangular: Bool = false
  ) -> Tensor {
    let name = "linalg.solve_triangular"
    requireMatrices(name, a, square: true)
    requireMatrices(name, b)
    require(
      b.size(left ? -2 : -1) == a.size(-1), name,
      "\(b.shape) does not fit on the \(left ? "right" : "left") of \(a.shape)")
    _ = batch(name, a, b)
    return Tensor.record(
      SolveTriangular(isUpper: upper, isLeft: left, isUnitriangular: unitriangular), [a, b])
  }

  /// The inverse of square matrices (`torch.linalg.inv`). A singular matrix is an error.
  ///
  /// To solve equations, ``solve(_:_:left:)`` is faster and more exact.
  public static func inv(_ a: Tensor) -> Tensor {
    let (inverse, info) = invEx(a)
    requireSuccess("linalg.inv", info, singular)
    return inverse
  }

  /// ``inv(_:)`` without an error (`torch.linalg.inv_ex`): for each matrix, 0 or the first diagonal
  /// element of its factor U, counted from 1, that is 0.
  public static func invEx(_ a: Tensor) -> (inverse: Tensor, info: Tensor) {
    requireMatrices("linalg.inv", a, square: true)
    let results = Tensor.record(Inverse(), [a])
    return (results[0], results[1])
  }

  /// The tensor X with tensordot(A, X, X's dimensions) = B (`torch.linalg.tensorsolve`).
  ///
  /// A's first dimensions are b's, and the rest, X's, hold as many elements.
  public static func tensorSolve(_ a: Tensor, _ b: Tensor) -> Tensor {
    let rest = Array(a.shape.dropFirst(b.rank))
    require(
      Array(a.shape.prefix(b.rank)) == b.shape && rest.reduce(1, *) == b.count,
      "linalg.tensorsolve", "\(a.shape) does not map to as many elements as \(b.shape)")
    return solve(a.reshaped([b.count, b.count]), b.flattened()).reshaped(rest)
  }

  /// The inverse of a tensor as a map from its last dimensions to its first `dims`
  /// (`torch.linalg.tensorinv`).
  public static func tensorInv(_ a: Tensor, dims: Int = 2) -> Tensor {
    let (first, last) = (Array(a.shape.prefix(dims)), Array(a.shape.dropFirst(dims)))
    let size = first.reduce(1, *)
    require(
      dims > 0 && last.reduce(1, *) == size, "linalg.tensorinv",
      "the first \(dims) dimensions of \(a.shape) do not hold as many elements as the others")
    return inv(a.reshaped([size, size])).reshaped(last + first)
  }
}

/// A⁻¹ B: operands are A and B; results are the solution, A's packed factors, their pivots, and
/// LAPACK's reports.
private struct Solve: TensorsOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.solve" }
  var saving: Saving { [.input(0), .output(0, 1, 2)] }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0], inputs[1])
    let (factors, pivots, info) = Kernel.luFactors(inputs[0])
    return [Kernel.luSolve(factors.tensor, pivots, inputs[1]), factors.tensor, pivots, info]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    guard let g = gradients[0] else { return [nil, nil] }
    // The factors at hand are outside the graph: a recorded walk solves anew.
    let gb =
      isGradEnabled
      ? Linalg.solve(node.input(0).transposed(), g)
      : Kernel.luSolve(node.output(1), node.output(2), g, transposed: true)
    return [node.needsGradient(0) ? -gb.matmul(node.output().transposed()) : nil, gb]
  }
}

/// A⁻¹ B, or B A⁻¹, of triangular matrices A: operands are A and B.
private struct SolveTriangular: TensorOperation {
  let isUpper: Bool
  let isLeft: Bool
  let isUnitriangular: Bool
  var precision: PrecisionClass { .full }
  var name: String { "linalg.solve_triangular" }
  var attributes: [String: Attribute] {
    ["upper": .bool(isUpper), "left": .bool(isLeft), "unit": .bool(isUnitriangular)]
  }
  var saving: Saving { [.input(0), .output] }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Linalg.requireRealNumbers(name, inputs[0], inputs[1])
    return Kernel.solveTriangular(
      inputs[0], inputs[1], Linalg.batch(name, inputs[0], inputs[1]), upper: isUpper,
      left: isLeft, unit: isUnitriangular)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let (a, x) = (node.input(0), node.output())
    let gb = Linalg.solveTriangular(
      a.transposed(), g, upper: !isUpper, left: isLeft, unitriangular: isUnitriangular)
    var ga: Tensor?
    if node.needsGradient(0) {
      let whole = isLeft ? gb.matmul(x.transposed()) : x.transposed().matmul(gb)
      let edge = isUnitriangular ? 1 : 0
      ga = -(isUpper ? whole.upperTriangle(diagonal: edge) : whole.lowerTriangle(diagonal: -edge))
    }
    return [ga, gb]
  }
}

/// A⁻¹: results are the inverse and LAPACK's reports.
private struct Inverse: TensorsOperation {
  var precision: PrecisionClass { .full }
  var name: String { "linalg.inv" }
  var saving: Saving { .output(0) }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    Linalg.requireRealNumbers(name, inputs[0])
    let (factors, pivots, info) = Kernel.luFactors(inputs[0])
    return [Kernel.inverse(factors, pivots), info]
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    let adjoint = node.output().transposed()
    return [gradients[0].map { -adjoint.matmul($0.matmul(adjoint)) }]
  }
}
