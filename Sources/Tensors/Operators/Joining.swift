extension Tensor {
  /// Tensors one after the other along a dimension (`torch.cat`).
  ///
  /// Shapes agree but for that dimension; dtypes are promoted; an empty vector `[0]` is skipped.
  public static func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    require(!tensors.isEmpty, "cat", "a list of at least one tensor is expected")
    let dtype = Promotion.resultType(tensors)
    let parts = tensors.filter { $0.shape != [0] }.map { $0.to(dtype) }
    guard let first = parts.first else { return tensors[0].to(dtype) }
    let dim = first.normalized(dim: dim, "cat")
    require(first.rank > 0, "cat", "scalar tensors cannot be joined; use stack")
    for part in parts.dropFirst() {
      require(
        part.rank == first.rank
          && part.shape.indices.allSatisfy { $0 == dim || part.shape[$0] == first.shape[$0] },
        "cat", "\(part.shape) does not fit behind \(first.shape) in dimension \(dim)")
    }
    return Tensor.record(Concatenation(dim: dim), parts)
  }

  /// Tensors of one shape side by side along a new dimension (`torch.stack`).
  public static func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    require(
      tensors.allSatisfy { $0.shape == tensors[0].shape }, "stack",
      "shapes differ: \(tensors.map(\.shape))")
    return cat(tensors.map { $0.unsqueezed(dim) }, dim: dim)
  }

  /// Tensors side by side (`torch.hstack`): along the second dimension, vectors along the first.
  public static func hstack(_ tensors: [Tensor]) -> Tensor {
    let parts = tensors.map { $0.atLeast(rank: 1) }
    return cat(parts, dim: parts.first?.rank == 1 ? 0 : 1)
  }

  /// Tensors one below the other (`torch.vstack`).
  public static func vstack(_ tensors: [Tensor]) -> Tensor {
    cat(tensors.map { $0.atLeast(rank: 2) }, dim: 0)
  }

  /// Tensors one behind the other along the third dimension (`torch.dstack`).
  public static func dstack(_ tensors: [Tensor]) -> Tensor {
    cat(tensors.map { $0.atLeast(rank: 3) }, dim: 2)
  }

  /// Vectors as the columns of a matrix, matrices side by side (`torch.column_stack`).
  public static func columnStack(_ tensors: [Tensor]) -> Tensor {
    hstack(tensors.map { $0.rank <= 1 ? $0.reshaped([$0.count, 1]) : $0 })
  }
}

/// Tensors of one dtype one after the other along a dimension.
private struct Concatenation: TensorOperation {
  let dim: Int
  var precision: PrecisionClass { .widest }
  var name: String { "cat" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    var shape = inputs[0].shape
    for input in inputs.dropFirst() { shape[dim] += input.shape[dim] }
    let out = Tensor.uninitialized(shape, inputs[0].dtype)
    var start = 0
    for input in inputs {
      let length = input.shape[dim]
      Kernel.copy(input, into: out.narrowed(dim: dim, start: start, length: length))
      start += length
    }
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    g.split(node.inputs.map { $0.shape[dim] }, dim: dim)
  }
}
