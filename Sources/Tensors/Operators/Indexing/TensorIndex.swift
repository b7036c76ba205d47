/// One entry between a subscript's brackets.
///
/// `x[0]`, `x[1..<3]`, `x[.all, 2]`, `x[.ellipsis, .newAxis]`, `x[.slice(0, 10, step: 2)]`,
/// `x[mask]`, `x[rows, columns]` mean what they mean in PyTorch.
public enum TensorIndex {
  /// One position; the dimension goes away. Negative positions count from the end.
  case at(Int)
  /// Every `step`-th position from `from` below `to`; nil stands for the dimension's own bounds.
  case range(from: Int?, to: Int?, step: Int)
  /// As many whole dimensions as are left over: `.ellipsis`.
  case remaining
  /// A new dimension of size 1: `.newAxis`.
  case inserted
  /// Positions by an integer tensor, or by a bool tensor that covers as many dimensions as it has.
  case tensor(Tensor)
}

/// What may stand between a subscript's brackets: `Int`, ranges, tensors, ``TensorIndex``.
public protocol TensorIndexConvertible {
  /// The entry.
  var tensorIndex: TensorIndex { get }
}

extension TensorIndex: TensorIndexConvertible {
  /// Itself.
  public var tensorIndex: TensorIndex { self }
}
extension TensorIndexConvertible where Self == TensorIndex {
  /// A whole dimension, `:` in Python.
  public static var all: TensorIndex { .range(from: nil, to: nil, step: 1) }
  /// As many whole dimensions as are left over, `...` in Python.
  public static var ellipsis: TensorIndex { .remaining }
  /// A new dimension of size 1, `None` in Python.
  public static var newAxis: TensorIndex { .inserted }
  /// Every `step`-th position from `from` below `to`, `from:to:step` in Python.
  public static func slice(_ from: Int? = nil, _ to: Int? = nil, step: Int = 1) -> TensorIndex {
    .range(from: from, to: to, step: step)
  }
}
extension Int: TensorIndexConvertible {
  /// One position.
  public var tensorIndex: TensorIndex { .at(self) }
}
extension Range<Int>: TensorIndexConvertible {
  /// The positions of the range.
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: upperBound, step: 1) }
}
extension ClosedRange<Int>: TensorIndexConvertible {
  /// The positions of the range, the upper bound included.
  public var tensorIndex: TensorIndex {
    .range(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1, step: 1)
  }
}
extension PartialRangeFrom<Int>: TensorIndexConvertible {
  /// From a position to the end; negative positions count from there.
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: nil, step: 1) }
}
extension PartialRangeUpTo<Int>: TensorIndexConvertible {
  /// Up to a position, which is left out.
  public var tensorIndex: TensorIndex { .range(from: nil, to: upperBound, step: 1) }
}
extension PartialRangeThrough<Int>: TensorIndexConvertible {
  /// Up to a position, which is included.
  public var tensorIndex: TensorIndex {
    .range(from: nil, to: upperBound == -1 ? nil : upperBound + 1, step: 1)
  }
}
extension Tensor: TensorIndexConvertible {
  /// Positions by a tensor.
  public var tensorIndex: TensorIndex { .tensor(self) }
}

/// What a list of positions between a subscript's brackets holds: `Int`s, truth values, or lists of
/// them.
public protocol IndexElement: TensorElements {}

extension Int: IndexElement {}
extension Bool: IndexElement {}

extension Array: IndexElement where Element: IndexElement {}
extension Array: TensorIndexConvertible where Element: IndexElement {
  /// Positions by a list, or a mask of truth values, as by a tensor of them: `x[[0, 2]]`.
  public var tensorIndex: TensorIndex {
    var leaves: [Element.Leaf] = []
    append(to: &leaves, sizes: listSizes[...])
    // An empty list holds no positions.
    let positions = Tensor(leaves, shape: listSizes)
    return .tensor(positions.dtype == .bool ? positions : positions.to(.int64))
  }
}

extension Tensor {
  // One subscript for each number of indices: with a parameter pack, whose setter the compiler does
  // not take yet, or an existential, `.all` could not stand for itself.

  /// Parts of the tensor by position, range and tensor, as in PyTorch; assignment gives this value
  /// new elements there and leaves other copies alone. Both are differentiable.
  public subscript<A: TensorIndexConvertible>(_ a: A) -> Tensor {
    get { indexed([a.tensorIndex]) }
    set { self = assigning(newValue, at: [a.tensorIndex]) }
  }

