/// Diagonals and triangles of two dimensions.
extension Tensor {
  /// The elements of a diagonal of two dimensions, as the last dimension of a view
  /// (`torch.diagonal`).
  public func diagonal(offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
    let (a, b) = (normalized(dim: dim1, "diagonal"), normalized(dim: dim2, "diagonal"))
    require(a != b, "diagonal", "the dimensions must differ: \(dim1) and \(dim2)")
    return Tensor.record(Diagonal(offset: offset, dim1: a, dim2: b), [self])
  }

  /// The sum of the main diagonal of a matrix (`torch.trace`).
  public func trace() -> Tensor {
    require(rank == 2, "trace", "a matrix is expected, not \(shape)")
    return inFullPrecision.diagonal().sum()
  }

  /// The elements as the diagonal of a square in two new dimensions, zeros elsewhere
  /// (`torch.diag_embed`): `[..., n]` → `[..., m, m]` with m = n + |offset|.
  public func diagEmbed(offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
    require(rank > 0, "diag_embed", "a scalar tensor has no elements to put on a diagonal")
    let (a, b) = (
      normalizedDim(dim1, rank: rank + 1, "diag_embed"),
      normalizedDim(dim2, rank: rank + 1, "diag_embed")
    )
    require(a != b, "diag_embed", "the dimensions must differ: \(dim1) and \(dim2)")
    require(offset.magnitude <= 1 << 31, "diag_embed", "no matrix has a diagonal \(offset)")
    let size = shape[rank - 1] + Swift.abs(offset)
    var square = Array(shape.dropLast())
    for dim in [Swift.min(a, b), Swift.max(a, b)] { square.insert(size, at: dim) }
    return scattered(into: square, at: [Diagonal(offset: offset, dim1: a, dim2: b)])
  }

  /// The square matrix with the elements of the flattened tensor on a diagonal (`torch.diagflat`).
  public func diagFlat(offset: Int = 0) -> Tensor { flattened().diagEmbed(offset: offset) }

  /// A matrix with a vector on a diagonal, or a matrix's diagonal as a vector (`torch.diag`).
  public func diag(_ offset: Int = 0) -> Tensor {
    require(rank == 1 || rank == 2, "diag", "a vector or a matrix is expected, not \(shape)")
    return rank == 1 ? diagEmbed(offset: offset) : diagonal(offset: offset)
  }

  /// The lower triangle of the last two dimensions, zeros above diagonal `diagonal` (`torch.tril`).
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { triangle("tril", false, diagonal) }

  /// The upper triangle of the last two dimensions, zeros below diagonal `diagonal` (`torch.triu`).
  public func upperTriangle(diagonal: Int = 0) -> Tensor { triangle("triu", true, diagonal) }

  private func triangle(_ name: String, _ upper: Bool, _ diagonal: Int) -> Tensor {
    require(rank >= 2, name, "needs at least two dimensions, not \(shape)")
    return Tensor.record(Triangle(isUpper: upper, diagonal: diagonal), [self])
  }

  /// The coordinates of a matrix's lower triangle, `[2, count]`, row by row (`torch.tril_indices`).
  public static func lowerTriangleIndices(
    _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64
  ) -> Tensor {
    ones([rows, columns], dtype: .bool).lowerTriangle(diagonal: offset).coordinates(dtype)
  }

  /// The coordinates of a matrix's upper triangle, `[2, count]`, row by row (`torch.triu_indices`).
  public static func upperTriangleIndices(
    _ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64
  ) -> Tensor {
    ones([rows, columns], dtype: .bool).upperTriangle(diagonal: offset).coordinates(dtype)
  }

  private func coordinates(_ dtype: DType) -> Tensor { nonzero().t.contiguous().to(dtype) }
}

/// A triangle of the last two dimensions, zeros elsewhere.
private struct Triangle: TensorOperation {
  let isUpper: Bool
  let diagonal: Int
  var name: String { isUpper ? "triu" : "tril" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.triangle(inputs[0], upper: isUpper, diagonal: diagonal)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [Tensor.record(self, [g])] }
}
