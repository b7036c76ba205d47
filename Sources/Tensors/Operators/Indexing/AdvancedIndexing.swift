import CKernels

/// Indexing by tensors: `x[rows, columns]`, masks, and their gradients.
extension Tensor {
  /// How many elements are not 0.
  var nonzeroCount: Int {
    Int(
      withInts(shape, strides) { torus_nonzero_count(dtype.c, Int32(rank), $0, pointer, $1) })
  }

  /// The coordinates of the non-zero elements in row-major order, `[count, rank]`, int64
  /// (`torch.nonzero`).
  public func nonzero() -> Tensor {
    Tensor.record(Nonzero(), [self])
  }

  /// The coordinates of the non-zero elements, one vector a dimension, as they stand in a subscript
  /// (`torch.nonzero` with `as_tuple`). A scalar tensor counts as a vector.
  public func nonzeroCoordinates() -> [Tensor] {
    atLeast(dims: 1).nonzero().unbind(dim: 1)
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

  func forward(_ inputs: [Tensor]) -> Tensor {
    let a = inputs[0]
    let out = Tensor.uninitialized([a.nonzeroCount, a.rank], .int64)
    Kernel.check(
      withInts(a.shape, a.strides) {
        torus_nonzero(
          a.dtype.c, Int32(a.rank), $0, a.pointer, $1,
          out.pointer.assumingMemoryBound(to: Int64.self))
      }, name, a.dtype)
    return out
  }
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
    let out = Tensor.uninitialized(plan.resultShape, data.dtype)
    plan.run(data: data, other: out, name) { indexing, bad, position in
      torus_index_get(data.dtype.c, indexing, data.pointer, out.pointer, bad, position)
    }
    return out
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
    plan.run(data: data, other: expanded, name) { indexing, bad, position in
      torus_index_put(
        accumulate ? TORUS_WRITE_ADD : TORUS_WRITE_SET, wide.c, indexing, data.pointer,
        expanded.pointer, bad, position)
    }
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

/// What the indexing kernels need to know, by PyTorch's rule: where the index tensors stand side by
/// side, the result's index dimensions take their place, else they come first.
struct IndexingPlan {
  let resultShape: [Int]
  private let indexed: [Int]
  private let sliced: [Int]
  private let tensors: [Tensor]
  private let indexShape: [Int]
  private let indexPosition: Int

  init(data: Tensor, tensors: [Tensor?]) {
    let indexed = tensors.indices.filter { tensors[$0] != nil }
    let sliced = (0..<data.rank).filter { !tensors.indices.contains($0) || tensors[$0] == nil }
    let given = tensors.compactMap { $0 }
    let adjacent = zip(indexed, indexed.dropFirst()).allSatisfy { $1 == $0 + 1 }
    let position = adjacent ? sliced.filter { $0 < (indexed.first ?? 0) }.count : 0
    let indexShape = broadcastShape(given.map(\.shape), "index")
    var shape = sliced.map { data.shape[$0] }
    shape.insert(contentsOf: indexShape, at: position)
    self.indexed = indexed
    self.sliced = sliced
    self.tensors = given
    self.indexShape = indexShape
    indexPosition = position
    resultShape = shape
  }

  /// Describes the work to C and stops with a message on an index out of range.
  func run(
    data: Tensor, other: Tensor, _ name: String,
    _ body: (
      UnsafePointer<torus_indexing>, UnsafeMutablePointer<Int64>, UnsafeMutablePointer<Int32>
    )
      -> torus_status
  ) {
    let n = indexShape.count
    let sizes = indexed.map { Int64(data.shape[$0]) }
    let dataStrides = indexed.map { Int64(data.strides[$0]) }
    let pointers: [UnsafePointer<Int64>?] = tensors.map {
      UnsafePointer($0.pointer.assumingMemoryBound(to: Int64.self))
    }
    let indexStrides = tensors.flatMap { $0.broadcastStrides(to: indexShape).map(Int64.init) }
    let shape = indexShape.map(Int64.init)
    let sliceShape = sliced.map { Int64(data.shape[$0]) }
    let sliceStrides = sliced.map { Int64(data.strides[$0]) }
    let otherIndex = other.strides[indexPosition..<(indexPosition + n)].map(Int64.init)
    var otherSlice = other.strides.map(Int64.init)
    otherSlice.removeSubrange(indexPosition..<(indexPosition + n))
    var bad: Int64 = 0
    var position: Int32 = 0
    let status = pointers.withUnsafeBufferPointer { pointers in
      withSlices(
        [sizes, dataStrides, indexStrides, shape, sliceShape, sliceStrides, otherIndex, otherSlice]
      ) { c in
        var indexing = torus_indexing(
          count: Int32(indexed.count), sizes: c[0], data_strides: c[1],
          indices: pointers.baseAddress, indices_strides: c[2], index_rank: Int32(n),
          index_shape: c[3], slice_rank: Int32(sliced.count), slice_shape: c[4],
          slice_data_strides: c[5], other_index_strides: c[6], other_slice_strides: c[7])
        return body(&indexing, &bad, &position)
      }
    }
    withExtendedLifetime(tensors) {}
    if status == TORUS_INDEX_OUT_OF_RANGE {
      let dim = indexed[Int(position)]
      fail(
        name, "index \(bad) is out of range for dimension \(dim) of size \(data.shape[dim])")
    }
    Kernel.check(status, name, data.dtype)
  }

  /// Several arrays as pointers into one block.
  private func withSlices<R>(_ arrays: [[Int64]], _ body: ([UnsafePointer<Int64>]) -> R) -> R {
    let all = Array(arrays.joined()) + [0]
    return all.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return body([]) }
      var start = 0
      let pointers = arrays.map { array in
        defer { start += array.count }
        return base + start
      }
      return body(pointers)
    }
  }
}
