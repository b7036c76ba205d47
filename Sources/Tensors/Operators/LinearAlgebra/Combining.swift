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
    let parts = blocks.map { $0.to(dtype).atLeast(rank: 2) }
    return Tensor.record(BlockDiagonal(), parts)
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
  /// - Parameters:
  ///   - r: The number of elements in each choice.
  ///   - withReplacement: Whether an element may be chosen again.
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

/// Matrices along the diagonal of a larger one.
private struct BlockDiagonal: TensorOperation {
  var precision: PrecisionClass { .widest }
  var name: String { "block_diag" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let shapes = inputs.map(\.shape)
    let size = (0...1).map { dim in shapes.reduce(0) { $0 + $1[dim] } }
    let out = Tensor.zeros(size, dtype: inputs[0].dtype)
    for (input, block) in zip(inputs, blocks(shapes, of: out)) { Kernel.copy(input, into: block) }
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { blocks(node.inputs.map(\.shape), of: g) }

  private func blocks(_ shapes: [[Int]], of whole: Tensor) -> [Tensor] {
    var (row, column) = (0, 0)
    return shapes.map { shape in
      defer { (row, column) = (row + shape[0], column + shape[1]) }
      return whole.narrowed(dim: 0, start: row, length: shape[0])
        .narrowed(dim: 1, start: column, length: shape[1])
    }
  }
}
