/// Operators that put elements and dimensions into another order.
extension Tensor {
  /// The elements of some dimensions in reverse (`torch.flip`).
  public func flipped(dims: [Int]) -> Tensor {
    let dims = dims.isEmpty ? [] : normalizedDims(dims, rank: rank, "flip")
    return Tensor.record(Flip(dims: dims), [self])
  }

  /// The elements of one dimension in reverse (`torch.flip`).
  public func flipped(dim: Int) -> Tensor { flipped(dims: [dim]) }

  /// The elements moved by `shift` places along one dimension, round the end (`torch.roll`).
  public func rolled(_ shift: Int, dim: Int) -> Tensor { rolled([shift], dims: [dim]) }

  /// The elements moved by `shifts` places along each dimension, round the end (`torch.roll`); over
  /// the flattened tensor where no dimension is given.
  public func rolled(_ shifts: [Int], dims: [Int] = []) -> Tensor {
    if dims.isEmpty { return flattened().rolled(shifts, dims: [0]).reshaped(shape) }
    require(
      shifts.count == dims.count, "roll", "\(shifts.count) shifts for \(dims.count) dimensions")
    var places = [Int](repeating: 0, count: rank)
    for (shift, dim) in zip(shifts, dims) { places[normalized(dim: dim, "roll")] += shift }
    return Tensor.record(Roll(shifts: places), [self])
  }

  /// Two dimensions turned by `turns` quarters of a circle, from the first towards the second
  /// (`torch.rot90`).
  public func rot90(_ turns: Int = 1, dims: [Int] = [0, 1]) -> Tensor {
    require(dims.count == 2, "rot90", "a plane has two dimensions, not \(dims)")
    let plane = dims.map { normalized(dim: $0, "rot90") }
    require(plane[0] != plane[1] && rank >= 2, "rot90", "\(dims) is no plane of \(shape)")
    switch ((turns % 4) + 4) % 4 {
    case 1: return flipped(dims: [plane[1]]).transposed(plane[0], plane[1])
    case 2: return flipped(dims: plane)
    case 3: return flipped(dims: [plane[0]]).transposed(plane[0], plane[1])
    default: return self
    }
  }

  /// One dimension moved to another place, the rest keeping their order (`torch.movedim`).
  public func movedim(_ from: Int, _ to: Int) -> Tensor { movedim([from], [to]) }

  /// Dimensions moved to other places, the rest keeping their order (`torch.movedim`).
  public func movedim(_ from: [Int], _ to: [Int]) -> Tensor {
    require(from.count == to.count, "movedim", "\(from) and \(to) differ in length")
    let sources = from.map { normalized(dim: $0, "movedim") }
    let targets = to.map { normalized(dim: $0, "movedim") }
    require(
      Set(sources).count == sources.count && Set(targets).count == targets.count, "movedim",
      "a dimension is named twice: \(from) to \(to)")
    if rank == 0 { return self }
    var order = [Int](repeating: -1, count: rank)
    for (source, target) in zip(sources, targets) { order[target] = source }
    var rest = (0..<rank).filter { !sources.contains($0) }[...]
    for place in order.indices where order[place] < 0 { order[place] = rest.removeFirst() }
    return permuted(order)
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

  /// A view of at least so many dimensions, as NumPy's `atleast_1d`, `atleast_2d`, `atleast_3d`.
  public func atLeast(rank least: Int) -> Tensor {
    switch (least, rank) {
    case (1..., 0): reshaped([Int](repeating: 1, count: least))
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
}

/// Dimensions in reverse.
private struct Flip: TensorOperation {
  let dims: [Int]
  var name: String { "flip" }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.flip(inputs[0], dims) }
  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] { [g.flipped(dims: dims)] }
}

/// Elements moved along each dimension, round the end.
private struct Roll: TensorOperation {
  let shifts: [Int]
  var name: String { "roll" }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.roll(inputs[0], shifts) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [g.rolled(shifts.map { -$0 }, dims: Array(shifts.indices))]
  }
}
