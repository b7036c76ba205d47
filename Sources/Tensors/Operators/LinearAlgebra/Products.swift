/// Products of vectors and of tensors over named dimensions.
extension Tensor {
  /// Σ xᵢ yᵢ of two vectors of one length and dtype (`torch.dot`).
  public func dot(_ other: Tensor) -> Tensor {
    require(
      rank == 1 && other.rank == 1, "dot", "vectors are expected, not \(shape) and \(other.shape)")
    require(shape == other.shape, "dot", "lengths differ: \(shape[0]) and \(other.shape[0])")
    // Not on PyTorch's list of what is computed in reduced precision, as matmul is.
    return Autocast.off { matmul(other) }
  }

  /// The sum of products over the last dimension of both (`torch.inner`).
  ///
  /// `[..., k]` and `[*, k]` → `[..., *]`; a scalar tensor multiplies the other.
  public func inner(_ other: Tensor) -> Tensor {
    if rank == 0 || other.rank == 0 { return self * other }
    require(
      size(-1) == other.size(-1), "inner", "last dimensions differ: \(shape) and \(other.shape)")
    return tensordot(other, dims: ([-1], [-1]))
  }

  /// Every element of one vector times every element of another (`torch.outer`): `[m]` and `[n]` →
  /// `[m, n]`. Dtypes are promoted.
  public func outer(_ other: Tensor) -> Tensor {
    require(
      rank == 1 && other.rank == 1, "outer", "vectors are expected, not \(shape) and \(other.shape)"
    )
    return unsqueezed(1) * other
  }

  /// The Kronecker product (`torch.kron`): each element of this tensor is replaced by itself times
  /// the other tensor. Dimensions are aligned at the end; dtypes are promoted.
  public func kron(_ other: Tensor) -> Tensor {
    let rank = Swift.max(self.rank, other.rank)
    func padded(_ shape: [Int]) -> [Int] {
      [Int](repeating: 1, count: rank - shape.count) + shape
    }
    let (a, b) = (padded(shape), padded(other.shape))
    let products = reshaped(a.flatMap { [$0, 1] }) * other.reshaped(b.flatMap { [1, $0] })
    return products.reshaped(zip(a, b).map { $0 * $1 })
  }

  /// The cross product of vectors of three elements along a dimension, broadcast (`torch.cross`,
  /// `torch.linalg.cross`).
  /// - Parameters:
  ///   - other: The second factor.
  ///   - dim: By default this tensor's first dimension of size 3; `torch.linalg.cross` takes the
  ///     last.
  public func cross(_ other: Tensor, dim: Int? = nil) -> Tensor {
    require(
      rank == other.rank, "cross", "dimensions differ in number: \(shape) and \(other.shape)")
    guard let dim = dim.map({ normalized(dim: $0, "cross") }) ?? shape.firstIndex(of: 3) else {
      fail("cross", "no dimension of \(shape) has size 3")
    }
    require(
      size(dim) == 3 && other.size(dim) == 3, "cross",
      "dimension \(dim) must have size 3: \(shape) and \(other.shape)")
    // Rolled by one place, element i is the component after i; by two, the one before it.
    func rolled(_ x: Tensor, _ places: Int) -> Tensor { x.rolled([-places], dims: [dim]) }
    return rolled(self, 1) * rolled(other, 2) - rolled(self, 2) * rolled(other, 1)
  }

  /// The sum of products over this tensor's last `dims` dimensions and the other's first
  /// (`torch.tensordot`).
  public func tensordot(_ other: Tensor, dims: Int = 2) -> Tensor {
    require(
      dims >= 0 && dims <= rank && dims <= other.rank, "tensordot",
      "\(dims) dimensions of \(shape) and \(other.shape)")
    return tensordot(other, dims: (Array((rank - dims)..<rank), Array(0..<dims)))
  }

  /// The sum of products over pairs of dimensions, the i-th of each list (`torch.tensordot`).
  ///
  /// What is left of this tensor comes before what is left of the other. A dimension of size 1 is
  /// repeated as often as its partner demands.
  public func tensordot(_ other: Tensor, dims: ([Int], [Int])) -> Tensor {
    require(
      dims.0.count == dims.1.count, "tensordot", "\(dims.0) and \(dims.1) differ in length")
    requireSameDType("tensordot", other)
    let mine = dims.0.isEmpty ? [] : normalizedDims(dims.0, rank: rank, "tensordot")
    let theirs = dims.1.isEmpty ? [] : normalizedDims(dims.1, rank: other.rank, "tensordot")
    let pairs = zip(mine, theirs).map { (shape[$0], other.shape[$1]) }
    require(
      pairs.allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 }, "tensordot",
      "sizes differ: \(mine) of \(shape) and \(theirs) of \(other.shape)")
    // A repeated element can be taken out of the sum.
    func summed(_ x: Tensor, _ dims: [Int]) -> Tensor {
      dims.isEmpty ? x : x.sum(dims: dims, keepDim: true, dtype: x.dtype)
    }
    let a = summed(self, zip(mine, pairs).filter { $1.1 == 1 && $1.0 != 1 }.map(\.0))
    let b = summed(other, zip(theirs, pairs).filter { $1.0 == 1 && $1.1 != 1 }.map(\.0))
    let (rows, columns) = (
      (0..<rank).filter { !mine.contains($0) }, (0..<other.rank).filter { !theirs.contains($0) }
    )
    let inner = mine.reduce(1) { $0 * a.shape[$1] }
    let (left, right) = (rows.map { shape[$0] }, columns.map { other.shape[$0] })
    return a.permuted(rows + mine).reshaped([left.reduce(1, *), inner])
      .matmul(b.permuted(theirs + columns).reshaped([inner, right.reduce(1, *)]))
      .reshaped(left + right)
  }

  private func requireSameDType(_ name: String, _ other: Tensor) {
    Linalg.requireSameDType(name, self, other)
  }
}