  /// Parts of the tensor by two indices.
  public subscript<A: TensorIndexConvertible, B: TensorIndexConvertible>(_ a: A, _ b: B) -> Tensor {
    get { indexed([a.tensorIndex, b.tensorIndex]) }
    set { self = assigning(newValue, at: [a.tensorIndex, b.tensorIndex]) }
  }

  /// Parts of the tensor by three indices.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C) -> Tensor {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex]) }
    set { self = assigning(newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex]) }
  }

  /// Parts of the tensor by four indices.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D) -> Tensor {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex]) }
    set {
      self = assigning(newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex])
    }
  }

  /// Parts of the tensor by five indices.
  public subscript<
    A: TensorIndexConvertible, B: TensorIndexConvertible, C: TensorIndexConvertible,
    D: TensorIndexConvertible, E: TensorIndexConvertible
  >(_ a: A, _ b: B, _ c: C, _ d: D, _ e: E) -> Tensor {
    get { indexed([a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex, e.tensorIndex]) }
    set {
      self = assigning(
        newValue, at: [a.tensorIndex, b.tensorIndex, c.tensorIndex, d.tensorIndex, e.tensorIndex])
    }
  }

  /// The part that a list of indices picks: `subscript` for lists made at run time.
  public func indexed(_ indices: [TensorIndex]) -> Tensor {
    let (view, tensors) = basicIndexed(indices)
    return tensors.contains { $0 != nil } ? view.gathered(tensors) : view
  }

  /// This tensor with other elements in the part that the indices pick. Values broadcast; dimensions of size 1
  /// that they have in front, more than the part has, count for nothing, as in PyTorch.
  public func assigning(_ value: Tensor, at indices: [TensorIndex]) -> Tensor {
    let ((picked, tensors), part) = views { $0.basicIndexed(indices) }
    let positions = tensors.compactMap { $0 }
    let rank = picked.rank - positions.count + (positions.map(\.rank).max() ?? 0)
    let value = value.to(dtype).withoutLeadingOnes(above: rank)
    if !positions.isEmpty {
      return replaced(by: indexPut(tensors, value, accumulate: false, part: part))
    }
    require(
      broadcastShape(value.shape, picked.shape) == picked.shape, "assignment",
      "values of \(value.shape) do not fill a part of \(picked.shape)")
    return replaced(by: overwritten("index_assign", by: value, part: part))
  }

  /// This tensor without dimensions of size 1 in front, as long as it has more than `rank` dimensions.
  private func withoutLeadingOnes(above rank: Int) -> Tensor {
    let extra = shape.prefix(Swift.max(self.rank - rank, 0)).prefix { $0 == 1 }.count
    return extra == 0 ? self : reshaped(Array(shape.dropFirst(extra)))
  }

  /// A row-major copy outside the graph.
  func copied() -> Tensor {
    let out = Tensor.uninitialized(shape, dtype)
    Kernel.copy(self, into: out)
    return out
  }

  /// Positions, ranges and new axes applied as a view; index tensors stand at the dimension they
  /// index in the second result.
  func basicIndexed(_ indices: [TensorIndex]) -> (view: Tensor, tensors: [Tensor?]) {
    let consumed = indices.reduce(0) { total, index in
      switch index {
      case .at, .range: total + 1
      case .tensor(let mask) where mask.dtype == .bool: total + mask.rank
      case .tensor: total + 1
      case .remaining, .inserted: total
      }
    }
    require(
      consumed <= rank, "subscript", "\(consumed) indices for a tensor of \(rank) dimensions")
    var view = self
    var tensors: [Tensor?] = []
    var sawEllipsis = false
    for index in indices {
      let dim = tensors.count
      switch index {
      case .at(let position):
        view = view.select(dim: dim, index: position)
      case .range(let from, let to, let step):
        view = view.sliced(dim: dim, from: from ?? 0, to: to ?? .max, step: step)
        tensors.append(nil)
      case .inserted:
        view = view.unsqueezed(dim)
        tensors.append(nil)
      case .remaining:
        require(!sawEllipsis, "subscript", "an index can have only one ellipsis")
        sawEllipsis = true
        tensors += [Tensor?](repeating: nil, count: rank - consumed)
      case .tensor(let mask) where mask.dtype == .bool:
        view.requireFits(mask, at: dim, "subscript")
        if mask.rank == 0 { view = view.unsqueezed(dim) }
        tensors += mask.nonzeroCoordinates() as [Tensor?]
      case .tensor(let position) where position.rank == 0:
        view = view.select(dim: dim, index: position.positions("subscript").item(Int.self))
      case .tensor(let positions):
        tensors.append(positions.positions("subscript"))
      }
    }
    return (view, tensors)
  }
}
