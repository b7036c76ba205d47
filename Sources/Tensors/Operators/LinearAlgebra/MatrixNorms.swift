extension Linalg {
  /// Which norm of a matrix is meant (`ord`).
  public enum MatrixNorm: Sendable, Equatable, CustomStringConvertible {
    /// The root of the sum of squares: `"fro"`.
    case frobenius
    /// The sum of singular values: `"nuc"`.
    case nuclear
    /// 1: the largest sum of a column's sizes; ∞: of a row's; 2: the largest singular value. With a
    /// minus, the smallest.
    case order(Double)

    /// The order as PyTorch spells it.
    public var description: String {
      switch self {
      case .frobenius: "fro"
      case .nuclear: "nuc"
      case .order(let p): "\(p)"
      }
    }
  }

  /// The norm of the matrices in two dimensions (`torch.linalg.matrix_norm`).
  ///
  /// Norms by singular values need `float32` or `float64`.
  /// - Parameters:
  ///   - a: Of two dimensions or more.
  ///   - norm: Which norm.
  ///   - dims: The dimension of rows and that of columns.
  ///   - keepDim: Whether both dimensions stay, with size 1.
  ///   - dtype: What to convert to first.
  public static func matrixNorm(
    _ a: Tensor, _ norm: MatrixNorm = .frobenius, dims: (Int, Int) = (-2, -1),
    keepDim: Bool = false, dtype: DType? = nil
  ) -> Tensor {
    let name = "linalg.matrix_norm"
    let a = dtype.map { a.to($0) } ?? a
    require(a.rank >= 2, name, "a matrix or a batch of them is expected, not \(a.shape)")
    require(a.dtype.isFloatingPoint, name, "needs a floating-point tensor, not \(a.dtype)")
    let (rows, columns) = (a.normalized(dim: dims.0, name), a.normalized(dim: dims.1, name))
    require(rows != columns, name, "the dimensions must differ: \(dims.0) and \(dims.1)")
    switch norm {
    case .frobenius: return a.norm(dims: [rows, columns], keepDim: keepDim)
    case .order(let p) where abs(p) == 1 || abs(p) == .infinity:
      let (summed, compared) = abs(p) == 1 ? (rows, columns) : (columns, rows)
      let sums = a.norm(1, dims: [summed], keepDim: true)
      return extreme(sums, p > 0, compared, name).dropped([rows, columns], keepDim)
    case .order(2), .order(-2), .nuclear:
      let s = svdvals(a.movedim([rows, columns], [-2, -1]))
      let result =
        norm == .nuclear ? s.sum(dim: -1) : extreme(s, norm == .order(2), -1, name).squeezed(-1)
      return keepDim ? result.restored([rows, columns], keepDim: false) : result
    default:
      fail(name, "order \(norm) is not fro, nuc, ±1, ±2 or ±inf")
    }
  }

  /// The largest or the smallest along a dimension, which stays with size 1; the largest of none
  /// is 0, a constant as in PyTorch.
  private static func extreme(_ x: Tensor, _ largest: Bool, _ dim: Int, _ name: String) -> Tensor {
    if largest && x.size(dim) == 0 { return x.sum(dim: dim, keepDim: true).detach() }
    require(x.size(dim) > 0, name, "an empty matrix has no smallest value: \(x.shape)")
    return largest ? x.amax(dims: [dim], keepDim: true) : x.amin(dims: [dim], keepDim: true)
  }

  /// The norm of a vector or a matrix (`torch.linalg.norm`).
  ///
  /// Over one dimension a vector's norm, over two a matrix's; without dimensions the 2-norm of all
  /// elements, or, where an order is given, the norm of a tensor of one or two dimensions.
  /// ``Tensor/norm(_:dims:keepDim:dtype:)`` takes any number of dimensions.
  public static func norm(
    _ x: Tensor, _ order: MatrixNorm? = nil, dims: [Int]? = nil, keepDim: Bool = false,
    dtype: DType? = nil
  ) -> Tensor {
    let name = "linalg.norm"
    if order == nil { return x.norm(dims: dims ?? [], keepDim: keepDim, dtype: dtype) }
    require(
      dims.map { (1...2).contains($0.count) } ?? (1...2).contains(x.rank), name,
      "an order needs one or two dimensions, not \(dims ?? Array(x.shape.indices)) of \(x.shape)")
    let dims = dims ?? Array(0..<x.rank)
    if dims.count == 2 {
      return matrixNorm(
        x, order ?? .frobenius, dims: (dims[0], dims[1]), keepDim: keepDim, dtype: dtype)
    }
    guard case .order(let p) = order else {
      fail(name, "\(order ?? .frobenius) is a norm of matrices; \(dims) names one dimension")
    }
    return x.norm(p, dims: dims, keepDim: keepDim, dtype: dtype)
  }

  /// How much errors grow where a matrix is inverted, ‖A‖ ‖A⁻¹‖ (`torch.linalg.cond`); by default
  /// the ratio of the largest and the smallest singular value. ∞ for singular matrices.
  public static func cond(_ a: Tensor, _ norm: MatrixNorm = .order(2)) -> Tensor {
    requireMatrices("linalg.cond", a)
    if norm == .order(2) || norm == .order(-2) {
      let s = svdvals(a)
      let (first, last) = (s.select(dim: -1, index: 0), s.select(dim: -1, index: -1))
      return norm == .order(2) ? first / last : last / first
    }
    let (inverse, info) = invEx(a)
    let result = matrixNorm(a, norm) * matrixNorm(inverse, norm)
    return Tensor.where(info.ne(0), Double.infinity, result)
  }
}

extension Tensor {
  /// Without dimensions of size 1, unless they are kept.
  fileprivate func dropped(_ dims: [Int], _ keepDim: Bool) -> Tensor {
    keepDim ? self : squeezed(dims)
  }
}