extension Linalg {
  /// The sum of products along a dimension, broadcast (`torch.linalg.vecdot`).
  public static func vecdot(_ x: Tensor, _ y: Tensor, dim: Int = -1) -> Tensor {
    let (x, y) = (
      Autocast.cast(x, for: "linalg.vecdot"), Autocast.cast(y, for: "linalg.vecdot")
    )
    requireSameDType("linalg.vecdot", x, y)
    if x.rank == 1 && y.rank == 1 && x.shape == y.shape { return x.dot(y) }
    return (x * y).sum(dim: dim)
  }

  /// The product of several matrices in the order of least work (`torch.linalg.multi_dot`).
  ///
  /// The first may be a vector, which is a row, and the last one too, which is a column.
  public static func multiDot(_ factors: [Tensor]) -> Tensor {
    let name = "linalg.multi_dot"
    require(factors.count >= 2, name, "at least two factors are expected, not \(factors.count)")
    var matrices = factors
    let (first, last) = (factors[0], factors[factors.count - 1])
    if first.rank == 1 { matrices[0] = first.unsqueezed(0) }
    if last.rank == 1 { matrices[matrices.count - 1] = last.unsqueezed(1) }
    require(
      matrices.allSatisfy { $0.rank == 2 }, name,
      "matrices are expected, not \(factors.map(\.shape))")
    for (a, b) in zip(matrices, matrices.dropFirst()) {
      require(
        a.shape[1] == b.shape[0], name, "inner dimensions differ: \(a.shape) × \(b.shape)")
    }
    let cuts = bestCuts([matrices[0].shape[0]] + matrices.map { $0.shape[1] })
    func product(_ from: Int, _ to: Int) -> Tensor {
      if from == to { return matrices[from] }
      let cut = cuts[from][to]
      return product(from, cut).matmul(product(cut + 1, to))
    }
    let ends: [Int] = (first.rank == 1 ? [0] : []) + (last.rank == 1 ? [1] : [])
    return product(0, matrices.count - 1).squeezed(ends)
  }

  /// Where to cut each run of matrices, i to j, so that the multiplications are fewest. Matrix i is
  /// `sizes[i] × sizes[i + 1]`. (Cormen et al., Introduction to Algorithms, 15.2.)
  private static func bestCuts(_ sizes: [Int]) -> [[Int]] {
    let count = sizes.count - 1
    var cost = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    var cuts = cost
    for length in 1..<count {
      for i in 0..<(count - length) {
        let j = i + length
        cost[i][j] = .max
        for cut in i..<j {
          let work = cost[i][cut] + cost[cut + 1][j] + sizes[i] * sizes[cut + 1] * sizes[j + 1]
          // Of equal ways PyTorch takes the last with three matrices, else the first.
          if work < cost[i][j] || work == cost[i][j] && count == 3 {
            cost[i][j] = work
            cuts[i][j] = cut
          }
        }
      }
    }
    return cuts
  }

  /// A square matrix multiplied by itself n times (`torch.linalg.matrix_power`), batches one by one;
  /// the inverse where n is negative, the identity where it is 0.
  public static func matrixPower(_ a: Tensor, _ n: Int) -> Tensor {
    require(
      a.rank >= 2 && a.size(-1) == a.size(-2), "linalg.matrix_power",
      "square matrices are expected, not \(a.shape)")
    if n == 0 {
      return Tensor.record(ZerothPower(), [a])
    }
    var square = n < 0 ? inv(a) : a
    var (rest, result): (Int, Tensor?) = (abs(n), nil)
    while true {
      if rest & 1 == 1 { result = result?.matmul(square) ?? square }
      rest >>= 1
      if rest == 0 { return result ?? square }
      square = square.matmul(square)
    }
  }
}

/// The identity in the shape of square matrices, whose gradient is 0.
private struct ZerothPower: TensorOperation {
  var name: String { "linalg.matrix_power" }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let a = inputs[0]
    return noGrad { Tensor.eye(a.size(-1), dtype: a.dtype).expanded(a.shape).clone() }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [nil] }
}
