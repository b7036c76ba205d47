import CKernels

/// Operators that put elements, dimensions and tensors into another order.
extension Tensor {
  /// The elements of some dimensions in reverse (`torch.flip`).
  public func flipped(dims: [Int]) -> Tensor {
    let dims = dims.isEmpty ? [] : normalizedDims(dims, rank: rank, "flip")
    return Tensor.apply("flip", [self], attributes: ["dims": .ints(dims)]) { inputs in
      let a = inputs[0]
      let out = Tensor.uninitialized(a.shape, a.dtype)
      Kernel.check(
        withInts(a.shape, a.strides, out.strides) {
          torus_flip(
            a.dtype.c, Int32(a.rank), $0, a.pointer, $1, Kernel.mask(dims), out.pointer, $2)
        }, "flip", a.dtype)
      return out
    } gradient: { g, _ in
      [g.flipped(dims: dims)]
    }
  }

  /// The elements moved by `shifts` places along each dimension, round the end (`torch.roll`); over
  /// the flattened tensor where no dimension is given.
  public func rolled(_ shifts: [Int], dims: [Int] = []) -> Tensor {
    if dims.isEmpty { return flattened().rolled(shifts, dims: [0]).reshaped(shape) }
    require(
      shifts.count == dims.count, "roll", "\(shifts.count) shifts for \(dims.count) dimensions")
    var places = [Int](repeating: 0, count: rank)
    for (shift, dim) in zip(shifts, dims) { places[normalized(dim: dim, "roll")] += shift }
    return Tensor.apply("roll", [self], attributes: ["shifts": .ints(places)]) { inputs in
      let a = inputs[0]
      let out = Tensor.uninitialized(a.shape, a.dtype)
      Kernel.check(
        withInts(a.shape, a.strides, places, out.strides) {
          torus_roll(a.dtype.c, Int32(a.rank), $0, a.pointer, $1, $2, out.pointer, $3)
        }, "roll", a.dtype)
      return out
    } gradient: { g, _ in
      [g.rolled(places.map { -$0 }, dims: Array(places.indices))]
    }
  }

  /// The lower triangle of the last two dimensions, zeros above diagonal `diagonal` (`torch.tril`).
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { triangle("tril", false, diagonal) }

  /// The upper triangle of the last two dimensions, zeros below diagonal `diagonal` (`torch.triu`).
  public func upperTriangle(diagonal: Int = 0) -> Tensor { triangle("triu", true, diagonal) }

  private func triangle(_ name: String, _ upper: Bool, _ diagonal: Int) -> Tensor {
    require(rank >= 2, name, "needs at least two dimensions, not \(shape)")
    return Tensor.apply(name, [self], attributes: ["diagonal": .int(diagonal)]) { inputs in
      let a = inputs[0]
      let out = Tensor.uninitialized(a.shape, a.dtype)
      Kernel.check(
        withInts(a.shape, a.strides, out.strides) {
          torus_triangle(
            upper, Int64(diagonal), a.dtype.c, Int32(a.rank), $0, a.pointer, $1, out.pointer, $2)
        }, name, a.dtype)
      return out
    } gradient: { g, _ in
      [g.triangle(name, upper, diagonal)]
    }
  }

  /// Dimensions moved to other places, the rest keeping their order (`torch.movedim`).
  public func movedim(_ from: [Int], _ to: [Int]) -> Tensor {
    require(from.count == to.count, "movedim", "\(from) and \(to) differ in length")
    let sources = from.map { normalized(dim: $0, "movedim") }
    let targets = to.map { normalized(dim: $0, "movedim") }
    require(
      Set(sources).count == sources.count && Set(targets).count == targets.count, "movedim",
      "a dimension is named twice: \(from) to \(to)")
    var order = [Int](repeating: -1, count: rank)
    for (source, target) in zip(sources, targets) { order[target] = source }
    var rest = (0..<rank).filter { !sources.contains($0) }[...]
    for place in order.indices where order[place] < 0 { order[place] = rest.removeFirst() }
    return permuted(order)
  }

  /// The tensor repeated along each dimension, new ones in front (`Tensor.repeat`).
  public func repeated(_ times: [Int]) -> Tensor {
    require(
      times.count >= rank && times.allSatisfy { $0 >= 0 }, "repeat",
      "\(times) repetitions for a tensor of \(rank) dimensions")
    let own = [Int](repeating: 1, count: times.count - rank) + shape
    var (interleaved, expanded): ([Int], [Int]) = ([], [])
    for (count, size) in zip(times, own) {
      interleaved += [1, size]
      expanded += [count, size]
    }
    return reshaped(interleaved).expanded(expanded).reshaped(zip(times, own).map { $0 * $1 })
  }

