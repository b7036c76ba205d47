import CKernels

extension Tensor {
  /// The matrix product with PyTorch's rules (`torch.matmul`).
  ///
  /// `[m, k] × [k, n] → [m, n]`; further dimensions in front are batches and broadcast; a vector on
  /// the left is a row, on the right a column, and its dimension goes away again.
  public func matmul(_ other: Tensor) -> Tensor {
    require(
      rank > 0 && other.rank > 0, "matmul",
      "both operands need at least one dimension: \(shape) × \(other.shape)")
    let inner = other.rank == 1 ? other.shape[0] : other.shape[other.rank - 2]
    require(
      shape[rank - 1] == inner, "matmul",
      "inner dimensions differ: \(shape) × \(other.shape)")
    if rank == 1 { return unsqueezed(0).matmul(other).squeezed(other.rank == 1 ? 0 : -2) }
    if other.rank == 1 { return matmul(other.unsqueezed(1)).squeezed(-1) }
    if other.rank == 2 && rank > 2 && isContiguous {
      // One large product instead of a batch of small ones.
      let rows = shape[..<(rank - 1)].reduce(1, *)
      return reshaped([rows, inner]).product(other)
        .reshaped(Array(shape[..<(rank - 1)]) + [other.shape[1]])
    }
    return product(other)
  }

  /// ``matmul(_:)`` of operands with at least two dimensions.
  fileprivate func product(_ other: Tensor) -> Tensor {
    Tensor.record(MatrixProduct(), [self, other])
  }

  /// A product that is the gradient of a node's input, computed in its place where it has one.
  fileprivate func product(_ other: Tensor, for input: Int, of node: Node) -> Tensor {
    guard rank == 2, other.rank == 2, let place = node.gradientPlace(input) else {
      return product(other)
    }
    return Kernel.matmul(self, other, into: place)
  }

  /// x Wᵀ + b (`torch.nn.functional.linear`).
  ///
  /// `[..., inputs] → [..., outputs]` with a weight of `[outputs, inputs]` and a bias of `[outputs]`.
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    require(
      weight.rank == 2 && rank >= 1 && shape[rank - 1] == weight.shape[1], "linear",
      "an input of \(shape) does not fit a weight of \(weight.shape) [outputs, inputs]")
    require(
      bias == nil || bias?.shape == [weight.shape[0]], "linear",
      "a bias of \(bias?.shape ?? []) does not fit a weight of \(weight.shape)")

    return Tensor.record(LinearProduct(), [self, weight] + [bias].compactMap { $0 })
  }
}

/// a b with at least two dimensions each.
private struct MatrixProduct: TensorOperation {
  var precision: PrecisionClass { .reduced }
  var name: String { "matmul" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let (a, b) = (inputs[0], inputs[1])
    require(a.dtype == b.dtype, name, "operands differ in dtype: \(a.dtype) and \(b.dtype)")
    return Kernel.matmul(a, b)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [
      node.needsGradient(0) ? g.product(node.input(1).transposed()) : nil,
      node.needsGradient(1) ? node.input(0).transposed().product(g, for: 1, of: node) : nil,
    ]
  }
}

