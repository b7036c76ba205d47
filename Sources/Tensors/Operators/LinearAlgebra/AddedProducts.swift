/// Products that are added to a tensor: beta · self + alpha · product.
///
/// The tensor broadcasts to the product's shape, and is not read where beta is 0, so that NaN in it
/// does no harm. Integers take the whole part of alpha and beta.
extension Tensor {
  /// beta · self + alpha · a b (`torch.addmm`).
  ///
  /// `[m, k] × [k, n]` on a tensor that broadcasts to `[m, n]`; operands share their dtype.
  public func addmm(
    _ a: Tensor, _ b: Tensor, beta: some ScalarConvertible = 1, alpha: some ScalarConvertible = 1
  ) -> Tensor {
    requireRanks("addmm", (a, 2), (b, 2))
    return added("addmm", a, b, beta.scalar, alpha.scalar)
  }

  /// beta · self + alpha · a x (`torch.addmv`).
  ///
  /// `[m, k] × [k]` on a tensor that broadcasts to `[m]`.
  public func addmv(
    _ a: Tensor, _ x: Tensor, beta: some ScalarConvertible = 1, alpha: some ScalarConvertible = 1
  ) -> Tensor {
    requireRanks("addmv", (a, 2), (x, 1))
    require(rank <= 1, "addmv", "a vector is expected, not \(shape)")
    return unsqueezed(-1).added("addmv", a, x.unsqueezed(1), beta.scalar, alpha.scalar).squeezed(1)
  }

  /// beta · self + alpha · the products of a batch (`torch.baddbmm`).
  ///
  /// `[batch, m, k] × [batch, k, n]` on a tensor that broadcasts to `[batch, m, n]`.
  public func baddbmm(
    _ a: Tensor, _ b: Tensor, beta: some ScalarConvertible = 1, alpha: some ScalarConvertible = 1
  ) -> Tensor {
    requireRanks("baddbmm", (a, 3), (b, 3))
    require(
      a.shape[0] == b.shape[0], "baddbmm", "batches differ in size: \(a.shape) × \(b.shape)")
    return added("baddbmm", a, b, beta.scalar, alpha.scalar)
  }

  /// beta · self + alpha · the sum of a batch's products (`torch.addbmm`).
  ///
  /// `[batch, m, k] × [batch, k, n]` on a tensor that broadcasts to `[m, n]`. Half types round
  /// after each product, as in PyTorch.
  public func addbmm(
    _ a: Tensor, _ b: Tensor, beta: some ScalarConvertible = 1, alpha: some ScalarConvertible = 1
  ) -> Tensor {
    requireRanks("addbmm", (a, 3), (b, 3))
    require(
      a.shape[0] == b.shape[0], "addbmm", "batches differ in size: \(a.shape) × \(b.shape)")
    return added("addbmm", a, b, beta.scalar, alpha.scalar, summed: true)
  }

  /// beta · self + alpha · x yᵀ (`torch.addr`).
  ///
  /// `[m]` and `[n]` on a tensor that broadcasts to `[m, n]`; dtypes are promoted, and bools combine
  /// by and and or.
  public func addr(
    _ x: Tensor, _ y: Tensor, beta: some ScalarConvertible = 1, alpha: some ScalarConvertible = 1
  ) -> Tensor {
    requireRanks("addr", (x, 1), (y, 1))
    let (beta, alpha) = (beta.scalar, alpha.scalar)
    let shape = [x.shape[0], y.shape[0]]
    requireFits("addr", shape)
    let kind = Promotion.resultType([self, x, y])
    let product = (x.to(kind).scaled(alpha)).outer(y.to(kind))
    if beta.double == 0 { return product }
    let own = to(kind).scaled(beta).expanded(shape)
    return kind == .bool ? own.logicalOr(product) : own + product
  }

  /// The common part: `self` is broadcast to the product, or to its sum over the batch.
  private func added(
    _ name: String, _ a: Tensor, _ b: Tensor, _ beta: Scalar, _ alpha: Scalar, summed: Bool = false
  ) -> Tensor {
    let (m, n) = (a.size(-2), b.size(-1))
    require(
      a.size(-1) == b.size(-2), name, "inner dimensions differ: \(a.shape) × \(b.shape)")
    let shape = (summed ? [] : Array(a.shape.dropLast(2))) + [m, n]
    requireFits(name, shape)
    let operation = AddedProduct(name: name, beta: beta, alpha: alpha, isSummed: summed)
    return Tensor.record(operation, [self, a, b])
  }

  /// The tensor times a number, in its own dtype.
  fileprivate func scaled(_ factor: Scalar) -> Tensor {
    let factor = factor.held(by: dtype)
    if factor == 1 { return self }
    return dtype == .bool ? logicalAnd(factor != 0) : self * Tensor(factor, dtype: dtype)
  }

  private func requireFits(_ name: String, _ target: [Int]) {
    require(
      broadcastShape(shape, target) == target, name,
      "a tensor of \(shape) does not broadcast to the product's \(target)")
  }

  private func requireRanks(
    _ name: String, _ a: (tensor: Tensor, rank: Int), _ b: (tensor: Tensor, rank: Int)
  ) {
    for operand in [a, b] {
      require(
        operand.tensor.rank == operand.rank, name,
        "operands of \(a.rank) and \(b.rank) dimensions are expected, not \(a.tensor.shape) and \(b.tensor.shape)"
      )
    }
  }
}

extension Scalar {
  /// The value that a dtype can hold of this number: integers keep the whole part.
  fileprivate func held(by dtype: DType) -> Double {
    if dtype.isFloatingPoint { return double }
    return dtype == .bool ? (double != 0 ? 1 : 0) : Double(int)
  }
}

/// beta · x + alpha · a b, or the sum of a batch's products: operands are x, a and b.
private struct AddedProduct: TensorOperation {
  let name: String
  let beta: Scalar
  let alpha: Scalar
  let isSummed: Bool
  var precision: PrecisionClass { .reduced }
  var attributes: [String: Attribute] {
    ["beta": .double(beta.double), "alpha": .double(alpha.double)]
  }
  var saving: Saving { .input(1, 2) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let (x, a, b) = (inputs[0].bare, inputs[1].bare, inputs[2].bare)
    let dtype = x.dtype
    require(
      a.dtype == dtype && b.dtype == dtype, name,
      "operands differ in dtype: \(dtype), \(a.dtype) and \(b.dtype)")
    let shape = (isSummed ? [] : Array(a.shape.dropLast(2))) + [a.size(-2), b.size(-1)]
    let (first, factor) = (beta.held(by: dtype), alpha.held(by: dtype))
    let start = first == 0 ? nil : noGrad { x.expanded(shape) }
    if !isSummed { return Kernel.matmul(a, b, alpha: factor, adding: start, beta: first) }
    var (sum, weight) = (start, first)
    for (a, b) in noGrad({ zip(a.unbind(), b.unbind()) }) {
      sum = Kernel.matmul(a, b, alpha: factor, adding: sum, beta: weight)
      weight = 1
    }
    // Of no products the tensor alone is left.
    if a.shape[0] == 0 { sum = noGrad { sum.map { $0.scaled(beta).contiguous() } } }
    return sum ?? .zeros(shape, dtype: dtype)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let product = g.scaled(alpha)
    return [
      node.needsGradient(0) ? g.scaled(beta) : nil,
      node.needsGradient(1) ? product.matmul(node.input(2).transposed()) : nil,
      node.needsGradient(2) ? node.input(1).transposed().matmul(product) : nil,
    ]
  }
}
