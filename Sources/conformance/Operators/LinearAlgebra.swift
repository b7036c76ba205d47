import Tensors

/// Products, factorizations, equations and norms.
extension Registry {
  mutating func addLinearAlgebra() {
    addProducts()
    addAddedProducts()
    addEquations()
    addFactorizations()
    addNormsOfMatrices()
    addPairs()
    row("softmax") { call in
      try call.tensor().softmax(dim: try call.int(1, "dim"), dtype: try call.dtype())
    }
    row("log_softmax") { call in
      try call.tensor().logSoftmax(dim: try call.int(1, "dim"), dtype: try call.dtype())
    }
  }

  private mutating func addProducts() {
    for name in ["matmul", "mm", "bmm", "mv"] {
      row(name) { try $0.tensor().matmul(try $0.tensor(1)) }
    }
    row("__rmatmul__") { try $0.tensor(1).matmul(try $0.tensor()) }
    row("dot") { try $0.tensor().dot(try $0.tensor(1)) }
    row("inner") { try $0.tensor().inner(try $0.tensor(1)) }
    row("outer") { try $0.tensor().outer(try $0.tensor(1)) }
    row("kron") { try $0.tensor().kron(try $0.tensor(1)) }
    row("cross") { try $0.tensor().cross(try $0.tensor(1), dim: try $0.optionalInt(2, "dim")) }
    row("linalg.cross") { call in
      try call.tensor().cross(try call.tensor(1), dim: try call.int(2, "dim", default: -1))
    }
    row("linalg.vecdot") { call in
      Linalg.vecdot(
        try call.tensor(), try call.tensor(1), dim: try call.int(2, "dim", default: -1))
    }
    row("tensordot") { call in
      let (x, y) = (try call.tensor(), try call.tensor(1))
      guard case .list(let pair)? = call.value(2, "dims") else {
        return x.tensordot(y, dims: try call.int(2, "dims"))
      }
      let dims = try pair.compactMap(Call.ints)
      guard dims.count == 2 else { throw Unsupported("tensordot over \(pair.map(\.form))") }
      return x.tensordot(y, dims: (dims[0], dims[1]))
    }
    row("einsum") { Tensor.einsum(try $0.string(1, "equation"), try $0.tensors(0)) }
    row("linalg.multi_dot") { Linalg.multiDot(try $0.tensors(0)) }
    row("linalg.matrix_power") { Linalg.matrixPower(try $0.tensor(), try $0.int(1, "n")) }
  }

  private mutating func addAddedProducts() {
    typealias Added = (Tensor) -> (Tensor, Tensor, Scalar, Scalar) -> Tensor
    let table: [(String, Added)] = [
      ("addmm", { x in { x.addmm($0, $1, beta: $2, alpha: $3) } }),
      ("addmv", { x in { x.addmv($0, $1, beta: $2, alpha: $3) } }),
      ("addr", { x in { x.addr($0, $1, beta: $2, alpha: $3) } }),
      ("addbmm", { x in { x.addbmm($0, $1, beta: $2, alpha: $3) } }),
      ("baddbmm", { x in { x.baddbmm($0, $1, beta: $2, alpha: $3) } }),
    ]
    for (name, function) in table {
      row(name) { call in
        function(try call.tensor())(
          try call.tensor(1), try call.tensor(2), try call.optionalScalar(nil, "beta") ?? .int(1),
          try call.optionalScalar(nil, "alpha") ?? .int(1))
      }
    }
  }

  private mutating func addEquations() {
    unary("linalg.inv") { Linalg.inv($0) }
    unary("linalg.det") { Linalg.det($0) }
    row("linalg.slogdet") { results(Linalg.slogdet(try $0.tensor())) }
    row("linalg.solve") { call in
      Linalg.solve(
        try call.tensor(), try call.tensor(1), left: try call.bool(nil, "left", default: true))
    }
    row("linalg.solve_triangular") { call in
      Linalg.solveTriangular(
        try call.tensor(), try call.tensor(1), upper: try call.bool(nil, "upper", default: false),
        left: try call.bool(nil, "left", default: true),
        unitriangular: try call.bool(nil, "unitriangular", default: false))
    }
    row("linalg.pinv") { call in
      Linalg.pinv(
        try call.tensor(), atol: try call.optionalOperand(nil, "atol"),
        rtol: try call.optionalOperand(nil, "rtol"),
        hermitian: try call.bool(nil, "hermitian", default: false))
    }
    row("linalg.pinv.singular") { call in
      Linalg.pinv(try call.tensor().matmul(try call.tensor(1).transposed()))
    }
    row("linalg.lstsq", comparesGradients: true, reconstruct: Reconstruction.leastSquares) { call in
      let result = try Self.leastSquares(call)
      return [result.solution, result.residuals, result.rank, result.singularValues]
    }
    row(
      "linalg.lstsq.grad_oriented", comparesGradients: true,
      reconstruct: Reconstruction.leastSquares
    ) { call in
      let result = try Self.leastSquares(call)
      return [result.solution, result.residuals]
    }
  }