/// x Wᵀ + b; the bias may be absent.
private struct LinearProduct: TensorOperation {
  var precision: PrecisionClass { .reduced }
  var name: String { "linear" }
  var saving: Saving { .input(0, 1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    for operand in inputs where operand.dtype != inputs[0].dtype {
      fail(
        name,
        "input, weight and bias differ in dtype: "
          + inputs.map { "\($0.dtype)" }.joined(separator: ", "))
    }
    let x = inputs[0].contiguous()
    let w = inputs[1].contiguous()
    let out = Tensor.uninitialized(Array(x.shape.dropLast()) + [w.shape[0]], x.dtype)
    let b = inputs.count > 2 ? inputs[2].contiguous() : nil
    if w.shape[1] == 0 {
      // A sum of nothing, and the bias.
      let sums = b?.bare ?? Tensor.zeros([w.shape[0]], dtype: x.dtype)
      Kernel.copy(noGrad { sums.expanded(out.shape) }, into: out)
      return out
    }
    torus_linear(
      x.dtype.c, Int64(x.count / w.shape[1]), Int64(w.shape[1]), Int64(w.shape[0]),
      x.pointer, w.pointer, b?.pointer, out.pointer)
    return out
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let x = node.input(0)
    let w = node.input(1)
    let rows = g.shape.dropLast().reduce(1, *)
    let flat = g.reshaped([rows, w.shape[0]])
    return [
      node.needsGradient(0) ? flat.product(w).reshaped(x.shape) : nil,
      node.needsGradient(1)
        ? flat.t.product(x.reshaped([rows, w.shape[1]]), for: 1, of: node) : nil,
    ]
      + (node.inputCount > 2 ? [node.needsGradient(2) ? flat.sum(dim: 0) : nil] : [])
  }
}

extension Kernel {
  /// alpha · a b + beta · c for tensors with at least two dimensions, whose batch dimensions
  /// broadcast; without the second term where c is nil. The result is new, or `place`, which is then
  /// contiguous and of its shape.
  static func matmul(
    _ a: Tensor, _ b: Tensor, alpha: Double = 1, adding c: Tensor? = nil, beta: Double = 0,
    into place: Tensor? = nil
  ) -> Tensor {
    let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
    guard let batch = broadcastShape(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2))) else {
      fail("matmul", "batch dimensions do not broadcast: \(a.shape) × \(b.shape)")
    }
    let out = place ?? Tensor.uninitialized(batch + [m, n], a.dtype)
    if out.count == 0 { return out }
    if let c { copy(c, into: out) }
    if k == 0 {
      if c == nil { out.fill(.int(0)) }
      return beta == 1 || c == nil ? out : noGrad { out * Tensor(beta, dtype: out.dtype) }
    }
    let left = matrixOperand(a)
    let right = matrixOperand(b)
    let count = batch.reduce(1, *)
    if count == 1 {
      torus_gemm(
        a.dtype.c, left.transposed, right.transposed, Int64(m), Int64(n), Int64(k),
        alpha, left.tensor.pointer, left.leading, right.tensor.pointer, right.leading,
        c == nil ? 0 : beta, out.pointer, Int64(n))
      return out
    }
    let offsetsA = batchOffsets(left.tensor, batch)
    let offsetsB = batchOffsets(right.tensor, batch)
    let offsetsC = (0..<count).map { Int64($0 * m * n) }
    torus_gemm_batched_at(
      a.dtype.c, left.transposed, right.transposed, Int64(m), Int64(n), Int64(k),
      alpha, left.tensor.pointer, left.leading, offsetsA, right.tensor.pointer, right.leading,
      offsetsB, c == nil ? 0 : beta, out.pointer, Int64(n), offsetsC, Int64(count))
    return out
  }

  /// A matrix as the product reads it: rows or columns are contiguous; anything else is copied.
  static func matrixOperand(
    _ x: Tensor
  ) -> (tensor: Tensor, transposed: Bool, leading: Int64) {
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let (rowStride, columnStride) = (x.strides[x.rank - 2], x.strides[x.rank - 1])
    if (columnStride == 1 || columns == 1) && (rowStride >= columns || rows == 1) {
      return (x, false, Int64(Swift.max(rowStride, columns)))
    }
    if (rowStride == 1 || rows == 1) && (columnStride >= rows || columns == 1) {
      return (x, true, Int64(Swift.max(columnStride, rows)))
    }
    return (x.bare.contiguous(), false, Int64(columns))
  }

  /// Where each matrix of a broadcast batch begins, in elements.
  static func batchOffsets(_ x: Tensor, _ batch: [Int]) -> [Int64] {
    let lead = batch.count - (x.rank - 2)
    var strides = [Int](repeating: 0, count: batch.count)
    for dim in 0..<(x.rank - 2) where x.shape[dim] != 1 { strides[lead + dim] = x.strides[dim] }
    var offsets: [Int64] = [0]
    for (size, stride) in zip(batch, strides) {
      offsets = offsets.flatMap { base in (0..<size).map { base + Int64($0 * stride) } }
    }
    return offsets
  }
}
