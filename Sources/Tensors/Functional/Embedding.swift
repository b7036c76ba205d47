extension F {
  /// The rows of a table at the given positions (`torch.nn.functional.embedding`).
  ///
  /// - Parameters:
  ///   - indices: int64 or int32 of any shape `[…]`.
  ///   - weight: `[rows, width]`.
  ///   - paddingIndex: A row that receives no gradient.
  ///   - maxNorm: Scale rows that are longer than this before use; the gradient does not see it.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFrequency: Divide each row's gradient by how often it was used.
  /// - Returns: `[…, width]`.
  public static func embedding(
    _ indices: Tensor, _ weight: Tensor, paddingIdx paddingIndex: Int? = nil,
    maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq scaleGradByFrequency: Bool = false
  ) -> Tensor {
    let name = "embedding"
    if let maxNorm, weight.rank == 2 {
      return embedding(
        indices, renormed(weight, indices.to(.int64), maxNorm, normType),
        paddingIdx: paddingIndex, scaleGradByFreq: scaleGradByFrequency)
    }
    require(weight.rank == 2, name, "a weight of [rows, width] is expected, not \(weight.shape)")
    require(indices.dtype.isInteger, name, "indices must be integers, not \(indices.dtype)")
    let padding = paddingIndex.map { $0 < 0 ? $0 + weight.shape[0] : $0 }
    let index = indices.to(.int64).contiguous()
    let lookup = EmbeddingLookup(paddingIndex: padding, scaleGradByFrequency: scaleGradByFrequency)
    return Tensor.record(lookup, [weight, index])
  }
}

/// The rows of a table: operands are the table and the positions.
private struct EmbeddingLookup: TensorOperation {
  let paddingIndex: Int?
  let scaleGradByFrequency: Bool
  var name: String { "embedding" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    Kernel.embedding(inputs[0], inputs[1])
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let sums = EmbeddingGradient(
      rows: node.shape(0)[0], paddingIndex: paddingIndex,
      scaleGradByFrequency: scaleGradByFrequency)
    if let place = node.gradientPlace(0) {
      return [sums.forward(g, node.input(1), into: place), nil]
    }
    return [Tensor.record(sums, [g, node.input(1)]), nil]
  }
}

/// The sum of the gradients of every use of a row; its own gradient is the lookup. Operands are the
/// gradients and the positions.
private struct EmbeddingGradient: TensorOperation {
  let rows: Int
  let paddingIndex: Int?
  let scaleGradByFrequency: Bool
  var name: String { "embedding_backward" }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let width = inputs[0].shape[inputs[0].rank - 1]
    return forward(inputs[0], inputs[1], into: .uninitialized([rows, width], inputs[0].dtype))
  }

  func forward(_ g: Tensor, _ index: Tensor, into out: Tensor) -> Tensor {
    Kernel.embeddingGradient(
      g, index, paddingIndex: paddingIndex, scaleGradByFrequency: scaleGradByFrequency, into: out)
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    require(
      !scaleGradByFrequency, "embedding",
      "second derivatives need scaleGradByFrequency: false")
    let index = node.input(1)
    let picked = F.embedding(index, g)
    guard let paddingIndex else { return [picked, nil] }
    return [picked.maskedFill(index.eq(paddingIndex).unsqueezed(-1), 0.0), nil]
  }
}
