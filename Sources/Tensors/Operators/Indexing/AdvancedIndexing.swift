/// Indexing by tensors: `x[rows, columns]`, masks, and their gradients.
extension Tensor {
  /// How many elements are not 0.
  var nonzeroCount: Int {
    Watchers.read(self)
    return Kernel.nonzeroCount(self)
  }

  /// The coordinates of the non-zero elements in row-major order, `[count, rank]`, int64
  /// (`torch.nonzero`).
  public func nonzero() -> Tensor {
    Tensor.record(Nonzero(), [self])
  }

  /// The coordinates of the non-zero elements, one vector a dimension, as they stand in a subscript
  /// (`torch.nonzero` with `as_tuple`). A scalar tensor counts as a vector.
  public func nonzeroCoordinates() -> [Tensor] {
    atLeast(rank: 1).nonzero().unbind(dim: 1)
  }

  /// Elements at the index tensors, which stand at the dimensions they index.
  func gathered(_ tensors: [Tensor?]) -> Tensor {
    Tensor.record(IndexGet(indexed: tensors.map { $0 != nil }), [self] + tensors.compactMap { $0 })
  }

  /// This tensor with `values` (broadcast) written, or added, at the index tensors
  /// (`torch.index_put`); nil stands for a whole dimension.
  ///
  /// Where indices repeat, additions all count, and of writes the last one stays. Half precision is
  /// added up in `float32` and rounded once.
  public func indexPut(_ indices: [Tensor?], values: Tensor, accumulate: Bool = false) -> Tensor {

    var tensors: [Tensor?] = []
    for index in indices {
      if let index, index.dtype == .bool {
        requireFits(index, at: tensors.count, "index_put")
        tensors += index.nonzeroCoordinates() as [Tensor?]
      } else {
        tensors.append(index?.positions("index_put"))
      }
    }
    require(
      tensors.count <= rank, "index_put", "\(tensors.count) indices for a tensor of \(shape)")
    return indexPut(tensors, values, accumulate: accumulate)
  }

  /// Stops unless a mask has the sizes of the dimensions from `dim` on.
  func requireFits(_ mask: Tensor, at dim: Int, _ name: String) {
    require(
      dim + mask.rank <= rank && mask.shape == Array(shape[dim..<(dim + mask.rank)]), name,
      "a mask of \(mask.shape) does not fit \(shape) from dimension \(dim) on")
  }

  /// - Parameter part: The views that lead to the part which the tensors index.
  func indexPut(
    _ tensors: [Tensor?], _ values: Tensor, accumulate: Bool, part: [any ViewOperation] = []
  ) -> Tensor {
    let operation = IndexPut(
      indexed: tensors.map { $0 != nil }, accumulate: accumulate, part: part)
    return Tensor.record(operation, [self, values] + tensors.compactMap { $0 })
  }
}

/// The coordinates of the non-zero elements.
private struct Nonzero: ConstantOperation {
  var name: String { "nonzero" }

  func forward(_ inputs: [Tensor]) -> Tensor { Kernel.nonzero(inputs[0]) }
}

/// Index tensors among an operation's operands: which dimensions they index.
private protocol IndexedOperation: Operation {
  /// Whether a tensor indexes each dimension, from the first on.
  var indexed: [Bool] { get }
}

extension IndexedOperation {
  /// The index tensors at their dimensions, from the operands that hold them.
  func tensors(_ operands: some Sequence<Tensor>) -> [Tensor?] {
    var rest = Array(operands)[...]
    return indexed.map { $0 ? rest.popFirst() : nil }
  }
}

/// Elements at index tensors: operands are the data and the tensors.
private struct IndexGet: TensorOperation, IndexedOperation {
  let indexed: [Bool]
  var name: String { "index" }
  var saving: Saving { .inputs(from: 1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let data = inputs[0]
    let plan = IndexingPlan(data: data, tensors: tensors(inputs.dropFirst()))
    return plan.get(data, name)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let count = indexed.count { $0 }
    let tensors = tensors((1...count).map { node.input($0) })
    return [Tensor.zeros(node.shape(0), dtype: g.dtype).indexPut(tensors, g, accumulate: true)]
      + [Tensor?](repeating: nil, count: count)
  }
}

/// A copy of the data with values at index tensors: operands are the data, the values, the tensors.
private struct IndexPut: TensorOperation, IndexedOperation {
  let indexed: [Bool]
  let accumulate: Bool
  let part: [any ViewOperation]
  var precision: PrecisionClass { .widest }
  var name: String { "index_put" }
  var saving: Saving { .inputs(from: 2) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let dtype = inputs[0].dtype
    require(
      inputs[1].dtype == dtype, name, "values of \(inputs[1].dtype) for a tensor of \(dtype)")
    // Half precision is added up in float32 and rounded once.
    let wide: DType = accumulate && dtype.isHalf ? .float32 : dtype
    let copy = inputs[0].bare.to(wide).copied()
    let data = part.bare(of: copy)
    let plan = IndexingPlan(data: data, tensors: tensors(inputs.dropFirst(2)))
    require(
      broadcastShape(inputs[1].shape, plan.resultShape) == plan.resultShape, name,
      "values of \(inputs[1].shape) do not broadcast to \(plan.resultShape)")
    let expanded = noGrad { inputs[1].bare.to(wide).expanded(plan.resultShape) }
    plan.put(expanded, into: data, accumulate: accumulate, name)
    return copy.to(dtype)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let count = indexed.count { $0 }
    let tensors = tensors((0..<count).map { node.input(2 + $0) })
    let zero = Tensor.full([], 0.0, dtype: g.dtype)
    let gradients: [Tensor?] = [
      !node.needsGradient(0)
        ? nil : accumulate ? g : g.indexPut(tensors, zero, accumulate: false, part: part),
      node.needsGradient(1) ? part.recorded(of: g).gathered(tensors) : nil,
    ]
    return gradients + [Tensor?](repeating: nil, count: count)
  }
}