  /// One dimension cut into several (`Tensor.unflatten`); one of the sizes may be -1.
  public func unflattened(dim: Int, _ sizes: [Int]) -> Tensor {
    let dim = normalized(dim: dim, "unflatten")
    var sizes = sizes
    if let unknown = sizes.firstIndex(of: -1) {
      sizes[unknown] = shape[dim] / Swift.max(1, -sizes.reduce(1, *))
    }
    require(
      sizes.reduce(1, *) == shape[dim], "unflatten", "\(sizes) does not fill \(shape[dim])")
    return reshaped(Array(shape[..<dim]) + sizes + Array(shape[(dim + 1)...]))
  }

  /// The elements of a diagonal of two dimensions, as the last dimension of a view
  /// (`torch.diagonal`).
  public func diagonal(offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
    let (a, b) = (normalized(dim: dim1, "diagonal"), normalized(dim: dim2, "diagonal"))
    require(a != b, "diagonal", "the dimensions must differ: \(dim1) and \(dim2)")
    let (row, column) = (offset < 0 ? -offset : 0, offset > 0 ? offset : 0)
    let length = Swift.max(0, Swift.min(shape[a] - row, shape[b] - column))
    let kept = (0..<rank).filter { $0 != a && $0 != b }
    let start = length > 0 ? row * strides[a] + column * strides[b] : 0
    return view(
      "diagonal", shape: kept.map { shape[$0] } + [length],
      strides: kept.map { strides[$0] } + [strides[a] + strides[b]], offset: storageOffset + start,
      attributes: ["offset": .int(offset), "dim1": .int(a), "dim2": .int(b)]
    ) { g, node in
      g.scattered(into: node.shape(0)) { $0.diagonal(offset: offset, dim1: a, dim2: b) }
    }
  }

  /// The sum of the main diagonal of a matrix (`torch.trace`).
  public func trace() -> Tensor {
    require(rank == 2, "trace", "a matrix is expected, not \(shape)")
    return diagonal().sum()
  }

  /// A view of at least so many dimensions, as NumPy's `atleast_1d`, `atleast_2d`, `atleast_3d`.
  public func atLeast(dims: Int) -> Tensor {
    switch (dims, rank) {
    case (1..., 0): reshaped([Int](repeating: 1, count: dims))
    case (2, 1): unsqueezed(0)
    case (3, 1): unsqueezed(0).unsqueezed(-1)
    case (3, 2): unsqueezed(-1)
    default: self
    }
  }

  /// Tensors expanded to the shape that all of them broadcast to (`torch.broadcast_tensors`).
  public static func broadcast(_ tensors: [Tensor]) -> [Tensor] {
    let shape = broadcastShape(tensors.map(\.shape), "broadcast_tensors")
    return tensors.map { $0.expanded(shape) }
  }

  /// Tensors side by side (`torch.hstack`): along the second dimension, vectors along the first.
  public static func hstack(_ tensors: [Tensor]) -> Tensor {
    let parts = tensors.map { $0.atLeast(dims: 1) }
    return cat(parts, dim: parts.first?.rank == 1 ? 0 : 1)
  }

  /// Tensors one below the other (`torch.vstack`).
  public static func vstack(_ tensors: [Tensor]) -> Tensor {
    cat(tensors.map { $0.atLeast(dims: 2) }, dim: 0)
  }

  /// Tensors one behind the other along the third dimension (`torch.dstack`).
  public static func dstack(_ tensors: [Tensor]) -> Tensor {
    cat(tensors.map { $0.atLeast(dims: 3) }, dim: 2)
  }

  /// Vectors as the columns of a matrix, matrices side by side (`torch.column_stack`).
  public static func columnStack(_ tensors: [Tensor]) -> Tensor {
    hstack(tensors.map { $0.rank <= 1 ? $0.reshaped([$0.count, 1]) : $0 })
  }

  /// The elements where a mask of a broadcastable shape holds, as a vector (`torch.masked_select`).
  public func maskedSelect(_ mask: Tensor) -> Tensor {
    let both = Tensor.broadcast([self, mask])
    if both[0].rank == 0 { return both[0].reshaped([1])[both[1].reshaped([1])] }
    return both[0][both[1]]
  }

  /// Elements of the flattened tensor by position (`torch.take`).
  public func take(_ index: Tensor) -> Tensor { flattened()[index] }
}
