/// Tensors made of all pairs, rows or blocks of others.
extension Tensor {
  /// Matrices along the diagonal of a larger one, with zeros elsewhere (`torch.block_diag`).
  /// Vectors are rows, scalars single elements; dtypes are promoted.
  public static func blockDiag(_ blocks: [Tensor]) -> Tensor {
    require(
      blocks.allSatisfy { $0.rank <= 2 }, "block_diag",
      "matrices are expected, not \(blocks.map(\.shape))")
    if blocks.isEmpty { return zeros([1, 0]) }
    let dtype = Promotion.resultType(blocks)
    let parts = blocks.map { $0.to(dtype).atLeast(dims: 2) }
    let shapes = parts.map(\.shape)
    func place(_ index: Int, _ dim: Int) -> Int { shapes[..<index].reduce(0) { $0 + $1[dim] } }
    func block(_ index: Int, of whole: Tensor) -> Tensor {
      (0...1).reduce(whole) { part, dim in
        part.narrowed(dim: dim, start: place(index, dim), length: shapes[index][dim])
      }
    }
    return Tensor.apply("block_diag", parts) { inputs in
      let out = zeros([place(inputs.count, 0), place(inputs.count, 1)], dtype: dtype)
      for (index, input) in inputs.enumerated() { Kernel.copy(input, into: block(index, of: out)) }
      return out
    } gradient: { g, _ in
      shapes.indices.map { block($0, of: g) }
    }
  }

  /// Every choice of one element from each vector, one a row, the last vector's changing fastest
  /// (`torch.cartesian_prod`). A single vector stays as it is.
  public static func cartesianProd(_ vectors: [Tensor]) -> Tensor {
    require(
      !vectors.isEmpty && vectors.allSatisfy { $0.rank == 1 }, "cartesian_prod",
      "vectors are expected, not \(vectors.map(\.shape))")
    if vectors.count == 1 { return vectors[0] }
    let sizes = vectors.map(\.count)
    let columns = vectors.enumerated().map { index, vector in
      var own = [Int](repeating: 1, count: sizes.count)
      own[index] = sizes[index]
      return vector.reshaped(own).expanded(sizes).flattened()
    }
    return stack(columns, dim: 1)
  }

  /// Every choice of r elements of a vector in its own order, one a row (`torch.combinations`).
  /// - Parameter withReplacement: Whether an element may be chosen again.
  public func combinations(r: Int = 2, withReplacement: Bool = false) -> Tensor {
    require(rank == 1, "combinations", "a vector is expected, not \(shape)")
    require(r >= 0, "combinations", "the number of elements must not be negative: \(r)")
    if r == 0 { return Tensor.empty([0], dtype: dtype) }
    var choices: [[Int]] = [[]]
    for _ in 0..<r {
      choices = choices.flatMap { choice in
        let start = choice.last.map { withReplacement ? $0 : $0 + 1 } ?? 0
        return (start..<Swift.max(start, count)).map { choice + [$0] }
      }
    }
    let index = Tensor(choices.flatMap(\.self), shape: [choices.count * r])
    return indexSelect(dim: 0, index: index).reshaped([choices.count, r])
  }
}
