import Tensors

/// Tensors of some shapes side by side in one `[n]`, so that they travel as one.
struct PackedTensors {
  let flat: Tensor
  let tensors: [Tensor]

  /// - Parameter count: The numbers of the whole memory; nil for those of the tensors.
  init(_ shapes: [[Int]], _ dtype: DType, count: Int? = nil) {
    let counts = shapes.map { $0.reduce(1, *) }
    let memory = Tensor.uninitialized([count ?? counts.reduce(0, +)], dtype)
    flat = memory
    var start = 0
    tensors = zip(shapes, counts).map { shape, count in
      defer { start += count }
      return memory.part(at: start, shape: shape)
    }
  }
}

extension PackedTensors {
  /// Copies of tensors in the memory of the smallest square matrix that holds them all, with zeros
  /// behind them.
  init(square sources: [Tensor]) {
    let count = sources.reduce(0) { $0 + $1.count }
    var side = Int(Double(count).squareRoot())
    while side * side < count { side += 1 }
    let dtype = sources.first?.dtype ?? .float32
    self.init(sources.map(\.shape), dtype, count: side * side)
    flat.narrowed(dim: 0, start: count, length: side * side - count)
      .copyInPlace(.zeros([side * side - count], dtype: dtype))
    for (place, source) in zip(tensors, sources) { place.copyInPlace(source) }
  }

  /// Rows and columns of the square.
  var side: Int { Int(Double(flat.count).squareRoot()) }
}

/// A matrix's columns made orthogonal and of length 1, one after the other (Gram-Schmidt, each
/// projected twice, so that nothing of the others is left); a column in which nothing but rounding
/// remains becomes zeros.
func orthogonalized(_ matrix: Tensor, epsilon: Double) -> Tensor {
  func norm(_ column: Tensor) -> Double { column.to(.float64).square().sum().sqrt().item() }
  let negligible =
    switch matrix.dtype {
    case .float64: 1e-12
    case .float32: 1e-5
    default: 2e-2
    }
  let rows = matrix.transposed(0, 1).contiguous()
  var columns: [Tensor] = []
  for index in 0..<rows.size(0) {
    var column = rows.sliced(from: index, to: index + 1)
    let before = norm(column)
    if !columns.isEmpty {
      let basis = Tensor.cat(columns)
      for _ in 0..<2 {
        column = column - column.matmul(basis.transposed(0, 1)).matmul(basis)
      }
    }
    let left = norm(column)
    // NaN stays NaN, so that whoever looks for it finds it.
    let isGone = left == 0 || left <= before * negligible
    columns.append(isGone ? .zeros(like: column) : column / (left + epsilon))
  }
  return Tensor.cat(columns).transposed(0, 1)
}