  private static func leastSquares(
    _ call: Call
  ) throws -> (solution: Tensor, residuals: Tensor, rank: Tensor, singularValues: Tensor) {
    let name = try call.string(nil, "driver", default: "gelsy")
    guard let driver = Linalg.LeastSquaresDriver(rawValue: name) else {
      throw Unsupported("driver \(name)")
    }
    return Linalg.lstsq(
      try call.tensor(), try call.tensor(1), rcond: try call.optionalDouble(2, "rcond"),
      driver: driver)
  }

  private mutating func addFactorizations() {
    row("linalg.cholesky") { call in
      Linalg.cholesky(try call.tensor(), upper: try call.bool(nil, "upper", default: false))
    }
    row("linalg.qr", reconstruct: Reconstruction.qr) { call in
      let name = try call.string(1, "mode", default: "reduced")
      guard let mode = Linalg.QRMode(rawValue: name) else { throw Unsupported("mode \(name)") }
      return results(Linalg.qr(try call.tensor(), mode: mode))
    }
    row("linalg.eigh", reconstruct: Reconstruction.eigh) { call in
      let triangle = try call.string(nil, "UPLO", default: "L")
      return results(Linalg.eigh(try call.tensor(), upper: triangle == "U"))
    }
    row("linalg.svd", reconstruct: Reconstruction.svd) { call in
      results(
        Linalg.svd(
          try call.tensor(), fullMatrices: try call.bool(1, "full_matrices", default: true)))
    }
    row("linalg.diagonal") { call in
      try call.tensor().diagonal(
        offset: try call.int(nil, "offset", default: 0),
        dim1: try call.int(nil, "dim1", default: -2),
        dim2: try call.int(nil, "dim2", default: -1))
    }
  }

  private mutating func addNormsOfMatrices() {
    row("norm.nuc") { call in
      Linalg.norm(
        try call.tensor(), try Self.order(call), dims: try call.optionalInts(2, "dim"),
        keepDim: try call.keepDim(3))
    }
    row("linalg.vector_norm") { call in
      try call.tensor().norm(
        try call.double(1, "ord", default: 2), dims: try call.dims(2),
        keepDim: try call.keepDim(3), dtype: try call.dtype())
    }
    row("linalg.matrix_norm") { call in
      let dims = try call.optionalInts(2, "dim") ?? [-2, -1]
      guard dims.count == 2 else { throw Unsupported("matrices in dimensions \(dims)") }
      return Linalg.matrixNorm(
        try call.tensor(), try Self.order(call) ?? .frobenius, dims: (dims[0], dims[1]),
        keepDim: try call.keepDim(3), dtype: try call.dtype())
    }
    row("linalg.norm") { call in
      Linalg.norm(
        try call.tensor(), try Self.order(call), dims: try call.optionalInts(2, "dim"),
        keepDim: try call.keepDim(3), dtype: try call.dtype())
    }
  }

  /// A norm's order: a number, or "fro" or "nuc".
  private static func order(_ call: Call) throws -> Linalg.MatrixNorm? {
    switch call.value(1, "ord") {
    case nil, .some(.none): return nil
    case .string("fro"): return .frobenius
    case .string("nuc"): return .nuclear
    case .some(let value):
      guard let number = Call.scalar(value) else { throw Unsupported("a norm \(value)") }
      return .order(number.double)
    }
  }

  private mutating func addPairs() {
    row("block_diag") { Tensor.blockDiag(try $0.tensors(from: 0)) }
    row("cartesian_prod") { Tensor.cartesianProd(try $0.tensors(from: 0)) }
    row("combinations") { call in
      try call.tensor().combinations(
        r: try call.int(1, "r", default: 2),
        withReplacement: try call.bool(2, "with_replacement", default: false))
    }
    row("cdist") { call in
      let name =
        try call.optionalString(3, "compute_mode") ?? Tensor.DistanceMode.productIfLarge.rawValue
      guard let mode = Tensor.DistanceMode(rawValue: name) else {
        throw Unsupported("mode \(name)")
      }
      return try call.tensor().cdist(
        try call.tensor(1), p: try call.double(2, "p", default: 2), mode: mode)
    }
  }
}
