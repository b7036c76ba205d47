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
  package func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
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
    return Kernel.linear(inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil)
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
